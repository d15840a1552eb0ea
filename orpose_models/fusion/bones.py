"""Lengths that a body keeps: between COCO-17 joints of adults, and those learned of one person."""

import numpy as np
from numpy.typing import NDArray

from orpose_models.vocabulary.skeletons import COCO17

# Joint, joint, mean and standard deviation over adults in metres; of the simulated validation split's bodies.
_LENGTHS = (
    ("left_knee", "left_ankle", 0.408, 0.030),
    ("right_knee", "right_ankle", 0.408, 0.030),
    ("left_hip", "left_knee", 0.388, 0.030),
    ("right_hip", "right_knee", 0.388, 0.030),
    ("left_hip", "right_hip", 0.233, 0.025),
    ("left_shoulder", "left_hip", 0.547, 0.040),
    ("right_shoulder", "right_hip", 0.547, 0.040),
    ("left_shoulder", "right_shoulder", 0.347, 0.035),
    ("left_shoulder", "left_elbow", 0.290, 0.025),
    ("right_shoulder", "right_elbow", 0.290, 0.025),
    ("left_elbow", "left_wrist", 0.251, 0.020),
    ("right_elbow", "right_wrist", 0.251, 0.020),
    ("left_ear", "right_ear", 0.161, 0.015),
    ("left_ear", "left_shoulder", 0.211, 0.040),
    ("right_ear", "right_shoulder", 0.213, 0.040),
    ("nose", "left_ear", 0.153, 0.015),
    ("nose", "right_ear", 0.153, 0.015),
    ("nose", "left_eye", 0.057, 0.010),
    ("nose", "right_eye", 0.057, 0.010),
    ("left_eye", "left_ear", 0.110, 0.012),
    ("right_eye", "right_ear", 0.110, 0.012),
)
ENDS: NDArray[np.int64] = np.array([[COCO17.index(name) for name in row[:2]] for row in _LENGTHS])
MEAN: NDArray[np.float64] = np.array([row[2] for row in _LENGTHS])
STD: NDArray[np.float64] = np.array([row[3] for row in _LENGTHS])
# The bone on the other side of the body, which has the same length.
_NAMES = [tuple(sorted(row[:2])) for row in _LENGTHS]
MIRROR: NDArray[np.int64] = np.array(
    [_NAMES.index(tuple(sorted(COCO17.joints[COCO17.flip[end]] for end in ends))) for ends in ENDS]
)


def lengths(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """(..., bones) of COCO joints (..., 17, 3), metres."""
    return np.asarray(np.linalg.norm(points[..., ENDS[:, 0], :] - points[..., ENDS[:, 1], :], axis=-1))
