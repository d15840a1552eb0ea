"""How alike predictions and annotated persons are."""

import numpy as np
from numpy.typing import NDArray

from orpose_models.datasets.truth import NOT_LABELLED, Persons, Truth, as_coco17
from orpose_models.vocabulary.poses import Poses
from orpose_models.vocabulary.similarity import pose_oks


def similarity(truth: Truth, persons: Persons, poses: Poses) -> NDArray[np.float64]:
    """Object keypoint similarity (n, m) of n annotated persons and m predictions.

    Over the labelled joints that the dataset shares with COCO-17 by name (on MVOR: shoulders, hips,
    elbows, wrists). A joint that a prediction has not (score 0) has similarity 0; a person without
    labelled joints has similarity 0 with everything.
    """
    keypoints, visibility = as_coco17(truth, persons)
    found = np.where((poses.keypoint_scores > 0)[..., None], poses.keypoints.astype(np.float64), np.inf)
    return pose_oks(keypoints, persons.areas, visibility > NOT_LABELLED, found)
