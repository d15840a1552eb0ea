"""How far from the start a student goes: most of what was learned, as long as nothing is forgotten."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from orpose_models.datasets.truth import Truth
from orpose_models.student.weights import load_student, save_student
from orpose_models.training.averaging import between, copied
from orpose_models.training.measuring import evaluate_student
from orpose_models.training.selection import grade
from orpose_models.vocabulary.reporting import Reporter, counter

SHARES = (1.0, 0.75, 0.5, 0.25)
ROOM_FACTORS, EVERYDAY_FACTORS = (1.0, 8.0, 12.0), (1.0, 12.0)
# Keypoint AP (0..1) that may be lost on the everyday pictures.
FORGOTTEN = 0.01


def choose_weights(
    start: Path, trained: Path, room: Truth, everyday: Truth, folder: Path, target: Path, reporter: Reporter
) -> dict[str, Any]:
    """Write the weights between start and end of the training that are best in the room and forget nothing.

    Args:
        start, trained: weights.
        room: the part of the recording that weights are chosen on.
        everyday: pictures on which they must not become worse.
        folder: of what is measured.
        target: the chosen weights.

    Returns:
        What was measured and chosen, for the report.
    """
    before, _ = load_student(start)
    after, info = load_student(trained)
    first, last = copied(before.state_dict()), copied(after.state_dict())
    advance = counter(reporter, "weights", len(SHARES) + 1)
    measured: dict[float, dict[str, float]] = {}
    for share in (0.0, *SHARES):
        # The start, too, at the sizes that were chosen: what they bring must not pay for what is forgotten.
        after.load_state_dict(between(first, last, share))
        figures = evaluate_student(after, room, ROOM_FACTORS, folder / f"room-{share:g}")
        kept = evaluate_student(after, everyday, EVERYDAY_FACTORS, folder / f"everyday-{share:g}")
        measured[share] = {"room": grade(figures), "everyday": grade(kept)}
        advance()
    share = best_share(measured)
    after.load_state_dict(between(first, last, share))
    found = {"share_of_the_way": share, "shares": {f"{key:g}": value for key, value in measured.items()}}
    save_student(target, after, {**info, "selected": found})
    return found


def best_share(measured: Mapping[float, Mapping[str, float]], shares: Sequence[float] = SHARES) -> float:
    """The share that is best in the room of those that forget no more than `FORGOTTEN`; else what forgets least."""
    limit = measured[0.0]["everyday"] - FORGOTTEN
    good = [share for share in shares if measured[share]["everyday"] >= limit]
    if good:
        return max(good, key=lambda share: measured[share]["room"])
    return max(shares, key=lambda share: measured[share]["everyday"])
