import numpy as np
import pytest

from orpose_models.lifting.placing import NOMINAL_DEPTH, nominal_roots
from orpose_models.vocabulary.cameras import Camera
from orpose_models.vocabulary.poses import Poses
from orpose_models.vocabulary.skeletons import COCO17, H36M17

pytest.importorskip("visualization_msgs", reason="the markers' messages need a ROS environment")
from std_msgs.msg import Header
from visualization_msgs.msg import Marker, MarkerArray

from orpose_ros.markers import NOMINAL_ALPHA, pose_markers

SIZE = (640, 480)
CAMERA = Camera(640, 480, 500.0, 500.0, 319.5, 239.5)


def person(root: tuple | None = (0.5, 0.0, 4.0), person_id: int = 7, seen: float = 0.9) -> Poses:
    """Somebody whose pelvis is seen at the image's centre, with joint j at (0.01 j, 0.02 j, 0)."""
    joints = np.arange(17)[:, None] * np.array([0.01, 0.02, 0.0])
    return Poses.from_arrays(
        [(270, 140, 370, 340)],
        [0.8],
        np.full((1, 17, 2), (320.0, 240.0)),
        np.full((1, 17), seen),
        joints3d=joints[None],
        root=None if root is None else [root],
        root_std=None if root is None else [0.1],
        ids=[person_id],
    )


def markers(poses: Poses, **changes) -> MarkerArray:
    settings = {"namespace": "orpose/left", "keypoint_threshold": 0.3, "lifetime": 0.5, "boxes": False}
    header = Header(frame_id="camera_optical")
    header.stamp.sec = 12
    return pose_markers(poses, nominal_roots(poses, SIZE, CAMERA), header, CAMERA, **(settings | changes))


def by_part(message: MarkerArray) -> dict[str, Marker]:
    return {marker.ns.removeprefix("orpose/left/"): marker for marker in message.markers}


def xyz(points) -> np.ndarray:
    return np.array([(p.x, p.y, p.z) for p in points])


def test_nobody_gives_no_marker() -> None:
    assert list(markers(Poses.empty(), boxes=True).markers) == []


def test_every_marker_has_header_id_lifetime_and_a_valid_orientation() -> None:
    message = markers(person(), boxes=True)
    assert [m.ns for m in message.markers] == [f"orpose/left/{part}" for part in ("joints", "bones", "ids", "boxes")]
    for marker in message.markers:
        assert (marker.header.frame_id, marker.header.stamp.sec) == ("camera_optical", 12)
        assert (marker.id, marker.action, marker.pose.orientation.w) == (7, Marker.ADD, 1.0)
        assert (marker.lifetime.sec, marker.lifetime.nanosec) == (0, 500_000_000)


def test_lifetimes_above_a_second() -> None:
    lifetime = markers(person(), lifetime=2.25).markers[0].lifetime
    assert (lifetime.sec, lifetime.nanosec) == (2, 250_000_000)


def test_joints_and_bones_stand_at_the_measured_root() -> None:
    parts = by_part(markers(person()))
    expected = np.arange(17)[:, None] * np.array([0.01, 0.02, 0.0]) + [0.5, 0, 4]
    assert parts["joints"].type == Marker.SPHERE_LIST
    np.testing.assert_allclose(xyz(parts["joints"].points), expected, atol=1e-6)
    assert parts["bones"].type == Marker.LINE_LIST
    np.testing.assert_allclose(xyz(parts["bones"].points), expected[np.ravel(H36M17.edges)], atol=1e-6)
    assert len(parts["joints"].colors) == len(parts["joints"].points) == 17
    assert len(parts["bones"].colors) == len(parts["bones"].points) == 32
    assert {c.a for c in parts["joints"].colors} == {1.0}


def test_left_is_orange_and_right_is_blue() -> None:
    colours = by_part(markers(person()))["joints"].colors
    left, right = colours[H36M17.index("left_wrist")], colours[H36M17.index("right_wrist")]
    assert left.r > left.g > left.b
    assert right.b > right.g > right.r


def test_without_a_measured_root_a_person_stands_translucent_at_the_nominal_depth() -> None:
    parts = by_part(markers(person(root=None)))
    np.testing.assert_allclose(xyz(parts["joints"].points)[0], (0, 0, NOMINAL_DEPTH), atol=1e-6)
    assert {round(c.a, 3) for c in parts["bones"].colors} == {NOMINAL_ALPHA}


def test_unseen_joints_and_their_bones_are_left_out() -> None:
    poses = person()
    poses.keypoint_scores[0, COCO17.index("left_wrist")] = 0.1
    parts = by_part(markers(poses))
    assert len(parts["joints"].points) == 16
    assert len(parts["bones"].points) == 30


def test_a_person_of_whom_nothing_is_seen_gives_only_a_box_on_request() -> None:
    assert list(markers(person(seen=0.0)).markers) == []
    assert list(by_part(markers(person(seen=0.0), boxes=True))) == ["boxes"]


def test_joints_that_are_not_known_in_space_are_left_out() -> None:
    poses = person()
    poses.joints3d[0, 10] = np.nan
    assert len(by_part(markers(poses))["joints"].points) == 16
    poses.joints3d[0] = np.nan
    assert list(markers(poses).markers) == []


def test_the_id_stands_above_the_highest_joint() -> None:
    text = by_part(markers(person()))["ids"]
    assert (text.type, text.text) == (Marker.TEXT_VIEW_FACING, "7")
    position = text.pose.position
    np.testing.assert_allclose((position.x, position.y, position.z), (0.5, -0.2, 4.0), atol=1e-6)


def test_the_box_is_at_the_depth_of_the_pelvis() -> None:
    box = xyz(by_part(markers(person(), boxes=True))["boxes"].points)
    assert len(box) == 8
    np.testing.assert_allclose(box[:, 2], 4.0)
    np.testing.assert_allclose(CAMERA.project(box[::2]), [(270, 140), (370, 140), (370, 340), (270, 340)], atol=1e-4)


def test_untracked_persons_have_distinct_ids_and_no_text() -> None:
    both = Poses.concatenate([person(person_id=-1), person(person_id=-1)])
    message = markers(both)
    assert [(m.ns.rsplit("/", 1)[1], m.id) for m in message.markers] == [
        ("joints", -1),
        ("bones", -1),
        ("joints", -2),
        ("bones", -2),
    ]
