"""Are the keypoint scores honest? Calibration error, reliability diagram, and what the branches' disagreement tells.

A score is honest if of all joints with score s a share s is right (Guo et al. 2017).
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import spearmanr

from orpose_models.datasets.truth import NOT_LABELLED, Truth, as_coco17
from orpose_models.vocabulary.assignment import one_to_one
from orpose_models.vocabulary.poses import Poses
from orpose_models.vocabulary.similarity import box_iou
from orpose_models.vocabulary.skeletons import COCO17

RIGHT_WITHIN = 0.2  # of the torso
PAIR_IOU = 0.5
# Stands for the torso of whom none is labelled, as a share of the box's longer side.
_TORSO_OF_BOX = 0.3
BINS = 15

CONVENTION = (
    f"a joint is right within {RIGHT_WITHIN:g} of the torso, the longer of the two diagonals from a shoulder to the "
    f"opposite hip in the annotation; predictions and persons are paired one-to-one by box IoU >= {PAIR_IOU:g}; "
    "labelled joints only; joints not seen (score 0) and persons without a labelled torso are left out"
)
UNLABELLED_WRONG = (
    CONVENTION.partition("; labelled")[0] + "; joints that are not labelled count as wrong; joints not seen (score 0) "
    f"and persons without a labelled joint are left out; {_TORSO_OF_BOX:g} of the box's longer side stand for a torso "
    "that is not labelled"
)

_DIAGONALS = (
    (COCO17.index("left_shoulder"), COCO17.index("right_hip")),
    (COCO17.index("right_shoulder"), COCO17.index("left_hip")),
)


@dataclass(frozen=True, eq=False)
class JointSamples:
    """k predicted joints whose truth is known.

    Attributes:
        score, hard, soft: (k,) their scores.
        error: (k,) distance from the annotation as a share of the torso.
        joint: (k,) COCO-17 index.
        image_ids: (k,).
    """

    score: NDArray[np.float64]
    hard: NDArray[np.float64]
    soft: NDArray[np.float64]
    error: NDArray[np.float64]
    joint: NDArray[np.int64]
    image_ids: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.score)

    @property
    def right(self) -> NDArray[np.bool_]:
        """(k,) whether the joint is right."""
        return self.error <= RIGHT_WITHIN


def torso_length(keypoints: NDArray[np.float64], visibility: NDArray[np.int64]) -> NDArray[np.float64]:
    """(n,) the longer labelled diagonal of each torso; 0 without one.

    Args:
        keypoints: (n, 17, 2), COCO-17's order.
        visibility: (n, 17), COCO's flags.
    """
    labelled = visibility > NOT_LABELLED
    torso = np.zeros(len(keypoints))
    for a, b in _DIAGONALS:
        length = np.linalg.norm(keypoints[:, a] - keypoints[:, b], axis=-1)
        torso = np.maximum(torso, np.where(labelled[:, a] & labelled[:, b], length, 0))
    return torso


def joint_samples(truth: Truth, predictions: Mapping[int, Poses], unlabelled_wrong: bool = False) -> JointSamples:
    """Collect the joints of predictions that are paired with an annotated person.

    Args:
        truth: the annotations.
        predictions: by image.
        unlabelled_wrong: whether joints that are not labelled are wrong, with an infinite error (`UNLABELLED_WRONG`),
            or say nothing (`CONVENTION`). The former where whatever shows is labelled.
    """
    columns: list[list[NDArray]] = [[] for _ in range(6)]
    for image in truth.images:
        persons = image.persons.select(~image.persons.ignore)
        keypoints, visibility = as_coco17(truth, persons)
        labelled = visibility > NOT_LABELLED
        torso = torso_length(keypoints, visibility)
        poses = predictions.get(image.image_id, Poses.empty())
        for i, j in one_to_one(box_iou(persons.boxes, poses.boxes), PAIR_IOU):
            size = torso[i]
            if size <= 0 and unlabelled_wrong and labelled[i].any():
                size = _TORSO_OF_BOX * (persons.boxes[i, 2:] - persons.boxes[i, :2]).max()
            if size <= 0:
                continue
            use = np.flatnonzero((labelled[i] | unlabelled_wrong) & (poses.keypoint_scores[j] > 0))
            distance = np.linalg.norm(poses.keypoints[j, use] - keypoints[i, use], axis=-1) / size
            distance[~labelled[i, use]] = np.inf
            values = (
                poses.keypoint_scores[j, use],
                poses.scores_hard[j, use],
                poses.scores_soft[j, use],
                distance,
                use,
                np.full(len(use), image.image_id),
            )
            for column, value in zip(columns, values, strict=True):
                column.append(value)
    score, hard, soft, error = (np.concatenate([np.empty(0), *column]) for column in columns[:4])
    joint, image_ids = (np.concatenate([np.empty(0, np.int64), *column]) for column in columns[4:])
    return JointSamples(score, hard, soft, error, joint, image_ids)


@dataclass(frozen=True)
class Reliability:
    """A reliability diagram.

    Attributes:
        ece: expected calibration error, the mean over all joints of |share right - mean score| of their bin; None
            without joints.
        mean_score, share_right: overall; a mean score above the share right is overconfidence.
        bins: per bin of equal width in 0..1: lower edge, upper edge, number, mean score, share right (None if empty).
    """

    ece: float | None
    mean_score: float | None
    share_right: float | None
    bins: list[tuple[float, float, int, float | None, float | None]]


def reliability(scores: NDArray[np.floating], right: NDArray[np.bool_], bins: int = BINS) -> Reliability:
    """Compare scores (k,) in 0..1 with what came true (k,)."""
    edges = np.linspace(0, 1, bins + 1)
    index = np.clip(np.ceil(np.asarray(scores) * bins).astype(int) - 1, 0, bins - 1)
    rows: list[tuple[float, float, int, float | None, float | None]] = []
    gap = 0.0
    for b in range(bins):
        inside = index == b
        number = int(inside.sum())
        mean = float(scores[inside].mean()) if number else None
        share = float(right[inside].mean()) if number else None
        if mean is not None and share is not None:
            gap += number * abs(share - mean)
        rows.append((float(edges[b]), float(edges[b + 1]), number, mean, share))
    if not len(scores):
        return Reliability(None, None, None, rows)
    return Reliability(gap / len(scores), float(np.mean(scores)), float(np.mean(right)), rows)


@dataclass(frozen=True)
class RankCorrelation:
    """Spearman's rank correlation with the error; None, with the reason in `note`, where it is not defined."""

    value: float | None
    joints: int
    note: str = ""


def rank_correlation(indicator: NDArray[np.floating], error: NDArray[np.floating]) -> RankCorrelation:
    """How well an indicator (k,) ranks joints by their error (k,)."""
    number = len(error)
    if number < 3:
        return RankCorrelation(None, number, "fewer than three joints")
    if np.ptp(indicator) == 0 or np.ptp(error) == 0:
        return RankCorrelation(None, number, "the same value for all joints")
    return RankCorrelation(float(spearmanr(indicator, error).statistic), number)
