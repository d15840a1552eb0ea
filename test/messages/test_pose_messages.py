import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from orpose_models.datasets.bags.types import message_class, typestore
from orpose_models.messages.fields import copy_header, make_header, stamp_of
from orpose_models.messages.pose_messages import (
    poses2d_message,
    poses3d_from_message,
    poses3d_message,
    poses_from_messages,
    skeleton_info_message,
)
from orpose_models.vocabulary.errors import OrposeError
from orpose_models.vocabulary.poses import Poses
from orpose_models.vocabulary.resolution import Resolution
from orpose_models.vocabulary.skeletons import COCO17, H36M17

Types = Callable[[str], Any]
RESOLUTION = Resolution((640, 480), (376, 282), 1.7)
DEFINITIONS = Path(__file__).resolve().parents[2] / "orpose_msgs" / "msg"
# A lookup of classes is no state that one example could leave to the next.
either_library = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=25)


def random_poses(n: int, seed: int) -> Poses:
    rng = np.random.default_rng(seed)
    joints3d = rng.normal(size=(n, 17, 3))
    joints3d[rng.random((n, 17)) < 0.2] = np.nan
    root = rng.normal(size=(n, 3))
    unknown = rng.random(n) < 0.5
    root[unknown] = np.nan
    return Poses.from_arrays(
        rng.uniform(-50, 700, (n, 4)),
        rng.random(n),
        rng.uniform(-50, 700, (n, 17, 2)),
        rng.random((n, 17)),
        scores_hard=rng.random((n, 17)),
        scores_soft=rng.random((n, 17)),
        joints3d=joints3d,
        root=root,
        root_std=np.where(unknown, np.nan, rng.random(n)),
        ids=rng.integers(-1, 2**40, n),
        velocity=np.where(unknown[:, None], np.nan, rng.normal(size=(n, 3))),
        motion_cov=np.where(unknown[:, None, None], np.nan, rng.normal(size=(n, 6, 6))),
    )


def both(poses: Poses, types: Types, stamp: int = 5) -> tuple[Any, Any]:
    header = make_header(stamp, "camera", types)
    return poses2d_message(poses, RESOLUTION, header, types), poses3d_message(poses, RESOLUTION, header, types)


def assert_same(actual: Poses, expected: Poses) -> None:
    for name, array in vars(expected).items():
        np.testing.assert_array_equal(getattr(actual, name), array, err_msg=name)
        assert getattr(actual, name).dtype == array.dtype


def test_nobody(message_types: Types) -> None:
    poses2d, poses3d = both(Poses.empty(), message_types)
    assert (list(poses2d.persons), list(poses3d.persons)) == ([], [])
    poses, resolution = poses_from_messages(poses2d, poses3d)
    assert (len(poses), resolution) == (0, RESOLUTION)


@either_library
@given(n=st.integers(0, 4), seed=st.integers(0, 999))
def test_round_trip(message_types: Types, n: int, seed: int) -> None:
    expected = random_poses(n, seed)
    poses, resolution = poses_from_messages(*both(expected, message_types))
    assert resolution == RESOLUTION
    assert_same(poses, expected)


def test_round_trip_through_bytes() -> None:
    expected = random_poses(3, 1)
    read = []
    for message in both(expected, message_class):
        name = message.__msgtype__
        read.append(typestore().deserialize_cdr(typestore().serialize_cdr(message, name), name))
    assert_same(poses_from_messages(*read)[0], expected)


def test_round_trip_through_bytes_of_rclpy() -> None:
    pytest.importorskip("orpose_msgs.msg._skeleton_info", reason="the ROS packages are not built or not sourced")
    from rclpy.serialization import deserialize_message, serialize_message

    from orpose_ros.message_types import message_class as ros_class

    expected = random_poses(3, 1)
    messages = both(expected, ros_class)
    assert_same(
        poses_from_messages(*(deserialize_message(serialize_message(m), type(m)) for m in messages))[0], expected
    )
    # One library reads what the other wrote.
    read = [typestore().deserialize_cdr(serialize_message(m), f"orpose_msgs/msg/{type(m).__name__}") for m in messages]
    assert_same(poses_from_messages(*read)[0], expected)


def test_2d_alone_leaves_3d_unknown(message_types: Types) -> None:
    expected = random_poses(2, 0)
    poses, _ = poses_from_messages(both(expected, message_types)[0])
    np.testing.assert_array_equal(poses.keypoints, expected.keypoints)
    assert np.isnan(poses.joints3d).all()
    assert np.isnan(poses.root).all()
    assert np.isnan(poses.root_std).all()


def test_unknown_is_nan_with_score_zero_and_a_flag(message_types: Types) -> None:
    joints3d = np.ones((1, 17, 3), np.float32)
    joints3d[0, 3, 1] = np.nan
    poses = Poses.from_arrays([[1, 2, 3, 4]], [0.5], np.zeros((1, 17, 2)), np.full((1, 17), 0.25), joints3d=joints3d)
    person = both(poses, message_types)[1].persons[0]
    unknown = person.keypoints[person.RIGHT_ANKLE]
    assert np.isnan([unknown.position.x, unknown.position.y, unknown.position.z]).all()
    assert (unknown.score, unknown.score_hard, unknown.score_soft) == (0, 0, 0)
    assert (person.keypoints[2].position.x, person.keypoints[2].score) == (1, 0.25)
    assert person.root_valid is False
    assert np.isnan([person.root.x, person.root.y, person.root.z, person.root_std]).all()


def test_3d_scores_are_the_weakest_of_the_keypoints_behind_them(message_types: Types) -> None:
    scores = np.linspace(0.1, 0.9, 17, dtype=np.float32)
    poses = Poses.from_arrays(
        [[1, 2, 3, 4]], [0.5], np.zeros((1, 17, 2)), [scores], scores_soft=[scores / 2], joints3d=np.ones((1, 17, 3))
    )
    keypoints = both(poses, message_types)[1].persons[0].keypoints
    assert keypoints[0].score == scores[COCO17.index("left_hip")]
    assert keypoints[7].score == scores[COCO17.index("left_shoulder")]
    assert keypoints[16].score_soft == scores[10] / 2
    assert keypoints[10].score_hard == scores[3]


def test_messages_of_two_images_do_not_belong_together(message_types: Types) -> None:
    poses = random_poses(2, 0)
    with pytest.raises(OrposeError, match="not of the same image"):
        poses_from_messages(both(poses, message_types)[0], both(poses, message_types, stamp=6)[1])
    with pytest.raises(OrposeError, match="not of the same image and persons"):
        poses_from_messages(both(poses, message_types)[0], both(poses.select([0]), message_types)[1])


@given(st.integers(0, 2**31 * 10**9 - 1), st.text(max_size=5))
def test_headers_keep_their_stamp(stamp: int, frame: str) -> None:
    header = copy_header(make_header(stamp, frame, message_class), message_class)
    assert (stamp_of(header), header.frame_id) == (stamp, frame)


@pytest.mark.parametrize(("name", "skeleton"), [("PersonPose2D", COCO17), ("PersonPose3D", H36M17)], ids=["2D", "3D"])
def test_constants_of_the_messages_are_the_joint_sets(name: str, skeleton: Any, message_types: Types) -> None:
    person = message_types(f"orpose_msgs/msg/{name}")
    assert [getattr(person, joint.upper()) for joint in skeleton.joints] == list(range(17))


def test_skeleton_info_describes_the_joint_sets_and_the_model(message_types: Types) -> None:
    model = SimpleNamespace(name="teacher", sha256="ab" * 32, engine="onnxruntime")
    info = skeleton_info_message(model, make_header(3, "", message_types), message_types)
    assert (info.skeleton2d, tuple(info.joints2d), info.unit2d) == ("coco17", COCO17.joints, "px")
    assert (info.skeleton3d, tuple(info.joints3d), info.unit3d) == ("h36m17", H36M17.joints, "m")
    assert [tuple(pair) for pair in np.array(info.edges2d).reshape(-1, 2)] == list(COCO17.edges)
    assert [tuple(pair) for pair in np.array(info.edges3d).reshape(-1, 2)] == list(H36M17.edges)
    assert (info.model, info.model_sha256, info.engine) == ("teacher", "ab" * 32, "onnxruntime")


@pytest.mark.parametrize("path", sorted(DEFINITIONS.glob("*.msg")), ids=lambda path: path.stem)
def test_bags_hold_the_very_types_that_were_built(path: Path) -> None:
    pytest.importorskip("orpose_msgs.msg._skeleton_info", reason="the ROS packages are not built or not sourced")
    from ament_index_python.packages import get_package_share_directory

    share = Path(get_package_share_directory("orpose_msgs"))
    name = f"orpose_msgs/msg/{path.stem}"
    hashes = json.loads((share / "msg" / f"{path.stem}.json").read_text())["type_hashes"]
    assert typestore().hash_rihs01(name) in [entry["hash_string"] for entry in hashes if entry["type_name"] == name]


def test_poses_in_space_alone() -> None:
    poses = random_poses(3, 1)
    _, three = both(poses, message_class)
    read = poses3d_from_message(three)
    for name in ("boxes", "box_scores", "joints3d", "root", "root_std", "ids", "velocity", "motion_cov"):
        np.testing.assert_array_equal(getattr(read, name), getattr(poses, name), err_msg=name)
    wrist, knee = COCO17.index("left_wrist"), COCO17.index("right_knee")
    joint = H36M17.index("left_wrist")
    known = np.isfinite(poses.joints3d[:, joint]).all(axis=1)
    np.testing.assert_allclose(read.keypoint_scores[known, wrist], poses.keypoint_scores[known, wrist])
    assert (
        read.keypoint_scores[~np.isfinite(poses.joints3d[:, H36M17.index("right_knee")]).all(axis=1), knee] == 0
    ).all()
    assert len(poses3d_from_message(both(Poses.empty(), message_class)[1])) == 0
