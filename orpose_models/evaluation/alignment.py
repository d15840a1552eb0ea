"""Aligning 3D poses before they are compared: by root, by scale, by similarity transform. Distances per joint."""

from typing import Literal

import numpy as np
from numpy.typing import NDArray

Alignment = Literal["root", "scale", "procrustes"]
MIN_PROCRUSTES_JOINTS = 4  # three points can be laid upon any congruent triangle: too little to judge a pose by


def joint_errors(
    predicted: NDArray[np.floating],
    truth: NDArray[np.floating],
    mask: NDArray[np.bool_],
    alignment: Alignment,
) -> NDArray[np.float64]:
    """Distance of every joint after alignment.

    * root: as given; both sides are expected relative to their root.
    * scale (N-MPJPE): the prediction is scaled about its root by the factor that fits best.
    * procrustes (PA-MPJPE): scaled, rotated and shifted to fit best.

    The fits minimise the squared distances of the joints in `mask` only.

    Args:
        predicted, truth: (n, k, 3) in the same unit.
        mask: (n, k) which joints count.
        alignment: see above.

    Returns:
        (n, k) distances; NaN where `mask` is False, and for poses that cannot be aligned: with
        procrustes those with fewer than four joints in the mask.
    """
    predicted, truth = np.asarray(predicted, np.float64), np.asarray(truth, np.float64)
    if predicted.shape != truth.shape or mask.shape != truth.shape[:2]:
        raise ValueError(f"shapes do not agree: {predicted.shape}, {truth.shape}, mask {mask.shape}")
    weights = mask[..., None].astype(np.float64)
    given = np.where(mask[..., None], predicted, 0), np.where(mask[..., None], truth, 0)
    if alignment == "root":
        aligned, usable = given[0], mask
    elif alignment == "scale":
        square = (given[0] ** 2).sum(axis=(1, 2), keepdims=True)
        factor = np.divide((given[0] * given[1]).sum(axis=(1, 2), keepdims=True), square, where=square > 0, out=square)
        aligned, usable = given[0] * factor, mask
    else:
        aligned = _procrustes(given[0], given[1], weights)
        usable = mask & (mask.sum(axis=1) >= MIN_PROCRUSTES_JOINTS)[:, None]
    return np.where(usable, np.linalg.norm(aligned - given[1], axis=-1), np.nan)


def _procrustes(
    predicted: NDArray[np.float64], truth: NDArray[np.float64], weights: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Least-squares similarity transform of `predicted` onto `truth`, proper rotations only (Umeyama 1991)."""
    weights = weights / np.maximum(weights.sum(axis=1, keepdims=True), 1)
    centre_p = (predicted * weights).sum(axis=1, keepdims=True)
    centre_t = (truth * weights).sum(axis=1, keepdims=True)
    p, t = predicted - centre_p, truth - centre_t
    u, s, vt = np.linalg.svd(np.einsum("nki,nkj->nij", p * weights, t))
    signs = np.ones_like(s)
    signs[:, 2] = np.sign(np.linalg.det(u @ vt))
    rotation = np.einsum("nij,nj,njk->nik", u, signs, vt)
    spread = (p**2 * weights).sum(axis=(1, 2))
    scale = np.divide((s * signs).sum(axis=1), spread, where=spread > 0, out=np.zeros_like(spread))
    return scale[:, None, None] * np.einsum("nki,nij->nkj", p, rotation) + centre_t
