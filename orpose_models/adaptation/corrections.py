"""A person's corrections of some kept-back frames, and what they say of both students, with an interval."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field
from scipy.optimize import linear_sum_assignment

from orpose_models.datasets.truth import ImageTruth
from orpose_models.evaluation.paired_statistics import Ratio, bootstrap, interval
from orpose_models.vocabulary.poses import Poses
from orpose_models.vocabulary.similarity import box_iou

FRAMES = 20
_SCORE, _IOU = 0.3, 0.5
_DRAWS = 2000


class Correction(BaseModel):
    """What somebody says of one frame.

    Attributes:
        image: its number.
        wrong: which of the shown persons are none, by their place.
        missing: x, y of persons who are not shown, in pixels of the frame.
    """

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)
    image: int
    wrong: list[Annotated[int, Field(ge=0)]] = []
    missing: list[tuple[float, float]] = []


class Corrections(BaseModel):
    """What somebody says of some frames; a frame that is not named was not looked at."""

    model_config = ConfigDict(extra="forbid")
    frames: Annotated[list[Correction], Field(max_length=1000)] = []


def frames_to_review(images: Sequence[ImageTruth], count: int = FRAMES) -> list[ImageTruth]:
    """Some frames, evenly."""
    step = max(1, -(-len(images) // count))
    return list(images[::step][:count])


def estimate(
    corrections: Corrections, images: Mapping[int, ImageTruth], before: Mapping[int, Poses], after: Mapping[int, Poses]
) -> dict[str, Any]:
    """How many of the persons who are there each student finds, and how many it makes up.

    A person whose box was shown is found by a box of IoU 0.5, one who was missing by a box about the place that was
    clicked. Persons of the teacher's that it was not sure of count neither way.

    Args:
        corrections: of frames.
        images: the frames with the teacher's labels.
        before, after: what the students found, at one factor, by frame.

    Returns:
        For 'found' (a share) and 'made_up' (persons a frame): before, after, difference and its 95 % interval over
        frames, None where that is not defined; and how many frames and persons there are.
    """
    counts: dict[str, list[tuple[int, int, int]]] = {
        name: [_counted(one, images[one.image], poses.get(one.image, Poses.empty())) for one in corrections.frames]
        for name, poses in (("before", before), ("after", after))
    }
    frames = len(corrections.frames)
    persons = sum(there for there, _, _ in counts["before"])
    statistics = {}
    for name, rows in counts.items():
        there = [float(row[0]) for row in rows]
        statistics[f"found {name}"] = Ratio(numerator=[float(row[1]) for row in rows], denominator=there)
        statistics[f"made_up {name}"] = Ratio(numerator=[float(row[2]) for row in rows], denominator=[1.0] * frames)
    drawn = bootstrap(statistics, frames, _DRAWS, 0) if frames else {}
    found: dict[str, Any] = {"frames": frames, "persons": persons}
    for key in ("found", "made_up"):
        values = {name: statistics[f"{key} {name}"].value(np.ones(frames)) for name in ("before", "after")}
        bounds = interval(drawn[f"{key} after"] - drawn[f"{key} before"]) if frames > 1 else None
        known = values["before"] is not None and values["after"] is not None
        difference = values["after"] - values["before"] if known else None  # type: ignore[operator]
        found[key] = {**values, "difference": difference, "low": None, "high": None}
        if bounds is not None and known:
            found[key] |= {"low": bounds[0], "high": bounds[1]}
    return found


def _counted(correction: Correction, image: ImageTruth, poses: Poses) -> tuple[int, int, int]:
    """Persons who are there, how many of them are found, and how many are made up."""
    shown = np.flatnonzero(~image.persons.ignore)
    right = np.array([i for place, i in enumerate(shown) if place not in correction.wrong], np.int64)
    boxes = poses.boxes[poses.box_scores >= _SCORE].astype(np.float64)
    fits = box_iou(image.persons.boxes[right], boxes) >= _IOU
    clicked = _about(correction.missing, boxes)
    all_fit = np.concatenate([fits, clicked])
    rows, columns = linear_sum_assignment(-all_fit.astype(float))
    pairs = [(row, column) for row, column in zip(rows, columns, strict=True) if all_fit[row, column]]
    taken = {int(column) for _, column in pairs}
    doubtful = box_iou(image.persons.boxes[image.persons.ignore], boxes) >= _IOU
    excused = {int(column) for column in np.flatnonzero(doubtful.any(axis=0))}
    made_up = len(set(range(len(boxes))) - taken - excused)
    return len(all_fit), len(pairs), made_up


def _about(points: Sequence[tuple[float, float]], boxes: NDArray[np.float64]) -> NDArray[np.bool_]:
    """(n, m) whether points lie in boxes."""
    places = np.asarray(points, np.float64).reshape(-1, 1, 2)
    return np.asarray(((places >= boxes[None, :, :2]) & (places <= boxes[None, :, 2:])).all(axis=2))
