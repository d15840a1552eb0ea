import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from orpose_models.tracking.kalman import (
    HARD_GATE,
    PATIENCE,
    SWAY,
    SWAY_SPEED,
    Motion,
    PointFilter,
    follow,
    foresee,
    sight_covariance,
)

SURE = np.eye(3) * 0.01**2


def test_nothing_is_known_before_a_measurement() -> None:
    point = PointFilter()
    assert point.moving == 0
    assert np.isnan(foresee([point], [3.0])).all()


def test_the_first_measurement_is_taken_as_it_is() -> None:
    motion = PointFilter(speed=0.7).update(5.0, [1, 2, 3], SURE)
    assert motion.position.tolist() == [1, 2, 3]
    assert motion.velocity.tolist() == [0, 0, 0]
    assert np.allclose(motion.covariance, np.diag([1e-4] * 3 + [(0.49 + SWAY_SPEED**2) / 2] * 3))
    assert PointFilter().moving == 0


def test_one_step_by_hand() -> None:
    # Moving, in one coordinate: P = [[s, 0], [0, w]] becomes [[s + w T^2 + q T^4 / 4, ...]]. Resting: [[s + r T, ...]].
    point = PointFilter(acceleration=2.0, speed=1.0)
    point.update(0.0, [0, 0, 0], np.eye(3))
    motion = point.update(0.5, [1, 0, 0], np.eye(3))
    place = np.array([1 + SWAY**2 * 0.5, 1 + 0.25 + 4 * 0.5**4 / 4])
    cross = 0.5 + 4 * 0.5**3 / 2
    likelihood = (place + 1) ** -1.5 * np.exp(-0.5 / (place + 1))
    rests, moves = likelihood / likelihood.sum()
    gains = place / (place + 1)
    assert point.moving == pytest.approx(moves)
    assert motion.position == pytest.approx([rests * gains[0] + moves * gains[1], 0, 0])
    assert motion.velocity == pytest.approx([moves * cross / (place[1] + 1), 0, 0])
    apart = rests * moves * (gains[1] - gains[0]) ** 2
    assert motion.covariance[0, 0] == pytest.approx(rests * gains[0] + moves * gains[1] + apart)


def test_who_rests_is_steadied_and_who_goes_is_followed() -> None:
    rng = np.random.default_rng(0)
    point, noise = PointFilter(), np.eye(3) * 0.1**2
    places = [point.update(i / 10, rng.normal([0, 0, 4], 0.1), noise).position for i in range(100)]
    assert point.moving < 0.1
    steps = np.linalg.norm(np.diff(places[20:], axis=0), axis=1)
    assert np.percentile(steps, 95) < 0.05  # of 0.4 in the measurements
    for i in range(20):
        motion = point.update(10 + i / 10, rng.normal([0.1 * i, 0, 4], 0.1), noise)
    assert point.moving > 0.8
    assert motion.position == pytest.approx([1.9, 0, 4], abs=0.15)
    assert motion.velocity == pytest.approx([1, 0, 0], abs=0.3)


def test_something_that_moves_evenly_is_followed_without_lag() -> None:
    point, motion = PointFilter(), None
    for i in range(200):
        motion = point.update(i / 60, [0.8 * i / 60, 0, 4], SURE)
    assert motion is not None
    assert motion.position == pytest.approx([0.8 * 199 / 60, 0, 4], abs=1e-4)
    assert motion.velocity == pytest.approx([0.8, 0, 0], abs=1e-2)


def test_an_outlier_pulls_not_at_all_and_a_new_place_is_believed_in_the_end() -> None:
    point = PointFilter()
    for i in range(60):
        point.update(i / 60, [0, 0, 4], SURE)
    before = foresee([point], [1.0])[0][0]
    after = point.update(1.0, [5, 0, 4], SURE)
    assert after.position == pytest.approx(before, abs=1e-12)
    time = 1.0
    while time <= 1.0 + PATIENCE:
        time += 1 / 60
        after = point.update(time, [5, 0, 4], SURE)
    assert after.position.tolist() == [5, 0, 4]


@pytest.mark.parametrize("bad", [[np.nan, 0, 0], [0, np.inf, 0]])
def test_a_measurement_that_is_none_is_refused(bad: list[float]) -> None:
    with pytest.raises(ValueError, match="must be finite"):
        PointFilter().update(0, bad, SURE)


def test_an_impossible_filter_is_refused() -> None:
    with pytest.raises(ValueError, match=r"must be positive, got 0 and 0\.7"):
        PointFilter(acceleration=0)


STEPS = st.lists(
    st.tuples(st.floats(-0.5, 2), *[st.floats(-20, 20)] * 3, st.floats(0.001, 3), st.floats(0.001, 3)),
    min_size=1,
    max_size=25,
)


@given(STEPS)
def test_whatever_comes_the_covariance_stays_one(steps: list[tuple[float, ...]]) -> None:
    point, time, motion = PointFilter(), 0.0, None
    for step, x, y, z, across, along in steps:
        time += step
        motion = point.update(time, [x, y, z], sight_covariance([x, y, z], across, along))
    assert isinstance(motion, Motion)
    assert np.isfinite(motion.position).all()
    assert np.isfinite(motion.velocity).all()
    assert np.allclose(motion.covariance, motion.covariance.T, atol=1e-9)
    assert np.linalg.eigvalsh(motion.covariance)[0] > -1e-9


@given(st.lists(st.floats(-0.1, 0.1), min_size=2, max_size=30))
def test_what_comes_out_lies_within_what_went_in_while_nothing_moves(noise: list[float]) -> None:
    # All measurements at one moment: no motion can be concluded, the mean is the answer.
    point, motion = PointFilter(), None
    for value in noise:
        motion = point.update(1.0, [value, 0, 0], np.eye(3))
    assert motion is not None
    assert motion.position[0] == pytest.approx(np.mean(noise), abs=1e-9)
    assert motion.covariance[0, 0] == pytest.approx(1 / len(noise))


@given(st.floats(1.001, 50))
def test_beyond_the_hard_gate_nothing_counts(times: float) -> None:
    point = PointFilter(acceleration=1.0, speed=1.0)
    point.update(0.0, [0, 0, 0], np.eye(3))
    edge = HARD_GATE * np.sqrt(2.0)
    assert point.update(0.0, [edge * times, 0, 0], np.eye(3)).position.tolist() == [0, 0, 0]


def test_a_line_of_sight_is_known_better_across_than_along() -> None:
    covariance = sight_covariance([0, 3, 4], 0.01, 0.5)
    ray = np.array([0, 0.6, 0.8])
    assert ray @ covariance @ ray == pytest.approx(0.25)
    assert covariance @ [1, 0, 0] == pytest.approx([1e-4, 0, 0])
    assert covariance @ [0, 0.8, -0.6] == pytest.approx(np.array([0, 0.8, -0.6]) * 1e-4)


def test_no_points() -> None:
    assert follow([], 0.0, np.zeros((0, 3)), np.zeros((0, 3, 3))).covariance.shape == (0, 6, 6)
    assert [array.shape for array in foresee([], [])] == [(0, 3), (0, 3)]


def test_points_that_were_never_measured_are_nowhere() -> None:
    known = PointFilter()
    known.update(0.0, [1, 2, 3], SURE)
    for foreseen in foresee([known, PointFilter()], [1.0, 1.0]):
        assert np.isfinite(foreseen[0]).all()
        assert np.isnan(foreseen[1]).all()


def test_what_is_foreseen_is_what_a_measurement_that_says_nothing_leaves() -> None:
    point = PointFilter()
    for i in range(20):
        point.update(i / 20, [0.05 * i, 0, 4], SURE)
    position, velocity = foresee([point], [1.4])
    motion = point.update(1.4, position[0], np.eye(3) * 1e12)
    assert position[0] == pytest.approx(motion.position, abs=1e-6)
    assert velocity[0] == pytest.approx(motion.velocity, abs=1e-6)
