"""Which moments of recordings a student learns from, and which are kept to choose and to prove it by."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from orpose_models.adaptation.looking import Look
from orpose_models.vocabulary.errors import OrposeError

Part = Literal["learn", "choose", "prove"]
# Where, in shares of each recording's length, its parts begin; the last ones are never learned from.
_BEGINS: dict[Part, float] = {"learn": 0.0, "choose": 0.7, "prove": 0.8}
_BETWEEN_S = 2.0  # seconds at the border of two parts of a long recording that belong to neither
_SAME = 12.0  # grey levels: pictures with as many people that differ by less nearly everywhere are one
_SHORTEST_S, _FEWEST = 30.0, 30


@dataclass(frozen=True)
class Chosen:
    """A moment that is taken.

    Attributes:
        look: index in the list of looks.
        part: what it is for.
    """

    look: int
    part: Part


def part_of(place: float, length_s: float | None = None) -> Part | None:
    """The part of the image at `place` (0..1) of its recording; None between two parts.

    Args:
        place: share of the recording that lies before it.
        length_s: the recording's length, where known.
    """
    border = min(_BETWEEN_S / length_s, 0.02) if length_s else 0.0
    for part, begin in reversed(_BEGINS.items()):
        if place >= begin:
            return part
        if place > begin - border:
            return None
    return "learn"


def check_recording(looks: Sequence[Look], short: bool = False) -> None:
    """Refuse what cannot be learned from.

    Args:
        looks: of all recordings.
        short: whether a short recording will do all the same.

    Raises:
        OrposeError: black, too short, or nobody in it.
    """
    showing = [one for one in looks if one.shows]
    if not showing:
        raise OrposeError("the recording is black, or of one grey throughout: there is nothing to learn from")
    lengths = [_length(looks, number) for number in {one.recording for one in looks}]
    timed = all(length is not None for length in lengths)
    if timed and not short and sum(filter(None, lengths)) < _SHORTEST_S:
        raise OrposeError(
            f"{sum(filter(None, lengths)):.0f} s of recording are too little to learn from and to prove it by; "
            f"at least {_SHORTEST_S:.0f} s are needed, an hour is better (--short tries it all the same)"
        )
    if len(showing) < _FEWEST:
        raise OrposeError(
            f"{len(showing)} images are too few to learn from and to prove it by; at least {_FEWEST} are needed"
        )
    if not any(len(one.scores) for one in showing):
        raise OrposeError(
            "nobody is in the recording as far as the student before can see: it shows the room, but there is "
            "nothing to learn about people; record the room in use"
        )


def choose(looks: Sequence[Look], counts: dict[Part, int], left_out: Collection[int] = ()) -> list[Chosen]:
    """Choose moments, varied in time, people and difficulty; near-duplicates are left out.

    In each part the next moment is always the one that is least like all those taken, difficult ones first.

    Args:
        looks: in the order of recordings and images.
        counts: at most so many of each part.
        left_out: recordings that nothing is chosen from: others show the same moments.
    """
    places = _places(looks)
    parts: list[Part | None] = [
        part_of(place, _length(looks, one.recording)) if one.shows and one.recording not in left_out else None
        for one, place in zip(looks, places, strict=True)
    ]
    features = _features(looks, places)
    chosen = []
    for part, count in counts.items():
        mine = [i for i, other in enumerate(parts) if other == part]
        chosen += [Chosen(i, part) for i in sorted(_spread(mine, looks, features, count))]
    return chosen


def _length(looks: Sequence[Look], recording: int) -> float | None:
    stamps = [one.stamp_ns for one in looks if one.recording == recording]
    known = [stamp for stamp in stamps if stamp is not None]
    return (max(known) - min(known)) / 1e9 if known and len(known) == len(stamps) else None


def _places(looks: Sequence[Look]) -> list[float]:
    """Which share of its recording lies before each image, by their numbers."""
    ends = {
        number: max(one.index for one in looks if one.recording == number) for number in {x.recording for x in looks}
    }
    return [one.index / max(1, ends[one.recording] + 1) for one in looks]


def _features(looks: Sequence[Look], places: Sequence[float]) -> NDArray[np.float64]:
    """(n, k) what moments differ by: appearance, time, how many people, their size and how hard they are to see."""
    if not looks:
        return np.zeros((0, 1))
    small = np.stack([one.thumb.reshape(12, 4, 16, 4).mean(axis=(1, 3)).ravel() for one in looks]) / 255
    persons = np.array([len(one.scores) for one in looks], np.float64)
    sizes = np.array([np.mean(one.boxes[:, 3] - one.boxes[:, 1]) if len(one.boxes) else 0.0 for one in looks])
    hard = np.array([one.difficulty for one in looks])
    others = np.stack([np.asarray(places), np.sqrt(persons) * 0.3, sizes * 0.5, np.sqrt(hard) * 0.3], axis=1)
    recordings = np.array([one.recording for one in looks], np.float64)[:, None]
    return np.concatenate([small / np.sqrt(small.shape[1]) * 3, others, recordings], axis=1)


def _spread(mine: Sequence[int], looks: Sequence[Look], features: NDArray[np.float64], count: int) -> list[int]:
    if not mine or count <= 0:
        return []
    bonus = {i: 1 + 0.5 * min(1.0, looks[i].difficulty / 4) for i in mine}
    first = max(mine, key=lambda i: looks[i].difficulty)
    taken, left = [first], {i: float(np.linalg.norm(features[i] - features[first])) for i in mine if i != first}
    while left and len(taken) < count:
        best = max(left, key=lambda i: left[i] * bonus[i])
        del left[best]
        if any(_alike(looks[best], looks[other]) for other in taken):
            continue
        taken.append(best)
        for i in left:
            left[i] = min(left[i], float(np.linalg.norm(features[i] - features[best])))
    return taken


def _alike(one: Look, other: Look) -> bool:
    if one.recording != other.recording or len(one.scores) != len(other.scores):
        return False
    return float(np.percentile(np.abs(one.thumb.astype(np.float64) - other.thumb), 99)) < _SAME
