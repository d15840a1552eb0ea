from pathlib import Path

import numpy as np
import pytest

from orpose_models.datasets.rig_file import FrameTree, Placement, read_rig, rotation_of
from orpose_models.vocabulary.cameras import Camera
from orpose_models.vocabulary.errors import OrposeError

# Optical axes of a camera that looks along the room's x: x right is -y, y down is -z, z forward is x.
FORWARD = [-0.5, 0.5, -0.5, 0.5]
RIG = """
frame: theatre
cameras:
  left: {position: [1, 2, 3], quaternion: [-0.5, 0.5, -0.5, 0.5]}
  right: {position: [0, 0, 2], quaternion: [0, 0, 0, 2]}
"""


def test_a_rig_file(tmp_path: Path) -> None:
    path = tmp_path / "rig.yaml"
    path.write_text(RIG)
    rig = read_rig(path)
    assert (rig.frame, list(rig.placements)) == ("theatre", ["left", "right"])
    view = rig.of("left").placed("left", Camera(640, 480, 500, 500, 320, 240))
    np.testing.assert_allclose(view.to_optical([3, 2, 3]), [0, 0, 2], atol=1e-12)
    np.testing.assert_allclose(view.to_optical([3, 1, 2]), [1, 1, 2], atol=1e-12)
    np.testing.assert_allclose(view.camera.gravity, [0, 1, 0], atol=1e-12)
    with pytest.raises(OrposeError, match="camera 'middle' is not in the rig; it has: left, right"):
        rig.of("middle")
    with pytest.raises(OrposeError, match="camera 'left': no intrinsics"):
        rig.of("left").placed("left")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("cameras: {}", "cameras: Dictionary should have at least 1 item"),
        ("cameras: {a: {position: [0, 0, 0], quaternion: [0, 0, 0, 0]}}", "cameras.a: a quaternion of zeros"),
        ("cameras: {a: {position: [0, 0], quaternion: [0, 0, 0, 1]}}", "cameras.a.position: List should have at least"),
        ("cameras: {a: {positon: [0, 0, 0], quaternion: [0, 0, 0, 1]}}", "cameras.a.position: Field required"),
    ],
)
def test_a_wrong_rig_file_is_refused_with_the_place(tmp_path: Path, text: str, reason: str) -> None:
    path = tmp_path / "rig.yaml"
    path.write_text(text)
    with pytest.raises(OrposeError, match=reason):
        read_rig(path)


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(OrposeError, match="no such file"):
        read_rig(tmp_path / "rig.yaml")


def test_a_chain_of_transforms() -> None:
    tree = FrameTree()
    assert tree.placement("room", "left_optical") is None
    tree.add("room", "boom", [1, 0, 2], [0, 0, np.sqrt(0.5), np.sqrt(0.5)])
    tree.add("/boom", "/left_optical", [0.5, 0, 0], FORWARD)
    found = tree.placement("room", "left_optical")
    assert found is not None
    # The boom is turned to the left: its x is the room's y.
    np.testing.assert_allclose(found.position, [1, 0.5, 2], atol=1e-12)
    np.testing.assert_allclose(found.rotation @ [0, 1, 0], [0, 0, 1], atol=1e-12)


def test_the_room_may_hang_below() -> None:
    tree = FrameTree()
    tree.add("world", "room", [5, 0, 0], [0, 0, 1, 0])
    tree.add("world", "camera", [4, 0, 1], FORWARD)
    found = tree.placement("room", "camera")
    assert found is not None
    np.testing.assert_allclose(found.position, [1, 0, 1], atol=1e-12)
    np.testing.assert_allclose(found.rotation @ [-1, 0, 0], [0, 0, 1], atol=1e-12)


def test_transforms_in_a_circle_lead_nowhere() -> None:
    tree = FrameTree()
    tree.add("a", "b", [0, 0, 0], [0, 0, 0, 1])
    tree.add("b", "a", [0, 0, 0], [0, 0, 0, 1])
    assert tree.placement("room", "a") is None


def test_a_quaternion_of_any_length() -> None:
    turn = rotation_of([0, 0, 3, 3])
    np.testing.assert_allclose(turn @ [1, 0, 0], [0, 1, 0], atol=1e-12)
    placement = Placement.of_transform([1, 2, 3], [0, 0, 3, 3])
    np.testing.assert_allclose(placement.rotation, turn.T)
