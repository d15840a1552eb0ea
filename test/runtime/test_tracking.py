import numpy as np

from orpose_models.runtime.tracking import Tracker
from orpose_models.vocabulary.poses import Poses


def persons(*lefts: float) -> Poses:
    """Persons 100 px wide and 200 px high at these left edges, with a joint on each point of a fixed pattern."""
    pattern = np.stack([np.linspace(10, 90, 17), np.linspace(0, 200, 17)], axis=1)
    boxes = [[left, 0, left + 100, 200] for left in lefts]
    keypoints = np.array([pattern + np.array([left, 0]) for left in lefts]).reshape(-1, 17, 2)
    return Poses.from_arrays(boxes, np.ones(len(lefts)), keypoints, np.ones((len(lefts), 17)))


def test_nobody() -> None:
    assert len(Tracker().update(Poses.empty(), 0)) == 0


def test_ids_follow_persons_that_change_places_in_the_list() -> None:
    tracker = Tracker()
    assert tracker.update(persons(0, 300), 0.0).ids.tolist() == [1, 2]
    assert tracker.update(persons(305, 8), 0.1).ids.tolist() == [2, 1]
    assert tracker.update(persons(16, 600, 310), 0.2).ids.tolist() == [1, 3, 2]


def test_a_short_gap_keeps_the_id_and_a_long_one_does_not() -> None:
    tracker = Tracker(memory=1.0)
    tracker.update(persons(0), 0.0)
    tracker.update(Poses.empty(), 0.5)
    assert tracker.update(persons(5), 0.9).ids.tolist() == [1]
    assert tracker.update(persons(5), 2.5).ids.tolist() == [2]


def test_time_going_back_starts_anew_without_reusing_ids() -> None:
    tracker = Tracker()
    tracker.update(persons(0), 100.0)
    assert tracker.update(persons(0), 1.0).ids.tolist() == [2]
    tracker.reset()
    assert tracker.update(persons(0), 2.0).ids.tolist() == [1]


def test_somebody_elsewhere_is_somebody_else() -> None:
    tracker = Tracker()
    tracker.update(persons(0), 0.0)
    assert tracker.update(persons(400), 0.1).ids.tolist() == [2]
