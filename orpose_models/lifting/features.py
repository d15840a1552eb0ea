"""What lifters see of a person: 2D keypoints, which of them are missing, their scores, and the camera's tilt.

Both forms start from normalised image coordinates (x/z, y/z), so that neither focal length nor image size
matters. The person is seen by a virtual camera that turns to look at it and is level from left to right;
coordinates are centred and scaled to the person, and the size and the elevation of the viewing ray are
given beside them. The lifter answers in level axes: x right, y down, z horizontally away from the camera.

* gravity: "level" is known. Nothing then depends on the camera's pitch, roll or azimuth as such.
* intrinsics: the camera is taken for level, though it need not be. The azimuth of the viewing ray is given
  as well, because people beside the middle of a tilted camera's image lean.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from orpose_models.vocabulary.skeletons import COCO17, COCO17_TO_H36M17

FORMS = ("gravity", "intrinsics")
# Keypoints with a lower score are treated as missing, whatever the detector.
MIN_SCORE = 0.05

_JOINTS = len(COCO17)
_UPPER = np.arange(_JOINTS) <= COCO17.index("right_hip")  # everything but knees and ankles
_TRUNK = [COCO17.index(f"{side}_{part}") for side in ("left", "right") for part in ("shoulder", "hip")]
# Length of a feature vector of each form.
LENGTHS = {"gravity": 4 * _JOINTS + 3, "intrinsics": 4 * _JOINTS + 4}


@dataclass(frozen=True, eq=False)
class Features:
    """Features of n persons.

    Attributes:
        values: (n, LENGTHS[form]) float64; NaN for the coordinates of missing joints.
        axes: (n, 3, 3) rotations from the optical axes to those that the lifter answers in.
    """

    values: NDArray[np.float64]
    axes: NDArray[np.float64]


def present(scores: ArrayLike) -> NDArray[np.bool_]:
    """(n, 17) which keypoints count as detected."""
    return np.asarray(scores) >= MIN_SCORE


def liftable(scores: ArrayLike) -> NDArray[np.bool_]:
    """(n,) whether enough is seen of a person: 3 joints, 2 of them above the knees, 1 of these a shoulder or a hip."""
    seen = present(scores)
    return (seen.sum(axis=1) >= 3) & (seen[:, _UPPER].sum(axis=1) >= 2) & seen[:, _TRUNK].any(axis=1)


def mirrored(plane: NDArray, scores: NDArray, gravity: NDArray | None) -> tuple[NDArray, NDArray, NDArray | None]:
    """The same persons in the mirror: normalised coordinates, scores, and gravity (n, 3) where known."""
    flip = list(COCO17.flip)
    turned = None if gravity is None else gravity * np.array([-1.0, 1.0, 1.0])
    return plane[:, flip] * np.array([-1.0, 1.0]), scores[:, flip], turned


def features(form: str, plane: ArrayLike, scores: ArrayLike, gravity: ArrayLike | None = None) -> Features:
    """Features of n persons.

    Args:
        form: one of `FORMS`.
        plane: (n, 17, 2) COCO-17 keypoints as normalised image coordinates.
        scores: (n, 17) in 0..1; every person must be `liftable`.
        gravity: (n, 3) or (3,) unit direction of gravity in the optical frame; the gravity form needs it.
    """
    if form == "gravity":
        if gravity is None:
            raise ValueError("the gravity form needs the direction of gravity")
        return _virtual_view(np.asarray(plane, np.float64), np.asarray(scores, np.float64), np.asarray(gravity))[0]
    level = np.array([0.0, 1.0, 0.0])
    seen, towards = _virtual_view(np.asarray(plane, np.float64), np.asarray(scores, np.float64), level)
    azimuth = np.arctan2(towards[:, :1], towards[:, 2:])
    return Features(np.concatenate([seen.values, azimuth], axis=1), seen.axes)


def _virtual_view(
    plane: NDArray[np.float64], scores: NDArray[np.float64], gravity: NDArray[np.floating]
) -> tuple[Features, NDArray[np.float64]]:
    """Features of the gravity form, and the direction (n, 3) in which each person is seen."""
    n = len(plane)
    down = np.broadcast_to(gravity.astype(np.float64), (n, 3))
    seen = present(scores)
    weights = (seen & _UPPER)[..., None] / np.maximum((seen & _UPPER).sum(axis=1), 1)[:, None, None]
    rays = np.concatenate([plane, np.ones((n, _JOINTS, 1))], axis=-1)
    towards = _unit((rays * weights).sum(axis=1))
    right = _cross(down, towards)
    # Straight below or above the camera the image's own x axis says what is left and right.
    vertical = np.linalg.norm(right, axis=-1, keepdims=True) < 0.05
    right = np.where(vertical, np.array([1.0, 0.0, 0.0]), right)
    right = _unit(right - (right * towards).sum(-1, keepdims=True) * towards)
    view = np.stack([right, _cross(towards, right), towards], axis=1)
    turned = np.einsum("nij,nkj->nki", view, rays)
    seen = seen & (turned[..., 2] > 0.1)
    flat = turned[..., :2] / np.maximum(turned[..., 2:], 0.1)
    centred = flat - (flat * weights).sum(axis=1, keepdims=True)
    size = np.sqrt(((centred**2).sum(axis=-1) * weights[..., 0]).sum(axis=1)).clip(1e-3)
    coordinates = np.where(seen[..., None], np.clip(centred / size[:, None, None], -6, 6), np.nan)
    sine = (down * towards).sum(axis=-1)
    cosine = np.sqrt(np.maximum(1 - sine**2, 0.0))
    level = _unit(right - (right * down).sum(-1, keepdims=True) * down)
    axes = np.stack([level, down, _cross(level, down)], axis=1)
    extra = np.stack([np.log(size), sine, cosine], axis=1)
    return Features(np.concatenate([_joined(coordinates, seen, scores), extra], axis=1), axes), towards


def standardised(
    values: NDArray[np.float64], mean: NDArray[np.floating], std: NDArray[np.floating]
) -> NDArray[np.float32]:
    """Network input (n, d): (values - mean) / std, limited to +-8; missing coordinates become 0, the mean."""
    return np.nan_to_num(np.clip((values - mean) / std, -8, 8)).astype(np.float32)


def martinez_inputs(keypoints: ArrayLike) -> NDArray[np.float32]:
    """Inputs (n, 32) of Martinez et al. (2017) from COCO-17 (n, 17, 2): x, y of the Human3.6M joints but joint 9."""
    joints = COCO17_TO_H36M17.points(np.asarray(keypoints, np.float32))
    return np.delete(joints, 9, axis=1).reshape(len(joints), 32)


def _joined(coordinates: NDArray, seen: NDArray, scores: NDArray) -> NDArray[np.float64]:
    n = len(coordinates)
    return np.concatenate([coordinates.reshape(n, 2 * _JOINTS), seen, np.where(seen, scores, 0.0)], axis=1)


def _cross(a: NDArray, b: NDArray) -> NDArray:
    """Of (n, 3) and (n, 3); NumPy's takes five times as long for a few."""
    return a[:, [1, 2, 0]] * b[:, [2, 0, 1]] - a[:, [2, 0, 1]] * b[:, [1, 2, 0]]


def _unit(vectors: NDArray) -> NDArray:
    return vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-12)
