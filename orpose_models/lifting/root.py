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
    joints = np.asarray(joints3d, np.float64).reshape(-1, len(H36M17), 3)
    keypoints = np.asarray(keypoints, np.float64).reshape(-1, len(COCO17), 2)
    scores = np.asarray(scores, np.float64).reshape(-1, len(COCO17))
    n = len(joints)
    position, std, residual = np.full((n, 3), np.nan), np.full(n, np.nan), np.full(n, np.nan)
    scores = np.where(np.isfinite(keypoints).all(axis=-1) & present(scores), scores, 0.0)
    plane = COCO17_TO_H36M17.points(camera.normalised(np.nan_to_num(keypoints)))
    weights = COCO17_TO_H36M17.scores(scores)
    for i in range(n):
        use = np.zeros(len(H36M17), bool)
        use[_COUNTED] = True
        use &= (weights[i] > 0) & np.isfinite(joints[i]).all(axis=-1) & np.isfinite(plane[i]).all(axis=-1)
        if use.sum() >= MIN_JOINTS:
            position[i], std[i], residual[i] = _locate(joints[i, use], plane[i, use], weights[i, use])
    invalid = ~(residual <= MAX_RESIDUAL)
    position[invalid], std[invalid] = np.nan, np.nan
    return position.astype(np.float32), std.astype(np.float32)


def _locate(
    joints: NDArray[np.float64], plane: NDArray[np.float64], weights: NDArray[np.float64]
) -> tuple[NDArray[np.float64], float, float]:
    """Translation (3,), standard deviation of z, residual; NaN if no place in front of the camera fits."""
    nowhere = np.full(3, np.nan), float("nan"), float("nan")
    k = len(joints)
    weights = weights / weights.sum()
    matrix = np.zeros((2 * k, 3))
    matrix[:k, 0] = matrix[k:, 1] = 1
    matrix[:, 2] = -plane.T.ravel()
    right = (plane * joints[:, 2:] - joints[:, :2]).T.ravel()
    root = np.sqrt(np.tile(weights, 2))
    place, _, rank, _ = np.linalg.lstsq(matrix * root[:, None], right * root, rcond=None)
    if rank < 3:
        return nowhere
    difference, jacobian = np.zeros(2 * k), np.zeros((2 * k, 3))
    total = weights
    for step in range(_STEPS + 1):
        points = joints + place
        depth = points[:, 2]
        if (depth < 0.05).any() or not np.isfinite(place).all():
            return nowhere
        difference = (points[:, :2] / depth[:, None] - plane).T.ravel()
        jacobian = np.zeros((2 * k, 3))
        jacobian[:k, 0] = jacobian[k:, 1] = 1 / depth
        jacobian[:k, 2], jacobian[k:, 2] = -points[:, 0] / depth**2, -points[:, 1] / depth**2
        missed = np.hypot(difference[:k], difference[k:]) * depth
        total = weights * np.minimum(1.0, _HUBER / np.maximum(missed, 1e-12))
        if step < _STEPS:
            root = np.sqrt(np.tile(total, 2))
            change, *_ = np.linalg.lstsq(jacobian * root[:, None], -difference * root, rcond=None)
            place = place + change
    residual = float(np.sqrt((weights * missed**2).sum()))
    # Variance of the weighted estimate; joints' errors are alike in metres, so the angle's falls with the depth.
    normal = np.linalg.pinv(jacobian.T @ (np.tile(total, 2)[:, None] * jacobian))
    spread = normal @ jacobian.T @ np.diag(np.tile(total, 2))
    variance = float(((spread[2] * np.tile(residual / depth, 2) / np.sqrt(2)) ** 2).sum())
    return np.asarray(place, np.float64), float(np.hypot(np.sqrt(variance), SIZE_STD * place[2])), residual
