"""What persons look like: the colours of head, trunk, arms and legs, from the reduced image alone."""

from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

from orpose_models.vocabulary.poses import APPEARANCE, Poses
from orpose_models.vocabulary.resolution import Size
from orpose_models.vocabulary.skeletons import COCO17

# Keypoints below this score are not looked at.
MIN_SCORE = 0.2
# Differences in lightness say less than differences in colour: of CIE L*a*b* in OpenCV's 0..255.
_SPREAD = np.tile([40.0, 12.0, 12.0], APPEARANCE // 3)

_J = {name: i for i, name in enumerate(COCO17.joints)}
_ACROSS = np.array([(s, t) for s in (0.2, 0.4, 0.6, 0.8) for t in (0.1, 0.3, 0.5, 0.7, 0.9)])
_ALONG = np.linspace(0.15, 0.85, 5)


def describe(image: NDArray[np.uint8], poses: Poses, full: Size) -> NDArray[np.float32]:
    """The appearance of persons: median L*, a*, b* of head, trunk, arms and legs.

    Args:
        image: (h, w, 3) uint8 BGR, as the model saw it: nothing but this image is looked at.
        poses: the persons, in pixels of the full image.
        full: width, height of the full image.

    Returns:
        (n, APPEARANCE) float32; NaN for parts that are not seen.
    """
    found = np.full((len(poses), APPEARANCE), np.nan, np.float32)
    scale = np.array([image.shape[1] / full[0], image.shape[0] / full[1]])
    for i in range(len(poses)):
        seen = poses.keypoint_scores[i] >= MIN_SCORE
        points = poses.keypoints[i].astype(np.float64) * scale
        for part, spots in enumerate(
            (_head(points, seen), _trunk(points, seen), _arms(points, seen), _legs(points, seen))
        ):
            found[i, part * 3 : part * 3 + 3] = _colour(image, spots)
    return found


def appearance_distance(a: ArrayLike, b: ArrayLike) -> NDArray[np.float64]:
    """How unlike appearances a (n, APPEARANCE) and b (m, APPEARANCE) are: (n, m), 1 is what chance makes of one.

    NaN where they have no part in common.
    """
    first, second = (np.asarray(x, np.float64).reshape(-1, APPEARANCE) for x in (a, b))
    off = (first[:, None] - second[None]) / _SPREAD
    common = np.isfinite(off)
    total = np.where(common, off, 0.0) ** 2
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.sqrt(total.sum(axis=2) / common.sum(axis=2)), np.float64)


def _colour(image: NDArray[np.uint8], spots: NDArray[np.float64]) -> NDArray[np.float32]:
    inside = (spots >= 0).all(axis=1) & (spots[:, 0] < image.shape[1]) & (spots[:, 1] < image.shape[0])
    x, y = spots[inside].astype(np.int64).T
    if len(x) < 2:
        return np.full(3, np.nan, np.float32)
    lab = cv2.cvtColor(image[y, x][None], cv2.COLOR_BGR2LAB)[0]
    return np.asarray(np.median(lab, axis=0), np.float32)


def _head(points: NDArray[np.float64], seen: NDArray[np.bool_]) -> NDArray[np.float64]:
    return np.asarray(points[:5][seen[:5]])


def _trunk(points: NDArray[np.float64], seen: NDArray[np.bool_]) -> NDArray[np.float64]:
    corners = [_J["left_shoulder"], _J["right_shoulder"], _J["left_hip"], _J["right_hip"]]
    if not seen[corners].all():
        return np.zeros((0, 2))
    left, right, low_left, low_right = points[corners]
    s, t = _ACROSS[:, :1], _ACROSS[:, 1:]
    return np.asarray((left * (1 - s) + right * s) * (1 - t) + (low_left * (1 - s) + low_right * s) * t)


def _limbs(points: NDArray[np.float64], seen: NDArray[np.bool_], *joints: str) -> NDArray[np.float64]:
    spots = [np.zeros((0, 2))]
    for side in ("left", "right"):
        for a, b in pairwise(joints):
            i, j = _J[f"{side}_{a}"], _J[f"{side}_{b}"]
            if seen[i] and seen[j]:
                spots.append(points[i] + (points[j] - points[i]) * _ALONG[:, None])
    return np.concatenate(spots)


def _arms(points: NDArray[np.float64], seen: NDArray[np.bool_]) -> NDArray[np.float64]:
    return _limbs(points, seen, "shoulder", "elbow")


def _legs(points: NDArray[np.float64], seen: NDArray[np.bool_]) -> NDArray[np.float64]:
    return _limbs(points, seen, "hip", "knee", "ankle")
