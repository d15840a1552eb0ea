import numpy as np
import pytest

from orpose_models.datasets.truth import Persons
from orpose_models.evaluation.lasting_ids import Followed, identity_figures
from orpose_models.vocabulary.poses import Poses
from orpose_models.vocabulary.skeletons import COCO17, H36M17

pytest.importorskip("motmetrics", reason="lasting ids are measured by motmetrics: pip install '.[lab]'")


def box(left: float) -> list[float]:
    return [left, 0, left + 100, 200]


def truth(people: dict[int, float], ignore: tuple[int, ...] = ()) -> Persons:
    """People by number, at these left edges."""
    return Persons.from_arrays(
        COCO17,
        H36M17,
        [box(left) for left in people.values()],
        ignore=[number in ignore for number in people],
        person_ids=list(people),
    )


def found(people: dict[int, float], score: float = 0.9) -> Poses:
    return Poses.from_arrays([box(left) for left in people.values()], np.full(len(people), score), ids=list(people))


def figures(*moments: tuple[Persons, Poses], threshold: float = 0.3) -> dict:
    persons, poses = zip(*moments, strict=True)
    return identity_figures([Followed("a", persons, poses)], threshold)["a"]


def test_nothing() -> None:
    assert identity_figures([], 0.3) == {}


def test_nobody() -> None:
    one = figures((truth({}), found({})))
    assert (one["images"], one["persons"], one["switches"], one["idf1"]) == (1, 0, 0, None)


def test_whoever_keeps_the_id_is_right() -> None:
    one = figures(*[(truth({4: 0, 5: 300}), found({11: 5, 12: 295})) for _ in range(5)])
    assert (one["idf1"], one["switches"], one["misses"], one["false_persons"]) == (1.0, 0, 0, 0)
    assert (one["images"], one["people"], one["persons"]) == (5, 2, 10)


def test_two_who_swap_their_ids_half_way() -> None:
    moments = [(truth({4: 0, 5: 300}), found({1: 0, 2: 300} if i < 2 else {2: 0, 1: 300})) for i in range(4)]
    one = figures(*moments)
    assert (one["idf1"], one["switches"]) == (0.5, 2)


def test_a_new_id_after_a_gap_is_a_switch_and_the_gap_a_miss() -> None:
    one = figures(
        (truth({4: 0}), found({1: 0})), (truth({4: 0}), found({})), (truth({4: 0}), found({2: 0})),
        (truth({4: 0}), found({2: 0})),
    )  # fmt: skip
    assert (one["switches"], one["misses"]) == (1, 1)
    # Two of four persons and of three predictions belong to the one id that explains most.
    assert one["idf1"] == pytest.approx(2 * 2 / (4 + 3))


def test_low_scores_untracked_and_ignored_do_not_count() -> None:
    people = truth({4: 0, 5: 300}, ignore=(5,))
    untracked = Poses.from_arrays([box(900)], [0.9])
    poses = Poses.concatenate([found({1: 0, 2: 300}), found({3: 600}, score=0.2), untracked])
    one = figures((people, poses))
    assert (one["idf1"], one["false_persons"], one["persons"]) == (1.0, 0, 1)
    assert figures((people, poses), threshold=0.1)["false_persons"] == 1


def test_ids_of_two_sequences_have_nothing_to_do_with_each_other() -> None:
    a = Followed("a", [truth({1: 0})], [found({1: 0})])
    b = Followed("b", [truth({1: 0})], [found({2: 0})])
    both = identity_figures([a, b], 0.3)
    assert list(both) == ["a", "b", "all"]
    assert (both["all"]["idf1"], both["all"]["switches"], both["all"]["people"]) == (1.0, 0, 2)
