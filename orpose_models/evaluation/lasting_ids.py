"""Are persons who they were? IDF1 and id switches, computed by py-motmetrics."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from orpose_models.datasets.truth import Persons
from orpose_models.vocabulary.installing import needed_for
from orpose_models.vocabulary.poses import Poses
from orpose_models.vocabulary.similarity import box_coverage, box_iou

PAIR_IOU = 0.5
# Share of a prediction's box inside an ignored person's from which on it is neither right nor wrong.
IGNORED = 0.5

CONVENTIONS: Mapping[str, str] = {
    "pairs": (
        f"persons of the truth and predictions of at least the score threshold, one-to-one by IoU >= {PAIR_IOU:g} of "
        "their boxes; who is marked as to be ignored counts on neither side"
    ),
    "IDF1": (
        "py-motmetrics: share of persons and predictions that the best one-to-one assignment of ids over the whole "
        "sequence explains, F1 of ID precision and ID recall; misses and false persons lower it too"
    ),
    "switches": "py-motmetrics: how often a person of the truth is found with another id than the last time",
}
_METRICS = {
    "num_frames": "images",
    "num_objects": "persons",
    "idf1": "idf1",
    "idp": "id_precision",
    "idr": "id_recall",
    "num_switches": "switches",
    "num_misses": "misses",
    "num_false_positives": "false_persons",
    "num_unique_objects": "people",
}
_WHOLE = ("num_frames", "num_objects", "num_switches", "num_misses", "num_false_positives", "num_unique_objects")


@dataclass(frozen=True, eq=False)
class Followed:
    """Consecutive images of one camera.

    Attributes:
        name: what it is.
        truth: who is there, with `person_ids` that last over the sequence.
        poses: who was found, with ids.
    """

    name: str
    truth: Sequence[Persons]
    poses: Sequence[Poses]


def identity_figures(sequences: Sequence[Followed], threshold: float) -> dict[str, dict[str, Any]]:
    """Figures of each sequence by its name, and of all together as "all"; None where one is not defined.

    Args:
        sequences: what is measured; ids of one have nothing to do with another's.
        threshold: predictions with a lower box score, or without an id, do not count.

    Raises:
        OrposeError: py-motmetrics is not installed.
    """
    with needed_for("measuring lasting ids", "lab"):
        import motmetrics
    accumulators = [_accumulate(motmetrics.MOTAccumulator(auto_id=False), one, threshold) for one in sequences]
    if not sequences:
        return {}
    host = motmetrics.metrics.create()
    table = host.compute_many(
        accumulators, metrics=list(_METRICS), names=[one.name for one in sequences], generate_overall=True
    )
    figures = {}
    for name, row in table.rename(index={"OVERALL": "all"}).iterrows():
        figures[str(name)] = {
            key: (int(row[metric]) if metric in _WHOLE else float(row[metric])) if np.isfinite(row[metric]) else None
            for metric, key in _METRICS.items()
        }
    return figures


def _accumulate(accumulator: Any, sequence: Followed, threshold: float) -> Any:
    for number, (persons, poses) in enumerate(zip(sequence.truth, sequence.poses, strict=True)):
        found = poses.select((poses.box_scores >= threshold) & (poses.ids >= 0))
        wanted = persons.select(~persons.ignore)
        overlap = box_iou(wanted.boxes, found.boxes)
        kept = ~_on_ignored(persons, found) | (overlap.max(axis=0, initial=0.0) >= PAIR_IOU)
        distance = np.where(overlap >= PAIR_IOU, 1 - overlap, np.nan)[:, kept]
        accumulator.update(wanted.person_ids.tolist(), found.ids[kept].tolist(), distance, frameid=number)
    return accumulator


def _on_ignored(persons: Persons, found: Poses) -> NDArray[np.bool_]:
    """(n,) predictions that lie on somebody who is to be ignored."""
    ignored = persons.boxes[persons.ignore]
    coverage = box_coverage(ignored, found.boxes) if len(ignored) else np.zeros((0, len(found)))
    return np.asarray(coverage.max(axis=0, initial=0.0) >= IGNORED, np.bool_)
