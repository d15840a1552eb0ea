import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.cameras_around import CAMERAS, seen_by

from orpose_models.evaluation.triangulation import match_persons, triangulate
from orpose_models.vocabulary.poses import Poses


def test_nobody() -> None:
    assert match_persons(CAMERAS, [Poses.empty()] * 3) == []
    points, errors = triangulate(CAMERAS, np.zeros((3, 0, 2)), np.zeros((3, 0)))
    assert points.shape == (0, 3)
    assert errors.shape == (0,)


@given(st.lists(st.tuples(*[st.floats(-0.8, 0.8)] * 3), min_size=1, max_size=5))
def test_exact_pixels_give_the_exact_point(points: list[tuple[float, float, float]]) -> None:
    world = np.array(points)
    pixels = np.stack([view.camera.project(view.to_optical(world)) for view in CAMERAS])
    found, errors = triangulate(CAMERAS, pixels, np.ones((3, len(world))))
    np.testing.assert_allclose(found, world, atol=1e-6)
    np.testing.assert_allclose(errors, 0, atol=1e-3)


def test_one_view_is_not_enough() -> None:
    weights = np.array([[1.0], [0], [0]])
    points, errors = triangulate(CAMERAS, np.full((3, 1, 2), 100.0), weights)
    assert np.isnan(points).all()
    assert np.isnan(errors).all()


def test_persons_are_matched_whatever_their_order() -> None:
    rng = np.random.default_rng(0)
    persons = rng.uniform(-0.4, 0.4, (3, 17, 3)) + np.array([[-0.8, 0, 0], [0.6, 0.5, 0], [0.3, -0.9, 0]])[:, None]
    orders = [[0, 1, 2], [2, 0, 1], [1, 0]]  # the third camera misses person 2
    poses = [seen_by(view, persons[order]) for view, order in zip(CAMERAS, orders, strict=True)]
    found = match_persons(CAMERAS, poses)
    assert len(found) == 3
    for match in found:
        person = orders[0][match.views[0]]
        assert [orders[c][v] if v >= 0 else None for c, v in enumerate(match.views)] == [
            person,
            person,
            person if person in orders[2] else None,
        ]
        np.testing.assert_allclose(match.points, persons[person], atol=1e-4)


def test_a_joint_that_does_not_agree_is_left_out() -> None:
    person = np.random.default_rng(1).uniform(-0.4, 0.4, (1, 17, 3))
    poses = [seen_by(view, person) for view in CAMERAS]
    wrong = poses[1].keypoints.copy()
    wrong[0, 9] += 80
    poses[1] = poses[1].with_arrays(keypoints=wrong)
    (match,) = match_persons(CAMERAS, poses)
    assert np.isnan(match.points[9]).all()
    assert np.isfinite(np.delete(match.points, 9, axis=0)).all()


def test_gravity_points_down_in_the_image() -> None:
    for view in CAMERAS:
        assert view.camera.gravity is not None
        assert view.camera.gravity[1] == pytest.approx(3 / np.hypot(3, 2))
