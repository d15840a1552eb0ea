"""Which moments are taken, and which recordings are refused."""

import numpy as np
import pytest

from orpose_models.adaptation.choosing import check_recording, choose, part_of
from orpose_models.adaptation.looking import Look
from orpose_models.vocabulary.errors import OrposeError


def look(index, persons=1, seed=None, recording=0, seconds=1.0, level=None):
    rng = np.random.default_rng(index if seed is None else seed)
    thumb = rng.integers(40, 200, (48, 64)).astype(np.uint8)
    if level is not None:
        thumb[:] = level
    boxes = np.tile([0.1, 0.1, 0.3, 0.9], (persons, 1))
    stamp = None if seconds is None else round(index * seconds * 1e9)
    return Look(recording, index, stamp, (640, 480), thumb, boxes, np.full(persons, 0.5))


def test_nothing_to_choose_from() -> None:
    assert choose([], {"learn": 5, "choose": 2, "prove": 2}) == []


def test_parts_lie_one_after_the_other_with_nothing_between() -> None:
    assert [part_of(place) for place in (0.0, 0.69, 0.7, 0.79, 0.8, 0.99)] == [
        "learn", "learn", "choose", "choose", "prove", "prove",
    ]  # fmt: skip
    assert part_of(0.69, length_s=100) is None
    assert part_of(0.69, length_s=1000) == "learn"
    assert part_of(0.799, length_s=1000) is None


def test_moments_of_each_part_come_from_its_time() -> None:
    looks = [look(i) for i in range(100)]
    chosen = choose(looks, {"learn": 20, "choose": 5, "prove": 8})
    places = {part: [one.look for one in chosen if one.part == part] for part in ("learn", "choose", "prove")}
    assert {part: len(numbers) for part, numbers in places.items()} == {"learn": 20, "choose": 5, "prove": 8}
    assert max(places["learn"]) < 70 <= min(places["choose"])
    assert max(places["choose"]) < 80 <= min(places["prove"])


def test_near_duplicates_are_left_out() -> None:
    looks = [look(i, seed=i // 10) for i in range(100)]
    chosen = choose(looks, {"learn": 50})
    assert sorted({one.look // 10 for one in chosen}) == list(range(7))
    assert len(chosen) == 7


def test_dark_images_are_not_taken() -> None:
    looks = [look(i, level=2 if i % 2 else None) for i in range(60)]
    assert all(one.look % 2 == 0 for one in choose(looks, {"learn": 50, "prove": 10}))


def test_difficult_moments_come_first() -> None:
    looks = [look(i, persons=4 if i == 33 else 1) for i in range(100)]
    assert [one.look for one in choose(looks, {"learn": 1})] == [33]


@pytest.mark.parametrize(
    ("looks", "sentence"),
    [
        ([look(i, level=3) for i in range(100)], "the recording is black"),
        ([look(i, level=90) for i in range(100)], "of one grey throughout"),
        ([look(i, seconds=0.1) for i in range(101)], "10 s of recording are too little"),
        ([look(i, seconds=None) for i in range(29)], "29 images are too few"),
        ([look(i, persons=0) for i in range(100)], "nobody is in the recording"),
    ],
)
def test_what_cannot_be_learned_from_is_refused_in_a_sentence(looks, sentence) -> None:
    with pytest.raises(OrposeError, match=sentence):
        check_recording(looks)


def test_a_minute_with_somebody_in_it_is_accepted() -> None:
    check_recording([look(i) for i in range(60)])
