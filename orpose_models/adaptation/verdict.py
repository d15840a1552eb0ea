"""Whether a student can be recommended: better in the room by what was measured, and no worse elsewhere."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

# Of keypoint AP (0..1): what is better, what is worse, and what everyday people may cost.
_BETTER, _WORSE, EVERYDAY = 0.01, 0.02, 0.01
_FEWER = 0.05  # everyday people who are no longer found, of all, that is worth a word
_FALSE = 0.05  # more false persons an image on person-free stretches
_UNSTEADY = 1.2  # times as much jitter, changes or limb variation
_STEADY: Mapping[str, tuple[str, float]] = {
    "jitter": ("joints jitter", 0.005),
    "changes": ("ids change", 1.0),
    "limbs": ("limbs change their length", 0.01),
}


@dataclass(frozen=True)
class Verdict:
    """What is said of a student.

    Attributes:
        recommended: whether it should be used instead of the one before.
        reasons: why not, or what speaks for it, one sentence each.
        summary: one line.
    """

    recommended: bool
    reasons: tuple[str, ...]
    summary: str


def judge(figures: Mapping[str, Any], name: str, before: str) -> Verdict:
    """Judge by `figures`, see `proving.figures_of`: room, everyday, false_persons, movement, cameras.

    It is recommended if, in the room, the mean keypoint AP over the factors rises by a point, at one factor at least
    beyond doubt; nothing else may clearly be worse.
    """
    room, everyday = figures["room"].get("keypoint AP", {}), figures["everyday"].get("keypoint AP", {})
    against = [*_worse(room, "in the room"), *_forgotten(everyday), *_false(figures)]
    against += [*_unsteady(figures), *_apart(figures)]
    known = [row for row in room.values() if row["difference"] is not None]
    mean = sum(row["difference"] for row in known) / len(known) if known else 0.0
    sure = any(row["low"] is not None and row["low"] > 0 for row in known)
    if not known:
        against.insert(0, "nobody is in the part that was kept back, so nothing is proved")
    elif mean < _BETTER:
        against.insert(0, f"it agrees with the teacher hardly better than before ({100 * mean:+.1f} points of AP)")
    elif not sure:
        against.insert(0, f"it seems better ({100 * mean:+.1f} points of AP), but at no scale beyond chance")
    said = _summary(room, everyday)
    if against:
        return Verdict(False, tuple(against), f"not recommended: {against[0]}; {said}")
    for_it = (
        f"in the room it agrees with the teacher better than {before}: {100 * mean:+.1f} points of keypoint AP on "
        "average over the scales",
        f"on everyday people it lost no more than {100 * EVERYDAY:g} point",
        *_shyer(figures["everyday"].get("recall", {})),
    )
    return Verdict(True, for_it, f"recommended: {said}")


def _summary(room: Mapping[str, Any], everyday: Mapping[str, Any]) -> str:
    def text(rows: Mapping[str, Any]) -> str:
        shown = [
            f"{factor}x {100 * rows[factor]['before']:.1f} -> {100 * rows[factor]['after']:.1f}"
            for factor in ("1", "12")
            if factor in rows and rows[factor]["difference"] is not None
        ]
        return ", ".join(shown) or "not measured"

    return f"keypoint AP by the teacher's labels in the room {text(room)}; everyday {text(everyday)}"


def _worse(rows: Mapping[str, Any], where: str) -> list[str]:
    return [
        f"{where} it is worse at {factor}x ({100 * row['difference']:+.1f} points of AP)"
        for factor, row in rows.items()
        if row["difference"] is not None and row["difference"] < -_WORSE and row["high"] is not None and row["high"] < 0
    ]


def _forgotten(everyday: Mapping[str, Any]) -> list[str]:
    known = [row["difference"] for row in everyday.values() if row["difference"] is not None]
    if not known:
        return ["what it may have forgotten of everyday people was not measured"]
    mean = sum(known) / len(known)
    if mean < -EVERYDAY:
        return [f"it has forgotten some of what it knew of everyday people ({100 * mean:+.1f} points of AP)"]
    return _worse(everyday, "on everyday people")


def _shyer(recall: Mapping[str, Any]) -> list[str]:
    """Where AP is kept, but scores became lower, so that fewer people are found at a usual threshold."""
    lost = {factor: row for factor, row in recall.items() if row["difference"] is not None}
    worst = min(lost, key=lambda factor: lost[factor]["difference"], default=None)
    if worst is None or lost[worst]["difference"] >= -_FEWER or (lost[worst]["high"] or 0) >= 0:
        return []
    return [
        f"but elsewhere its scores are lower: of 100 everyday people it finds {-100 * lost[worst]['difference']:.0f} "
        f"fewer at {worst}x and a score of 0.3; use it in this room, or with a lower threshold"
    ]


def _false(figures: Mapping[str, Any]) -> list[str]:
    before, after = figures["false_persons"]["before"], figures["false_persons"]["after"]
    images = before.get("images", 0)
    return [
        f"where nobody is it sees {after[factor]:g} persons in {images:g} images at {factor}x, "
        f"before {before[factor]:g}"
        for factor in before
        if factor != "images" and (after[factor] - before[factor]) / images > _FALSE
    ]


def _unsteady(figures: Mapping[str, Any]) -> list[str]:
    found = []
    for factor, before in figures["movement"]["before"].items():
        after = figures["movement"]["after"][factor]
        for key, (what, least) in _STEADY.items():
            if before[key] is None or after[key] is None:
                continue
            if after[key] > _UNSTEADY * before[key] and after[key] - before[key] > least:
                found.append(f"{what} more than before at {factor}x ({after[key]:.3g}, before {before[key]:.3g})")
    return found


def _apart(figures: Mapping[str, Any]) -> list[str]:
    """Where cameras fit together worse than before."""
    found = []
    for factor, before in figures["cameras"]["before"].items():
        first, second = before["error"], figures["cameras"]["after"][factor]["error"]
        if first is not None and second is not None and second > _UNSTEADY * first:
            found.append(
                f"cameras agree less than before at {factor}x ({100 * second:.2f} % of the image's diagonal apart, "
                f"before {100 * first:.2f})"
            )
    return found
