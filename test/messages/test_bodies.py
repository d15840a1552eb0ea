"""Frames and REP-155's bodies; hri_msgs and tf2_msgs have no wheels, so these are of stand-ins (support.stand_ins)."""

import numpy as np
import pytest
from scipy.spatial.transform import Rotation
from support.room import rig, seen, standing
from support.stand_ins import message_class

from orpose_models.fusion.fuser import Fuser
from orpose_models.messages.bodies import (
    bodies_messages,
    body_id,
    facing,
    ids_message,
    poses_transforms_message,
    room_transforms_message,
)
from orpose_models.messages.fields import make_header
from orpose_models.vocabulary.poses import Poses
from orpose_models.vocabulary.skeletons import COCO17, COCO17_TO_H36M17, H36M17

HEADER = make_header(5, "room", message_class)


@pytest.mark.parametrize(("source", "name"), [("room", "room_3"), ("orpose/left", "orpose_left_3"), ("", "3")])
def test_an_id_is_of_its_source(source: str, name: str) -> None:
    assert body_id(source, 3) == name


@pytest.mark.parametrize("yaw", [0.0, 0.7, 3.0])
def test_a_body_looks_along_x(yaw: float) -> None:
    joints = COCO17_TO_H36M17.points(standing(0, 0, yaw)[None])[0]
    turn = facing(joints)
    np.testing.assert_allclose(turn.T @ turn, np.eye(3), atol=1e-9)
    np.testing.assert_allclose(turn[:, 0], [np.cos(yaw), np.sin(yaw), 0], atol=0.06)
    np.testing.assert_allclose(turn[:, 2], [0, 0, 1], atol=0.06)


def test_a_body_of_one_point_is_not_turned() -> None:
    np.testing.assert_array_equal(facing(np.ones((17, 3))), np.eye(3))


def test_a_room_s_frames() -> None:
    cameras, person = rig(3), standing(0.2, 0.1, 0.5)
    persons = Fuser(cameras).update([seen(view, [person]) for view in cameras], 0.0)
    message = room_transforms_message(persons, "room", HEADER, message_class)
    number = int(persons.ids[0])
    frames = {one.child_frame_id: one for one in message.transforms}
    assert set(frames) == {f"{part}_room_{number}" for part in ("body", "head", "left_wrist", "right_wrist")}
    assert {one.header.frame_id for one in message.transforms} == {"room"}
    t = frames[f"left_wrist_room_{number}"].transform.translation
    np.testing.assert_allclose([t.x, t.y, t.z], persons.joints[0, H36M17.index("left_wrist")])
    q = frames[f"body_room_{number}"].transform.rotation
    turn = Rotation.from_quat([q.x, q.y, q.z, q.w]).as_matrix()
    np.testing.assert_allclose(turn[:, 0], [np.cos(0.5), np.sin(0.5), 0], atol=0.1)


def test_a_part_that_nobody_sees_has_no_frame() -> None:
    cameras, person = rig(3), standing(0.2, 0.1)
    views = [seen(view, [person]) for view in cameras]
    wrist = COCO17.index("left_wrist")
    for poses in views:
        poses.keypoint_scores[:, wrist] = 0
    message = room_transforms_message(Fuser(cameras).update(views, 0.0), "room", HEADER, message_class)
    names = [one.child_frame_id for one in message.transforms]
    assert not any(name.startswith("left_wrist") for name in names)
    assert any(name.startswith("right_wrist") for name in names)


def test_a_camera_s_frames_are_of_those_with_an_id_and_a_place() -> None:
    view = rig(3)[0]
    poses = seen(view, [standing(0, 0), standing(0.8, 0.5), standing(-0.6, 0)]).with_arrays(ids=np.array([4, -1, 6]))
    root = poses.root.copy()
    root[2] = np.nan
    message = poses_transforms_message(poses.with_arrays(root=root), "orpose/left", HEADER, message_class)
    assert {one.child_frame_id for one in message.transforms} == {
        f"{part}_orpose_left_4" for part in ("body", "head", "left_wrist", "right_wrist")
    }
    t = message.transforms[0].transform.translation
    np.testing.assert_allclose([t.x, t.y, t.z], poses.root[0], rtol=1e-6)


def test_bodies_are_in_shares_of_the_image() -> None:
    keypoints = np.zeros((1, 17, 2))
    keypoints[0, COCO17.index("left_shoulder")] = 100, 60
    keypoints[0, COCO17.index("right_shoulder")] = 60, 80
    scores = np.zeros((1, 17))
    scores[0, [5, 6]] = 0.9, 0.5
    poses = Poses.from_arrays([(-10, 20, 50, 100)], [0.75], keypoints, scores, ids=[4])
    ((name, roi, skeleton),) = bodies_messages(poses, (200, 100), "orpose", HEADER, message_class)
    assert name == "orpose_4"
    assert (roi.xmin, roi.ymin, roi.xmax, roi.ymax, roi.c) == (0, 0.2, 0.25, 1.0, 0.75)
    points = [(round(p.x, 6), round(p.y, 6), round(p.c, 6)) for p in skeleton.skeleton]
    assert len(points) == 18
    assert points[2] == (0.3, 0.8, 0.5)  # the right shoulder
    assert points[5] == (0.5, 0.6, 0.9)
    assert points[1] == (0.4, 0.7, 0.5)  # the neck
    assert [points[k] for k in range(18) if k not in (1, 2, 5)] == [(0, 0, 0)] * 15


def test_whoever_has_no_id_is_no_body() -> None:
    poses = Poses.from_arrays([(0, 0, 5, 5), (1, 1, 5, 5)], [0.7, 0.8], ids=[-1, 2])
    assert [name for name, _, _ in bodies_messages(poses, (10, 10), "orpose", HEADER, message_class)] == ["orpose_2"]
    message = ids_message(poses.ids, "orpose", HEADER, message_class)
    assert (message.ids, message.header.frame_id) == (["orpose_2"], "room")
