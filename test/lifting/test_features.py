import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from orpose_models.lifting.features import (
    FORMS,
    LENGTHS,
    features,
    liftable,
    martinez_inputs,
    mirrored,
    present,
    standardised,
)
from orpose_models.lifting.synthesis.kinematics import rotation
from orpose_models.vocabulary.skeletons import COCO17

_TURN = st.floats(-1.2, 1.2)


def _person(seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Points (17, 3) in a level frame (x right, y down, z ahead), and scores.

    They are far away: the mean in the image, at which the virtual camera looks, is then the same point
    however the camera is turned.
    """
    rng = np.random.default_rng(seed)
    points = rng.normal(0, 0.4, (17, 3)) + [6.0, 12.0, 50.0]
    return points, rng.uniform(0.2, 1, 17)


def _seen(points: np.ndarray, camera: np.ndarray) -> np.ndarray:
    turned = points @ camera.T
    return (turned[:, :2] / turned[:, 2:])[None]


@pytest.mark.parametrize("form", FORMS)
def test_nobody(form: str):
    seen = features(form, np.zeros((0, 17, 2)), np.zeros((0, 17)), np.zeros((0, 3)))
    assert seen.values.shape == (0, LENGTHS[form])
    assert seen.axes.shape == (0, 3, 3)
    assert liftable(np.zeros((0, 17))).shape == (0,)


def test_the_gravity_form_needs_gravity():
    with pytest.raises(ValueError, match="needs the direction of gravity"):
        features("gravity", np.zeros((1, 17, 2)), np.ones((1, 17)))


@given(pitch=st.floats(-0.6, 0.9), roll=_TURN, yaw=st.floats(-0.6, 0.6))
def test_the_gravity_form_does_not_depend_on_how_the_camera_is_turned(pitch: float, roll: float, yaw: float):
    points, scores = _person()
    camera = rotation(2, roll) @ rotation(0, pitch) @ rotation(1, yaw)
    if (points @ camera.T)[:, 2].min() < 10:
        return
    level = features("gravity", _seen(points, np.eye(3)), scores[None], np.array([0.0, 1.0, 0.0]))
    turned = features("gravity", _seen(points, camera), scores[None], camera @ [0.0, 1.0, 0.0])
    np.testing.assert_allclose(turned.values, level.values, atol=0.02)
    # In level axes gravity is y, and the camera's axes are a rotation of them.
    np.testing.assert_allclose(turned.axes[0] @ camera @ [0, 1, 0], [0, 1, 0], atol=1e-9)
    np.testing.assert_allclose(turned.axes[0] @ turned.axes[0].T, np.eye(3), atol=1e-9)
    assert np.linalg.det(turned.axes[0]) == pytest.approx(1)


def test_a_level_camera_gives_both_forms_the_same_but_for_the_azimuth():
    points, scores = _person()
    plane = _seen(points, np.eye(3))
    known = features("gravity", plane, scores[None], np.array([0.0, 1.0, 0.0]))
    unknown = features("intrinsics", plane, scores[None])
    np.testing.assert_array_equal(unknown.values[:, :-1], known.values)
    middle = plane[0, :13].mean(axis=0)
    assert unknown.values[0, -1] == pytest.approx(np.arctan2(middle[0], 1))


@pytest.mark.parametrize("form", FORMS)
def test_what_a_missing_joints_coordinates_are_does_not_matter(form: str):
    points, scores = _person()
    plane = _seen(points, np.eye(3))
    scores[[9, 15]] = 0.04
    moved = plane.copy()
    moved[0, [9, 15]] = 7.0
    first = features(form, plane, scores[None], np.array([0.0, 1.0, 0.0]))
    second = features(form, moved, scores[None], np.array([0.0, 1.0, 0.0]))
    np.testing.assert_array_equal(first.values, second.values)
    assert np.isnan(first.values[0, 18])
    assert np.isnan(first.values[0, 19])
    assert first.values[0, 34 + 9] == 0
    assert first.values[0, 34 + 8] == 1
    assert first.values[0, 51 + 9] == 0
    assert first.values[0, 51 + 8] == scores[8]


def test_size_is_a_feature_of_its_own():
    points, scores = _person()
    plane = _seen(points, np.eye(3))
    middle = plane[:, :13].mean(axis=1, keepdims=True)
    near = features("gravity", plane, scores[None], np.array([0.0, 1.0, 0.0]))
    far = features("gravity", middle + (plane - middle) / 2, scores[None], np.array([0.0, 1.0, 0.0]))
    assert far.values[0, -3] - near.values[0, -3] == pytest.approx(-np.log(2), abs=0.02)
    np.testing.assert_allclose(far.values[0, :34], near.values[0, :34], atol=0.02)


def test_somebody_straight_below_the_camera():
    points = np.random.default_rng(0).normal(0, 0.4, (17, 3)) * [1, 1, 0.2] + [0, 0, 2.0]
    seen = features("gravity", _seen(points, np.eye(3)), np.ones((1, 17)), np.array([0.0, 0.0, 1.0]))
    assert np.isfinite(seen.values).all()
    assert np.isfinite(seen.axes).all()
    np.testing.assert_allclose(seen.axes[0] @ [0, 0, 1], [0, 1, 0], atol=1e-9)


def test_mirror_twice_is_the_same():
    points, scores = _person()
    plane, gravity = _seen(points, np.eye(3)), np.array([[0.1, 0.9, 0.2]])
    once = mirrored(plane, scores[None], gravity)
    assert once[0][0, 5, 0] == -plane[0, 6, 0]
    twice = mirrored(*once)
    np.testing.assert_array_equal(twice[0], plane)
    np.testing.assert_array_equal(twice[1], scores[None])
    np.testing.assert_array_equal(twice[2], gravity)
    assert mirrored(plane, scores[None], None)[2] is None


@pytest.mark.parametrize(
    ("names", "able"),
    [
        ([], False),
        (["left_shoulder", "right_shoulder"], False),
        (["nose", "left_elbow", "left_wrist"], False),
        (["left_shoulder", "left_knee", "left_ankle"], False),
        (["left_hip", "left_wrist", "left_knee"], True),
        (["left_shoulder", "right_shoulder", "nose"], True),
    ],
)
def test_who_can_be_lifted(names: list[str], able: bool):
    scores = np.zeros((1, 17))
    scores[0, [COCO17.index(name) for name in names]] = 0.05
    assert liftable(scores).tolist() == [able]


def test_low_scores_are_missing_joints():
    assert present(np.array([0.0, 0.049, 0.05, 1.0])).tolist() == [False, False, True, True]


def test_standardised_inputs_are_finite_and_limited():
    values = np.array([[np.nan, 3.0, 1e9]])
    result = standardised(values, np.array([1.0, 1.0, 0.0]), np.array([1.0, 4.0, 1.0]))
    assert result.dtype == np.float32
    assert result.tolist() == [[0.0, 0.5, 8.0]]


def test_the_papers_inputs():
    keypoints = np.zeros((1, 17, 2))
    keypoints[0, 11], keypoints[0, 12], keypoints[0, 10] = (10, 100), (20, 110), (3, 4)
    inputs = martinez_inputs(keypoints)
    assert inputs.shape == (1, 32)
    assert inputs[0, :4].tolist() == [15.0, 105.0, 20.0, 110.0]  # pelvis, right hip
    assert inputs[0, -2:].tolist() == [3.0, 4.0]  # right wrist
    assert martinez_inputs(np.zeros((0, 17, 2))).shape == (0, 32)
