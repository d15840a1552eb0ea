import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from orpose_models.tracking.joints import MEMORY, JointFilter


def test_no_joints() -> None:
    assert JointFilter(shape=(0, 2)).update(0.0, np.zeros((0, 2)), np.zeros(0), 100.0).shape == (0, 2)


def test_the_first_joints_are_taken_as_they_are() -> None:
    points = np.array([[1.0, 2.0], [3.0, np.nan], [5.0, 6.0]])
    out = JointFilter(shape=(3, 2)).update(0.0, points, [1, 1, 0], 100.0)
    assert np.array_equal(out, points, equal_nan=True)


def test_what_is_not_seen_stays_as_it_came_and_begins_anew_after_the_memory() -> None:
    joints = JointFilter(shape=(1, 2))
    joints.update(0.0, [[0, 0]], [1.0], 100.0)
    assert joints.update(0.1, [[9, 9]], [0.0], 100.0).tolist() == [[9, 9]]
    assert joints.update(0.1 + MEMORY, [[50, 0]], [1.0], 100.0).tolist() == [[50, 0]]


def test_a_joint_at_rest_is_steadier_than_its_measurements() -> None:
    rng = np.random.default_rng(0)
    measured = 100 + rng.normal(0, 1, (300, 17, 2))
    joints = JointFilter(noise=0.01, acceleration=0.5)
    out = np.stack([joints.update(i / 30, p, np.full(17, 0.8), 100.0) for i, p in enumerate(measured)])
    assert out[30:].std() < 0.5 * measured[30:].std()


def test_a_joint_that_moves_evenly_is_followed_without_lag() -> None:
    joints, out = JointFilter(shape=(1, 2)), np.zeros((1, 2))
    for i in range(60):
        out = joints.update(i / 30, [[10.0 * i, 5.0]], [0.5], 100.0)
    assert out[0] == pytest.approx([590, 5], abs=0.01)


def test_a_sure_joint_that_jumps_is_followed_at_once_and_an_unsure_one_is_not() -> None:
    sure, unsure = JointFilter(shape=(1, 2)), JointFilter(shape=(1, 2))
    for i in range(30):
        sure.update(i / 30, [[0.0, 0.0]], [0.9], 100.0)
        unsure.update(i / 30, [[0.0, 0.0]], [0.9], 100.0)
    assert sure.update(1.0, [[40.0, 0.0]], [0.9], 100.0)[0, 0] > 38
    assert unsure.update(1.0, [[40.0, 0.0]], [0.05], 100.0)[0, 0] < 38


def test_an_image_of_another_size_changes_nothing_else() -> None:
    one, other = JointFilter(shape=(1, 2)), JointFilter(shape=(1, 2))
    for i in range(10):
        one.update(i / 10, [[i, 2.0 * i]], [0.7], 100.0)
        other.update(i / 10, [[i, 2.0 * i]], [0.7], 100.0)
    other.scale(2.0)
    a = one.update(1.1, [[10.5, 21.0]], [0.7], 100.0)
    b = other.update(1.1, [[21.0, 42.0]], [0.7], 200.0)
    assert b == pytest.approx(2 * a)


@given(
    st.lists(
        st.tuples(st.floats(-1, 1), st.floats(-1e4, 1e4), st.floats(0, 1), st.floats(1, 2000)), min_size=1, max_size=30
    )
)
def test_whatever_comes_the_answer_is_finite(steps: list[tuple[float, float, float, float]]) -> None:
    joints, time = JointFilter(shape=(1, 2)), 0.0
    for step, x, score, size in steps:
        time += step
        assert np.isfinite(joints.update(time, [[x, -x]], [score], size)).all()


@given(st.floats(-1000, 1000), st.floats(-1000, 1000))
def test_where_a_picture_begins_does_not_matter(x: float, y: float) -> None:
    track = np.cumsum(np.random.default_rng(3).normal(0, 2, (12, 4, 2)), axis=0)
    here, there = JointFilter(shape=(4, 2)), JointFilter(shape=(4, 2))
    for i, points in enumerate(track):
        a = here.update(i / 15, points, np.full(4, 0.6), 150.0)
        b = there.update(i / 15, points + [x, y], np.full(4, 0.6), 150.0)
        assert b - [x, y] == pytest.approx(a, abs=1e-6)
