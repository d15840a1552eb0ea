"""What persons look like: the colours of head, trunk, arms and legs, from the reduced image alone."""

from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

from orpose_models.vocabulary.arrays import median
from orpose_models.vocabulary.poses import APPEARANCE, Poses
from orpose_models.vocabulary.resolution import Size
from orpose_models.vocabulary.skeletons import COCO17

# Keypoints below this score are not looked at.
MIN_SCORE = 0.2
# Differences in lightness say less than differences in colour: of CIE L*a*b* in OpenCV's 0..255.
_SPREAD = np.tile([40.0, 12.0, 12.0], APPEARANCE // 3)

_AT = dict(zip(COCO17.joints, np.eye(len(COCO17)), strict=True))


def _limbs(*joints: str) -> list[NDArray[np.float64]]:
    """Places along the limbs between neighbouring joints, of both sides."""
    return [
        _AT[f"{side}_{a}"] * (1 - share) + _AT[f"{side}_{b}"] * share
        for side in ("left", "right")
        for a, b in pairwise(joints)
        for share in np.linspace(0.15, 0.85, 5)
    ]


# The places that are looked at, as sums of shares of the keypoints.
_HEAD = list(_AT.values())[:5]
_TRUNK = [
    (_AT["left_shoulder"] * (1 - s) + _AT["right_shoulder"] * s) * (1 - t)
    + (_AT["left_hip"] * (1 - s) + _AT["right_hip"] * s) * t
    for s in (0.2, 0.4, 0.6, 0.8)
    for t in (0.1, 0.3, 0.5, 0.7, 0.9)
]
_ARMS, _LEGS = _limbs("shoulder", "elbow"), _limbs("hip", "knee", "ankle")
_SPOTS = np.array([*_HEAD, *_TRUNK, *_ARMS, *_LEGS])
_ENDS = np.cumsum([len(_HEAD), len(_TRUNK), len(_ARMS)])


def describe(image: NDArray[np.uint8], poses: Poses, full: Size) -> NDArray[np.float32]:
    """The appearance of persons: median L*, a*, b* of head, trunk, arms and legs.

    Args:
        image: (h, w, 3) uint8 BGR, as the model saw it: nothing but this image is looked at.
        poses: the persons, in pixels of the full image.
        full: width, height of the full image.

    Returns:
        (n, APPEARANCE) float32; NaN for parts that are not seen.
    """
    scale = np.array([image.shape[1] / full[0], image.shape[0] / full[1]])
    points = poses.keypoints.astype(np.float64) * scale
    seen = poses.keypoint_scores >= MIN_SCORE
    spots = _SPOTS @ np.where(seen[..., None], points, 0.0)
    inside = ((spots >= 0) & (spots < [image.shape[1], image.shape[0]])).all(axis=2)
    shown = inside & (seen[:, None] | (_SPOTS == 0)).all(axis=2)
    x, y = np.where(shown[..., None], spots, 0).astype(np.int64).transpose(2, 0, 1)
    if not len(poses):
        return np.zeros((0, APPEARANCE), np.float32)
    lab = cv2.cvtColor(image[y, x], cv2.COLOR_BGR2LAB)
    parts = np.split(np.arange(len(_SPOTS)), _ENDS)
    colours = [
        np.where(shown[:, part].sum(axis=1) > 1, median(lab[:, part], shown[:, part]).T, np.nan) for part in parts
    ]
    return np.concatenate(colours).T.astype(np.float32)


def appearance_distance(a: ArrayLike, b: ArrayLike) -> NDArray[np.float64]:
    """How unlike appearances a (n, APPEARANCE) and b (m, APPEARANCE) are: (n, m).

    It is the root mean square of the differences, those of colours in units of 12 and those of lightness in units of 40
    (CIE L*a*b*, OpenCV's 0..255); NaN where they have no part in common.
    """
    first, second = (np.asarray(x, np.float64).reshape(-1, APPEARANCE) for x in (a, b))
    off = (first[:, None] - second[None]) / _SPREAD
    common = np.isfinite(off)
    total = np.where(common, off, 0.0) ** 2
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.sqrt(total.sum(axis=2) / common.sum(axis=2)), np.float64)
