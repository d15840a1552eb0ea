import numpy as np
import pytest

from orpose_models.lifting.placing import NOMINAL_DEPTH, likely_roots, nominal_roots
from orpose_models.lifting.root import solve_root
from orpose_models.vocabulary.cameras import Camera
from orpose_models.vocabulary.poses import Poses

CAMERA = Camera(100, 100, 100, 100, 49.5, 49.5)


def person(**arrays) -> Poses:
    """Somebody of whom only the left arm is seen."""
    keypoints = np.full((1, 17, 2), 50.0)
    keypoints[0, 5], keypoints[0, 7] = [20, 20], [20, 80]
    scores = np.zeros((1, 17))
    scores[0, [5, 7]] = 0.9
    return Poses.from_arrays([[10, 10, 90, 90]], [0.8], keypoints, scores, **arrays)


def standing() -> Poses:
    """Somebody whose pelvis is at 0.2, 0.1, 2.5, seen by the camera, without a known root."""
    rng = np.random.default_rng(0)
    joints = np.concatenate([np.zeros((1, 1, 3)), rng.uniform(-0.5, 0.5, (1, 16, 3))], axis=1)
    joints[:, 9] = joints[:, 10]
    order = [10, 10, 10, 10, 10, 11, 14, 12, 15, 13, 16, 4, 1, 5, 2, 6, 3]
    keypoints = CAMERA.project(joints[:, order] + [0.2, 0.1, 2.5])
    return Poses.from_arrays([[0, 0, 100, 100]], [0.9], keypoints, np.ones((1, 17)), joints3d=joints)


@pytest.mark.parametrize("place", [nominal_roots, likely_roots])
def test_nobody_and_what_is_known(place) -> None:
    assert place(Poses.empty(), (100, 100)).shape == (0, 3)
    np.testing.assert_allclose(place(person(root=[[1, 2, 5]]), (100, 100), CAMERA), [[1, 2, 5]])


@pytest.mark.parametrize("place", [nominal_roots, likely_roots])
def test_whom_nothing_places_stands_at_the_nominal_depth(place) -> None:
    # No hip is seen: on the ray of the box centre, which is the image centre here.
    np.testing.assert_allclose(place(person(), (100, 100), CAMERA), [[0, 0, NOMINAL_DEPTH]], atol=1e-6)


def test_a_likely_root_is_what_the_camera_or_a_guessed_one_makes_of_the_joints() -> None:
    poses = standing()
    np.testing.assert_allclose(likely_roots(poses, (100, 100), CAMERA), [[0.2, 0.1, 2.5]], atol=1e-3)
    guessed = Camera.from_fov(100, 100)
    expected = solve_root(poses.keypoints, poses.keypoint_scores, poses.joints3d, guessed)[0]
    np.testing.assert_allclose(likely_roots(poses, (100, 100)), expected, rtol=1e-6)
    assert nominal_roots(poses, (100, 100), CAMERA)[0, 2] == NOMINAL_DEPTH
