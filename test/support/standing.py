"""Persons that stand beside each other, for trackers."""

import numpy as np

from orpose_models.vocabulary.poses import Poses


def persons(*lefts: float) -> Poses:
    """Persons 100 px wide and 200 px high at these left edges, with a joint on each point of a fixed pattern."""
    pattern = np.stack([np.linspace(10, 90, 17), np.linspace(0, 200, 17)], axis=1)
    boxes = [[left, 0, left + 100, 200] for left in lefts]
    keypoints = np.array([pattern + np.array([left, 0]) for left in lefts]).reshape(-1, 17, 2)
    return Poses.from_arrays(boxes, np.ones(len(lefts)), keypoints, np.ones((len(lefts), 17)))


def scored(poses: Poses, *scores: float) -> Poses:
    return poses.with_arrays(box_scores=np.array(scores, np.float32))
