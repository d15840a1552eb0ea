"""Detections of vision_msgs; the package has no wheel, so these are of stand-ins of its public definitions."""

from dataclasses import replace

import numpy as np
from support.room import rig, seen, standing
from support.stand_ins import message_class

from orpose_models.fusion.fuser import Fuser
from orpose_models.messages.fields import make_header, stamp_of
from orpose_models.messages.vision_detections import (
    detections2d_message,
    detections3d_message,
    room_detections3d_message,
)
from orpose_models.vocabulary.poses import Poses

HEADER = make_header(12_000_000_345, "cam1_optical", message_class)
CAMERA = rig(3)[0]
PEOPLE = seen(CAMERA, [standing(0, 0), standing(0.8, 0.5)]).with_arrays(ids=np.array([4, -1]))


def test_boxes_are_centre_and_size_in_pixels() -> None:
    poses = Poses.from_arrays([(10, 20, 50, 100)], [0.75], ids=[4])
    message = detections2d_message(poses, HEADER, message_class)
    assert (message.header.frame_id, stamp_of(message.header)) == ("cam1_optical", 12_000_000_345)
    (detection,) = message.detections
    assert (detection.id, stamp_of(detection.header)) == ("4", 12_000_000_345)
    box = detection.bbox
    assert (box.center.position.x, box.center.position.y, box.center.theta) == (30, 60, 0)
    assert (box.size_x, box.size_y) == (40, 80)
    (result,) = detection.results
    assert (result.hypothesis.class_id, result.hypothesis.score) == ("person", 0.75)


def test_nobody_is_an_empty_message() -> None:
    for make in (detections2d_message, detections3d_message):
        assert make(Poses.empty(), HEADER, message_class).detections == []


def test_an_untracked_person_has_an_empty_id() -> None:
    assert [one.id for one in detections2d_message(PEOPLE, HEADER, message_class).detections] == ["4", ""]


def test_in_space_the_box_holds_all_joints() -> None:
    detection = detections3d_message(PEOPLE, HEADER, message_class).detections[0]
    joints = PEOPLE.root[0] + PEOPLE.joints3d[0]
    centre, size = detection.bbox.center.position, detection.bbox.size
    np.testing.assert_allclose([size.x, size.y, size.z], np.ptp(joints, axis=0), atol=1e-5)
    middle = (joints.min(axis=0) + joints.max(axis=0)) / 2
    np.testing.assert_allclose([centre.x, centre.y, centre.z], middle, atol=1e-5)
    pelvis = detection.results[0].pose
    at = pelvis.pose.position
    np.testing.assert_allclose([at.x, at.y, at.z], PEOPLE.root[0], atol=1e-6)
    covariance = np.reshape(pelvis.covariance, (6, 6))
    np.testing.assert_allclose(covariance[:3, :3], float(PEOPLE.root_std[0]) ** 2 * np.eye(3), rtol=1e-6)
    assert not covariance[3:].any()


def test_the_covariance_of_the_motion_outweighs_the_roots() -> None:
    motion = np.full((2, 6, 6), np.nan)
    motion[0] = np.diag([1, 2, 3, 4, 5, 6])
    detections = detections3d_message(PEOPLE.with_arrays(motion_cov=motion), HEADER, message_class).detections
    assert np.reshape(detections[0].results[0].pose.covariance, (6, 6))[2, 2] == 3
    plain = float(PEOPLE.root_std[1]) ** 2
    np.testing.assert_allclose(np.reshape(detections[1].results[0].pose.covariance, (6, 6))[2, 2], plain, rtol=1e-6)


def test_whose_place_is_unknown_is_left_out_in_space() -> None:
    root = PEOPLE.root.copy()
    root[0] = np.nan
    detections = detections3d_message(PEOPLE.with_arrays(root=root), HEADER, message_class).detections
    assert [one.id for one in detections] == [""]


def test_a_room_s_persons() -> None:
    cameras = rig(3)
    persons = Fuser(cameras).update([seen(view, [standing(0.2, 0.1)]) for view in cameras], 0.0)
    persons = replace(persons, ids=np.array([8]))
    header = make_header(5, "room", message_class)
    (detection,) = room_detections3d_message(persons, header, message_class).detections
    assert (detection.id, detection.header.frame_id) == ("8", "room")
    at = detection.results[0].pose.pose.position
    np.testing.assert_allclose([at.x, at.y, at.z], persons.joints[0, 0])
    covariance = np.reshape(detection.results[0].pose.covariance, (6, 6))[:3, :3]
    np.testing.assert_allclose(covariance, persons.covariances[0, 0])
    assert 1.3 < detection.bbox.size.z < 1.9
