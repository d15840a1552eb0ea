import numpy as np
import pytest

from orpose_models.datasets.multiview import PlacedCamera
from orpose_models.fusion.camera_check import CameraCheck, CameraVerdict
from orpose_models.fusion.fuser import Fuser

from support.room import Floats, rig, seen, standing  # isort: skip


def turned(view: PlacedCamera, degrees: float) -> PlacedCamera:
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    turn: Floats = np.array([[c, 0, s], [0, 1, 0], [-s, 0, c]])
    return PlacedCamera(view.name, view.camera, turn @ view.rotation, view.position)


def verdicts(count: int, degrees: float, noise: float = 4.0, factor: float = 1.0) -> list[CameraVerdict]:
    """What is said of cameras of which the second is turned, by the calibration of before; noise in pixels."""
    cameras, rng = rig(count), np.random.default_rng(1)
    real = [turned(view, degrees) if k == 1 else view for k, view in enumerate(cameras)]
    fuser, check = Fuser(cameras), CameraCheck(cameras)
    for k in range(30):
        people = [standing(np.cos(k / 4), 0.8 * np.sin(k / 4), k / 5)]
        poses = [seen(view, people, noise, rng) for view in real]
        check.add(poses, fuser.update(poses, 0.2 * k, [factor] * count), [factor] * count)
    return check.verdicts()


def test_nothing_seen_is_nothing_known() -> None:
    found = CameraCheck(rig(2)).verdicts()
    assert [v.state for v in found] == ["unknown", "unknown"]
    assert found[0].sentence == "cam1: too few joints seen by other cameras too (0 of 150)"


@pytest.mark.parametrize("count", [2, 3, 4])
def test_a_right_calibration_is_ok(count: int) -> None:
    found = verdicts(count, 0.0)
    assert [v.state for v in found] == ["ok"] * count
    assert all(2 < v.error_px < 9 for v in found)


@pytest.mark.parametrize("count", [3, 4])
@pytest.mark.parametrize("degrees", [4.0, -7.0])
def test_the_camera_that_was_turned_is_named(count: int, degrees: float) -> None:
    found = verdicts(count, degrees)
    assert [v.state for v in found] == ["ok", "moved", *["ok"] * (count - 2)]
    assert found[1].turned_deg == pytest.approx(abs(degrees), abs=1.5)
    assert "the camera was moved, by about" in found[1].sentence


@pytest.mark.parametrize(("factor", "state"), [(1.0, "disagrees"), (12.0, "ok")])
def test_keypoints_of_reduced_images_may_be_some_of_their_pixels_off(factor: float, state: str) -> None:
    assert verdicts(3, 0.0, 16.0, factor)[0].state == state


def test_a_camera_that_was_turned_is_named_by_reduced_images_too() -> None:
    assert [v.state for v in verdicts(3, 7.0, 15.0, 12.0)] == ["ok", "moved", "ok"]


def test_of_two_cameras_nobody_can_tell_which() -> None:
    found = verdicts(2, 6.0)
    assert "disagrees" in [v.state for v in found]
    assert "moved" not in [v.state for v in found]
