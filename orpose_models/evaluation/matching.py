"""Which prediction is of which annotated person."""

import numpy as np
from numpy.typing import NDArray

from orpose_models.datasets.truth import NOT_LABELLED, Persons, Truth, as_coco17
from orpose_models.poses import Poses
from orpose_models.similarity import pose_oks

Pairs = list[tuple[int, int]]  # index of the annotated person, index of the prediction


def similarity(truth: Truth, persons: Persons, poses: Poses) -> NDArray[np.float64]:
    """Object keypoint similarity (n, m) of n annotated persons and m predictions.

    Over the labelled joints that the dataset shares with COCO-17 by name (on MVOR: shoulders, hips,
    elbows, wrists). A joint that a prediction has not (score 0) has similarity 0; a person without
    labelled joints has similarity 0 with everything.
    """
    keypoints, visibility = as_coco17(truth, persons)
    found = np.where((poses.keypoint_scores > 0)[..., None], poses.keypoints.astype(np.float64), np.inf)
    return pose_oks(keypoints, persons.areas, visibility > NOT_LABELLED, found)


def one_to_one(scores: NDArray[np.float64], threshold: float) -> Pairs:
    """Pair rows and columns greedily, best score first, each at most once, while the score reaches `threshold`."""
    remaining = scores.copy()
    pairs = []
    while remaining.size and remaining.max() >= threshold:
        row, column = (int(i) for i in np.unravel_index(int(remaining.argmax()), remaining.shape))
        pairs.append((row, column))
        remaining[row], remaining[:, column] = -1, -1
    return sorted(pairs)
