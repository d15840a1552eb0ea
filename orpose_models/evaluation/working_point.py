"""What a user meets at the score threshold he works with: who is found, who is missed, what is made up."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from orpose_models.datasets.truth import Truth
from orpose_models.evaluation.paired_statistics import Ratio
from orpose_models.vocabulary.assignment import one_to_one
from orpose_models.vocabulary.poses import Poses
from orpose_models.vocabulary.similarity import box_coverage, box_iou

MIN_IOU = 0.5
FALSE_RATE = "false positives per image"


def convention(threshold: float) -> str:
    """How the figures are defined."""
    return (
        f"persons with box score >= {threshold:g}; one-to-one by box IoU >= {MIN_IOU:g}, best first; "
        f"a further prediction with at least {MIN_IOU:g} of its own area in an ignored region (a crowd) is neither "
        "right nor wrong"
    )


@dataclass(frozen=True)
class WorkingPoint:
    """Counts at the working threshold.

    Attributes:
        persons: annotated persons.
        found: of them those with a prediction.
        false_positives: predictions of nobody.
        statistics: 'recall', 'precision' and 'false positives per image' as functions of the images' weights.
    """

    persons: int
    found: int
    false_positives: int
    statistics: dict[str, Ratio]


def working_point(truth: Truth, predictions: Mapping[int, Poses], threshold: float) -> WorkingPoint:
    """Count persons found, missed and made up.

    Args:
        truth: the dataset.
        predictions: poses by image id; a missing image has no person.
        threshold: box scores from which on a prediction counts.
    """
    n = len(truth.images)
    persons, found, false = np.zeros(n), np.zeros(n), np.zeros(n)
    for i, image in enumerate(truth.images):
        wanted = ~image.persons.ignore
        poses = predictions.get(image.image_id, Poses.empty())
        boxes = poses.boxes[poses.box_scores >= threshold]
        pairs = one_to_one(box_iou(image.persons.boxes[wanted], boxes), MIN_IOU)
        excused = np.atleast_1d((box_coverage(image.persons.boxes[~wanted], boxes) >= MIN_IOU).any(axis=0))
        excused[[j for _, j in pairs]] = True
        persons[i], found[i] = wanted.sum(), len(pairs)
        false[i] = (~excused).sum()

    def ratio(top: np.ndarray, bottom: np.ndarray) -> Ratio:
        return Ratio(numerator=top.tolist(), denominator=bottom.tolist())

    statistics = {
        "recall": ratio(found, persons),
        "precision": ratio(found, found + false),
        FALSE_RATE: ratio(false, np.ones(n)),
    }
    return WorkingPoint(int(persons.sum()), int(found.sum()), int(false.sum()), statistics)
