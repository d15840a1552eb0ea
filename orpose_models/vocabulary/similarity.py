"""How alike two boxes or two poses are."""

import numpy as np
from numpy.typing import NDArray

from orpose_models.vocabulary.skeletons import COCO17

# COCO measures a person by the area of its silhouette, which fills about this share of its box.
SILHOUETTE = 0.53


def box_iou(a: NDArray[np.floating], b: NDArray[np.floating]) -> NDArray[np.float64]:
    """Intersection over union of boxes a (n, 4) and b (m, 4), x_min, y_min, x_max, y_max: (n, m).

    Boxes without area have IoU 0 with everything.
    """
    a, b = np.asarray(a, np.float64), np.asarray(b, np.float64)
    intersection = _intersection(a, b)
    union = _area(a)[:, None] + _area(b)[None, :] - intersection
    return np.divide(intersection, union, out=np.zeros_like(union), where=union > 0)


def _intersection(a: NDArray[np.floating], b: NDArray[np.floating]) -> NDArray[np.float64]:
    """(n, m) common area of boxes (n, 4) and (m, 4)."""
    low = np.maximum(a[:, None, :2], b[None, :, :2])
    high = np.minimum(a[:, None, 2:], b[None, :, 2:])
    return np.asarray(np.prod(np.clip(high - low, 0, None), axis=-1))


def _area(boxes: NDArray[np.floating]) -> NDArray[np.float64]:
    """(n,) area of boxes (n, 4)."""
    return np.asarray(np.prod(np.clip(boxes[:, 2:] - boxes[:, :2], 0, None), axis=-1))


def box_coverage(regions: NDArray[np.floating], boxes: NDArray[np.floating]) -> NDArray[np.float64]:
    """Share of each box's own area that lies in each region, both x_min, y_min, x_max, y_max: (n, m).

    This is COCO's measure for crowds: a person in a crowd covers little of it. A box without area has coverage 0.
    """
    regions, boxes = np.asarray(regions, np.float64), np.asarray(boxes, np.float64)
    inside = _intersection(regions, boxes)
    areas = np.broadcast_to(_area(boxes)[None], inside.shape)
    return np.divide(inside, areas, out=np.zeros_like(inside), where=areas > 0)


def pose_oks(
    reference: NDArray[np.floating],
    areas: NDArray[np.floating],
    counted: NDArray[np.bool_],
    other: NDArray[np.floating],
) -> NDArray[np.float64]:
    """COCO's object keypoint similarity of poses (COCO-17).

    Args:
        reference: (n, 17, 2) keypoints in pixels.
        areas: (n,) area of the reference persons in square pixels.
        counted: (n, 17) which joints of the reference count.
        other: (m, 17, 2) keypoints in pixels.

    Returns:
        (n, m) similarity in 0..1; 0 for a reference without counted joints.
    """
    variances = (2 * np.asarray(COCO17.oks_sigmas)) ** 2
    squared = np.sum((reference[:, None].astype(np.float64) - other[None]) ** 2, axis=-1)
    scale = 2 * variances * (np.asarray(areas, np.float64)[:, None, None] + np.spacing(1))
    weights = counted[:, None, :].astype(np.float64)
    number = np.maximum(weights.sum(axis=-1), 1)
    return np.asarray((np.exp(-squared / scale) * weights).sum(axis=-1) / number)
