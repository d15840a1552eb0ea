"""At which sizes images of few pixels go through the network in this room: its people are as large as they are.

The shipped student's sizes suit everyday pictures, in which people fill much of the image. Where they are smaller, more
is found at a larger size, at the cost of time (docs/runtime.md).
"""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from orpose_models.adaptation.chosen_weights import FORGOTTEN
from orpose_models.datasets.truth import Truth
from orpose_models.model_format.student_config import OneStageConfig
from orpose_models.student.weights import load_student
from orpose_models.training.measuring import evaluate_student
from orpose_models.training.selection import grade
from orpose_models.vocabulary.reporting import Reporter, counter

_FACTORS = (8.0, 12.0)
_WORTH = 0.01  # keypoint AP (0..1) that a larger size must bring


def least_sides(student: OneStageConfig) -> list[int]:
    """The sides, rising, below which the network may be kept from running; the first changes nothing."""
    return sorted({student.short_side, *(min(side, student.short_side) for _, side in student.small_images)})


def with_least_side(student: OneStageConfig, least: int) -> OneStageConfig:
    """The settings of a network that never runs at a short side below `least`."""
    return replace(student, small_images=tuple((limit, max(side, least)) for limit, side in student.small_images))


def choose_size(start: Path, room: Truth, everyday: Truth, folder: Path, reporter: Reporter) -> dict[str, Any]:
    """Choose the least side, by the start's weights.

    Args:
        start: weights.
        room: moments to learn from, the teacher's labels as truth. None of those to prove by is looked at.
        everyday: pictures on which it must not become worse.
        folder: of what is measured.

    Returns:
        "least_side", "small_images" as `OneStageConfig` has them, and what was measured: keypoint AP (0..1) by side.
    """
    student, _ = load_student(start)
    own: OneStageConfig = student.config
    sides = least_sides(own)
    advance = counter(reporter, "sizes", len(sides))
    measured: dict[int, dict[str, float]] = {}
    for side in sides:
        student.config = with_least_side(own, side)
        measured[side] = {
            name: grade(evaluate_student(student, truth, _FACTORS, folder / f"{name}-{side}"))
            for name, truth in (("room", room), ("everyday", everyday))
        }
        advance()
    side = best_side(measured)
    small = with_least_side(own, side).small_images
    return {"least_side": side, "small_images": small, "sides": {str(key): value for key, value in measured.items()}}


def best_side(measured: Mapping[int, Mapping[str, float]]) -> int:
    """The smallest side that is, in the room, within `_WORTH` of the best of those that forget nothing."""
    own = min(measured)
    good = [side for side in measured if measured[side]["everyday"] >= measured[own]["everyday"] - FORGOTTEN]
    best = max(measured[side]["room"] for side in good)
    return min(side for side in good if measured[side]["room"] >= best - _WORTH)
