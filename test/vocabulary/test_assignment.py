import numpy as np
import pytest
from scipy.optimize import linear_sum_assignment

from orpose_models.vocabulary.assignment import largest_sum, one_to_one


def test_nothing_to_pair() -> None:
    assert one_to_one(np.zeros((0, 0)), 0.5) == []
    assert one_to_one(np.zeros((3, 0)), 0.5) == []
    assert one_to_one(np.zeros((0, 3)), 0.0) == []


def test_best_first_each_once_down_to_the_threshold() -> None:
    scores = np.array([[0.9, 0.8, 0.1], [0.85, 0.6, 0.1], [0.1, 0.1, 0.49]])
    assert one_to_one(scores, 0.5) == [(0, 0), (1, 1)]
    assert one_to_one(scores, 0.49) == [(0, 0), (1, 1), (2, 2)]


def test_a_threshold_of_zero_pairs_all_once_and_the_scores_are_left_alone() -> None:
    scores = np.zeros((2, 3))
    assert one_to_one(scores, 0.0) == [(0, 0), (1, 1)]
    assert (scores == 0).all()


def test_the_largest_sum_of_nothing() -> None:
    assert largest_sum(np.zeros((0, 0))) == largest_sum(np.zeros((3, 0))) == largest_sum(np.zeros((0, 3))) == []
    assert largest_sum(np.zeros((2, 3))) == []


def test_the_largest_sum_is_not_the_best_first() -> None:
    assert sorted(largest_sum(np.array([[0.9, 0.8, 0.0], [0.85, 0.0, 0.0]]))) == [(0, 1), (1, 0)]


@pytest.mark.parametrize("seed", range(60))
def test_the_largest_sum_is_that_of_scipy(seed: int) -> None:
    rng = np.random.default_rng(seed)
    worth = rng.uniform(0, 1, rng.integers(1, 13, 2))
    if seed % 3:
        worth *= rng.uniform(0, 1, worth.shape) < 0.5  # most pairs are none
    if seed % 5 == 0:
        worth = np.round(worth, 1)  # several are as good
    pairs = largest_sum(worth)
    assert len(set(rows := [row for row, _ in pairs])) == len(rows)
    assert len(set(columns := [column for _, column in pairs])) == len(columns)
    assert all(worth[pair] > 0 for pair in pairs)
    assert sum(worth[pair] for pair in pairs) == pytest.approx(worth[linear_sum_assignment(-worth)].sum())
