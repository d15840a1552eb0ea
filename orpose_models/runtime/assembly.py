"""From what a network found in its input to poses in pixels of the original image."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from orpose_models.model_format.score_calibration import Calibration
from orpose_models.vocabulary.poses import Poses
from orpose_models.vocabulary.resolution import Size

Floats = NDArray[np.float32]


class Found(NamedTuple):
    """The n persons of one image, in pixels of the image that the network was given.

    Attributes:
        boxes: (n, 4) x_min, y_min, x_max, y_max. box_scores: (n,).
        keypoints: (n, 17, 2) and keypoint_scores: (n, 17), from the mean of the branches' heatmaps.
        scores_soft, scores_hard: (n, 17), of each branch; the same if there is one only.
        joints3d: (n, 17, 3) metres, Human3.6M-17 order, relative to joint 0: mean of the lifters that have an
            answer; NaN if none has.
    """

    boxes: Floats
    box_scores: Floats
    keypoints: Floats
    keypoint_scores: Floats
    scores_soft: Floats
    scores_hard: Floats
    joints3d: Floats


def poses_of(found: Found, size: Size, full: Size, calibration: Calibration | None) -> Poses:
    """The persons in pixels of the original; boxes end at its edges.

    Args:
        found: in pixels of the network's input.
        size: width, height of that input.
        full: of the original.
        calibration: of the keypoint scores; None leaves them as they are.
    """
    scale = np.array(full, np.float32) / np.array(size, np.float32)
    poses = Poses.from_arrays(
        np.clip(found.boxes * np.tile(scale, 2), 0, np.array([*full, *full], np.float32)),
        found.box_scores,
        found.keypoints * scale,
        found.keypoint_scores,
        scores_hard=found.scores_hard,
        scores_soft=found.scores_soft,
        joints3d=found.joints3d,
    )
    return poses if calibration is None else calibration.apply(poses)
