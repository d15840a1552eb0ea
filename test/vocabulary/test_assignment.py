import numpy as np

from orpose_models.vocabulary.assignment import one_to_one


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
