"""Scores over time: steadied, watched below the threshold, capped."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orpose_models.tracking.tracker import Tracker
from orpose_models.vocabulary.poses import Poses

from support.standing import persons, scored  # isort: skip


def test_the_score_is_a_mean_over_the_images_of_the_latest_second() -> None:
    tracker = Tracker()
    assert tracker.update(scored(persons(0), 0.8), 0.0).box_scores.tolist() == pytest.approx([0.8])
    # Of one that is half a second old the share of exp(-1 / 2) is left.
    mean = 0.4 + 0.4 * math.exp(-0.5)
    assert tracker.update(scored(persons(0), 0.4), 0.5).box_scores.tolist() == pytest.approx([mean])
    # Images that do not show the person say nothing, and a repeated stamp counts for a sixtieth of a second.
    tracker.update(Poses.empty(), 0.5)
    mean = 0.9 + (mean - 0.9) * math.exp(-1 / 60)
    assert tracker.update(scored(persons(0), 0.9), 0.5).box_scores.tolist() == pytest.approx([mean])


def test_somebody_known_is_shown_where_an_image_makes_them_out_badly() -> None:
    tracker = Tracker()
    assert tracker.lowest(0.3) == pytest.approx(0.18)
    tracker.update(scored(persons(0), 0.9), 0.0, threshold=0.3)
    assert tracker.update(scored(persons(0), 0.2), 0.1, threshold=0.3).ids.tolist() == [1]
    # What is below 0.6 of the threshold is nobody, whoever passes it on.
    assert len(tracker.update(scored(persons(0), 0.17), 0.2, threshold=0.3)) == 0


def test_somebody_new_below_the_threshold_is_watched_and_shown_as_soon_as_an_image_is_sure() -> None:
    tracker = Tracker()
    assert len(tracker.update(scored(persons(0), 0.2), 0.0, threshold=0.3)) == 0
    assert tracker.known() == []
    shown = tracker.update(scored(persons(0), 0.35), 0.033, threshold=0.3)
    assert shown.ids.tolist() == [1]
    assert shown.box_scores.tolist() == pytest.approx([0.35])
    assert tracker.known() == [(1, 0.033)]
    # From now on the mean counts.
    assert len(tracker.update(scored(persons(0), 0.2), 0.3, threshold=0.3)) == 1
    assert len(tracker.update(scored(persons(0), 0.2), 0.9, threshold=0.3)) == 0


def test_of_more_than_wanted_the_steadily_best_are_shown() -> None:
    tracker = Tracker()
    tracker.update(scored(persons(0), 0.9), 0.0)
    both = scored(persons(0, 300), 0.4, 0.5)
    assert tracker.update(both, 0.1, most=1).ids.tolist() == [1]


@given(st.lists(st.floats(0.25, 1, width=32), min_size=1, max_size=8), st.floats(0, 0.5))
def test_a_steadied_score_lies_among_the_images(scores: list[float], step: float) -> None:
    tracker = Tracker()
    found = [tracker.update(scored(persons(0), score), i * step).box_scores for i, score in enumerate(scores)]
    for i, steadied in enumerate(found):
        assert min(scores[: i + 1]) - 1e-6 <= steadied[0] <= max(scores[: i + 1]) + 1e-6


def test_the_best_comes_first() -> None:
    tracker = Tracker()
    tracker.update(scored(persons(0, 300), 0.9, 0.5), 0.0)
    assert tracker.update(scored(persons(300, 0), 0.7, 0.6), 0.1).ids.tolist() == [1, 2]


def test_without_smoothing_scores_and_order_are_the_images() -> None:
    tracker = Tracker(smoothing=False)
    assert tracker.lowest(0.3) == 0.3
    tracker.update(scored(persons(0, 300), 0.9, 0.5), 0.0, threshold=0.3)
    found = tracker.update(scored(persons(300, 0), 0.5, 0.9), 0.1, threshold=0.3)
    assert found.ids.tolist() == [2, 1]
    assert found.box_scores.tolist() == pytest.approx([0.5, 0.9])
