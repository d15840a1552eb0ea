"""What a user meets at the score threshold he works with: who is found, who is missed, what is made up."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from orpose_models.datasets.truth import Truth
from orpose_models.evaluation.paired_statistics import Ratio
from orpose_models.vocabulary.assignment import one_to_one
from orpose_models.vocabulary.poses import Poses
from orpose_models.vocabulary.similarity import box_iou

MIN_IOU = 0.5


def convention(threshold: float) -> str:
    """How the figures are defined."""
    return (
        f"persons with box score >= {threshold:g}; one-to-one by box IoU >= {MIN_IOU:g}, best first; "
        "a prediction on an ignored person is neither right nor wrong"
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
        iou = box_iou(image.persons.boxes, boxes)
        pairs = one_to_one(iou[wanted], MIN_IOU)
        used = {j for _, j in pairs}
        excused = {j for j in range(len(boxes)) if iou[~wanted, j].size and iou[~wanted, j].max() >= MIN_IOU}
        persons[i], found[i] = wanted.sum(), len(pairs)
        false[i] = len(set(range(len(boxes))) - used - excused)

    def ratio(top: np.ndarray, bottom: np.ndarray) -> Ratio:
        return Ratio(numerator=top.tolist(), denominator=bottom.tolist())

    statistics = {
        "recall": ratio(found, persons),
        "precision": ratio(found, found + false),
        "false positives per image": ratio(false, np.ones(n)),
    }
    return WorkingPoint(int(persons.sum()), int(found.sum()), int(false.sum()), statistics)
