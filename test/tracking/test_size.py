import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from orpose_models.tracking.size import SizeEstimate, body_size


def test_nobody_has_no_size() -> None:
    assert body_size(np.zeros((0, 17, 3))).shape == (0,)


def test_the_size_is_the_sum_of_the_bones() -> None:
    joints = np.zeros((2, 17, 3))
    # Right leg: hip to knee 0.4 m, knee to ankle 0.3 m.
    joints[0, [2, 3], 1] = [0.4, 0.7]
    joints[1, 3] = np.nan
    size = body_size(joints)
    assert size[0] == pytest.approx(0.7)
    assert np.isnan(size[1])


def test_nothing_is_known_before_a_measurement() -> None:
    size = SizeEstimate()
    assert not size.known
    assert np.isnan(size.value)
    assert size.std == np.inf
    assert np.isnan(size.update(np.nan, 0.1))
    assert not size.known


def test_measurements_average_and_what_they_share_stays() -> None:
    size = SizeEstimate(shared=0.06)
    for value in (2.0, 8.0, 2.0, 8.0):
        size.update(value, 0.16)
    assert size.value == pytest.approx(4.0)  # of the logarithms
    assert size.std == pytest.approx(0.1)


def test_a_sure_measurement_counts_more() -> None:
    size = SizeEstimate()
    size.update(1.0, 0.2)
    size.update(np.e, 0.1)
    assert np.log(size.value) == pytest.approx(0.8)


def test_a_wrong_beginning_is_forgotten() -> None:
    size = SizeEstimate(memory=10)
    for _ in range(1000):
        size.update(1.0, 0.1)
    for _ in range(50):
        size.update(2.0, 0.1)
    assert size.value == pytest.approx(2.0, rel=0.02)


@given(st.lists(st.tuples(st.floats(0.5, 5), st.floats(0.01, 1)), min_size=1, max_size=20))
def test_the_estimate_lies_among_the_measurements(steps: list[tuple[float, float]]) -> None:
    size = SizeEstimate()
    for value, std in steps:
        size.update(value, std)
    values = [value for value, _ in steps]
    assert min(values) * (1 - 1e-9) <= size.value <= max(values) * (1 + 1e-9)
