"""Where a lifted person stands: the translation of its root in the camera's optical frame."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from orpose_models.lifting.features import present
from orpose_models.vocabulary.cameras import Camera
from orpose_models.vocabulary.skeletons import COCO17, COCO17_TO_H36M17, H36M17

MIN_JOINTS = 3
# A person whose joints miss their viewing rays by more than this (root mean square, metres) has no valid root.
MAX_RESIDUAL = 0.25
# Relative standard deviation of the size of a lifted person, which is that of its distance: adults' stature varies
# by 5.5 % (women and men together), and the lifter misjudges depth and size by some 7 %. With it 69 % of 2,000
# held-out synthetic people are within one standard deviation and 95 % within two.
SIZE_STD = 0.09
# Residuals this large and larger (metres) pull with constant force (Huber): wrong keypoints.
_HUBER = 0.08
_STEPS = 6
# Of what is seen about its middle, by its size; less than this is rounding.
_MIN_SPREAD = 1e-12

Floats = NDArray[np.float64]

# Each Human3.6M joint that is one COCO joint, and the head (the middle of the ears).
_COUNTED = [H36M17.index(j) for j in (*(j for j in H36M17.joints if j in COCO17.joints), "head")]


def solve_root(
    keypoints: ArrayLike, scores: ArrayLike, joints3d: ArrayLike, camera: Camera
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Place root-relative poses so that they project onto their keypoints.

    A linear least-squares solution of x_i (Z_i + t_z) = X_i + t_x (and y) starts a few Gauss-Newton steps on the
    reprojection error, weighted by the scores.

    Args:
        keypoints: (n, 17, 2) COCO-17, pixels of `camera`'s image.
        scores: (n, 17) in 0..1; keypoints below 0.05 are treated as missing.
        joints3d: (n, 17, 3) Human3.6M-17 joints relative to joint 0, metres, optical axes.

    Returns:
        (n, 3) float32 position of joint 0 in the optical frame, metres, and (n,) float32 standard deviation of its
        distance along z, metres. The latter joins what the residuals say with the prior of `SIZE_STD` x
        distance: one camera cannot tell a small person that is near from a tall one that is far. Both are NaN
        for persons with fewer than 3 known joints, behind the camera, or with a residual over `MAX_RESIDUAL`.
    """
    joints = np.asarray(joints3d, np.float64).reshape(-1, len(H36M17), 3)[:, _COUNTED]
    keypoints = np.asarray(keypoints, np.float64).reshape(-1, len(COCO17), 2)
    scores = np.asarray(scores, np.float64).reshape(-1, len(COCO17))
    scores = np.where(np.isfinite(keypoints).all(axis=-1) & present(scores), scores, 0.0)
    plane = COCO17_TO_H36M17.points(camera.normalised(np.nan_to_num(keypoints)))[:, _COUNTED]
    weights = COCO17_TO_H36M17.scores(scores)[:, _COUNTED]
    used = (weights > 0) & np.isfinite(joints).all(axis=-1) & np.isfinite(plane).all(axis=-1)
    # What is not used weighs nothing, and lies where it does no harm.
    weights = np.where(used, weights, 0.0)
    joints, plane = (np.where(used[..., None], values, 0.0) for values in (joints, plane))
    position, std = np.full((len(joints), 3), np.nan), np.full(len(joints), np.nan)
    able = np.flatnonzero(used.sum(axis=1) >= MIN_JOINTS)
    if len(able):
        place, deviation, residual = _locate(
            joints[able], np.asarray(plane[able], np.float64), np.asarray(weights[able], np.float64)
        )
        fits = residual <= MAX_RESIDUAL
        position[able[fits]], std[able[fits]] = place[fits], deviation[fits]
    return position.astype(np.float32), std.astype(np.float32)


def _locate(joints: Floats, plane: Floats, weights: Floats) -> tuple[Floats, Floats, Floats]:
    """Translations (n, 3), standard deviations of z (n,), residuals (n,); NaN if no place before the camera fits.

    Args:
        joints: (n, k, 3). plane: (n, k, 2) normalised image coordinates. weights: (n, k), 0 for what is not used.
    """
    used = weights > 0
    weights = weights / weights.sum(axis=1, keepdims=True)
    place, _ = _least_squares(plane, plane * joints[..., 2:] - joints[..., :2], weights)
    for step in range(_STEPS + 1):
        points = joints + place[:, None]
        # Whoever is behind the camera once is nowhere.
        place[((points[..., 2] < 0.05) & used).any(axis=1)] = np.nan
        depth = np.where(used, points[..., 2], 1.0)
        seen = points[..., :2] / depth[..., None]
        difference = (seen - plane) * depth[..., None]
        missed = np.hypot(difference[..., 0], difference[..., 1])
        total = weights * np.minimum(1.0, _HUBER / np.maximum(missed, 1e-12)) / depth**2
        change, pull = _least_squares(seen, -difference, total)
        if step < _STEPS:
            place = place + change
    residual = np.sqrt((weights * missed**2).sum(axis=1))
    # Of the weighted estimate; joints' errors are alike in metres.
    std = residual * np.sqrt((pull**2).sum(axis=(1, 2)) / 2)
    return place, np.hypot(std, SIZE_STD * place[:, 2]), residual


def _least_squares(seen: Floats, right: Floats, weights: Floats) -> tuple[Floats, Floats]:
    """Solutions (n, 3) of x - seen z = right (n, k, 2), and how z falls with each of the right (n, k, 2).

    NaN where there is no sure one. Weights are (n, k).
    """
    total = weights.sum(axis=1)
    middle = np.einsum("nk,nkd->nd", weights, seen) / total[:, None]
    off = seen - middle[:, None]
    pull = weights[..., None] * off
    spread = np.einsum("nkd,nkd->n", pull, off)
    sure = spread > _MIN_SPREAD * (spread + total * (middle**2).sum(axis=1))
    pull /= np.where(sure, spread, np.nan)[:, None, None]
    z = -np.einsum("nkd,nkd->n", pull, right)[:, None]
    across = np.einsum("nk,nkd->nd", weights, right) / total[:, None] + middle * z
    return np.concatenate([across, z], axis=1), pull
