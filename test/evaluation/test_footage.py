import numpy as np
import pytest
from test_triangulation import CAMERAS, looking_at_origin

from orpose_models.datasets.multiview import PlacedCamera
from orpose_models.evaluation.footage import pair_footage
from orpose_models.poses import Poses
from orpose_models.skeletons import COCO17_TO_H36M17

FOUR = [*CAMERAS, looking_at_origin(290)]
PERSON = np.random.default_rng(3).uniform(-0.5, 0.5, (17, 3))


def perfect(view: PlacedCamera, scale: float = 1.0) -> Poses:
    """What a perfect model sees of `PERSON`, with its 3D scaled."""
    points = view.to_optical(PERSON)
    pixels = view.camera.project(points)
    joints = COCO17_TO_H36M17.points(points)
    return Poses.from_arrays(
        [[*pixels.min(axis=0), *pixels.max(axis=0)]],
        [1.0],
        pixels[None],
        np.ones((1, 17)),
        joints3d=(joints - joints[0])[None] * scale,
        root=[joints[0]],
    )


def test_nobody() -> None:
    pairs = pair_footage(FOUR, [[Poses.empty()] * 4])
    assert pairs.errors().shape == (0, 17)
    assert pairs.missed == 0


def test_perfect_poses_have_no_error() -> None:
    pairs = pair_footage(FOUR, [[perfect(view) for view in FOUR]])
    assert pairs.cameras.tolist() == [0, 1, 2, 3]
    assert np.nanmax(pairs.errors()) < 1e-3
    assert np.isnan(pairs.errors()[:, 0]).all()
    np.testing.assert_allclose(pairs.roots_predicted, pairs.roots_truth, atol=1e-3)


def test_a_pose_too_large_by_a_tenth_is_off_by_a_tenth_until_scaled() -> None:
    pairs = pair_footage(FOUR, [[perfect(view, 1.1) for view in FOUR]])
    length = np.linalg.norm(pairs.truth, axis=2)[pairs.mask].mean()
    assert np.nanmean(pairs.errors()) == pytest.approx(0.1 * length, abs=1e-4)
    assert np.nanmax(pairs.errors("scale")) < 1e-3


def test_somebody_only_the_others_see_is_missed() -> None:
    poses = [perfect(view) for view in FOUR]
    poses[2] = Poses.empty()
    pairs = pair_footage(FOUR, [poses])
    assert pairs.cameras.tolist() == [0, 1, 3]
    assert pairs.missed == 1
