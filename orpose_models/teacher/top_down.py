"""Crops of persons and keypoints from heatmaps, as HRNet was trained and evaluated.

Sun et al., Deep High-Resolution Representation Learning for Human Pose Estimation (CVPR 2019), section 4.1. HRNet
counts pixels from the centre of the first one, `Poses` from its corner: the half pixel is added and taken away here.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from orpose_models.vocabulary.resolution import Size

PADDING = 1.25


def crop_transforms(boxes: NDArray[np.floating], crop_size: Size, padding: float = PADDING) -> NDArray[np.float64]:
    """Scale and shift from the image into each person's crop.

    The box keeps its centre, is widened or heightened to the shape of the crop, and enlarged by `padding`.

    Args:
        boxes: (n, 4) x_min, y_min, x_max, y_max in pixels of `Poses`' convention.
        crop_size: width, height in pixels.

    Returns:
        (n, 3) rows s, tx, ty: crop = s * image + t, both counted from the centre of the first pixel.
    """
    width, height = crop_size
    boxes = np.asarray(boxes, np.float64).reshape(-1, 4)
    # A box without extent would give an infinite scale.
    extent = np.maximum(boxes[:, 2:] - boxes[:, :2], 1.0)
    centre = (boxes[:, :2] + boxes[:, 2:]) / 2 - 0.5
    scale = width / (np.maximum(extent[:, 0], extent[:, 1] * width / height) * padding)
    shift = np.array([width / 2, height / 2]) - scale[:, None] * centre
    return np.concatenate([scale[:, None], shift], axis=1)


def crop(image: NDArray[np.uint8], transform: NDArray[np.float64], crop_size: Size) -> NDArray[np.uint8]:
    """Cut a crop (h, w, 3) out of an image; what lies outside of the image is black."""
    scale, tx, ty = transform
    matrix = np.array([[scale, 0, tx], [0, scale, ty]])
    return np.asarray(cv2.warpAffine(image, matrix, crop_size, flags=cv2.INTER_LINEAR), np.uint8)


def merge_flipped(
    heatmaps: NDArray[np.float32], flipped: NDArray[np.float32], flip: tuple[int, ...]
) -> NDArray[np.float32]:
    """Mean of the heatmaps of crops and of their mirror images (flip test).

    The mirrored maps are turned back and moved right by one cell, because a stride of 4 does not map a mirrored
    pixel onto the mirrored cell; their first column stays.

    Args:
        heatmaps, flipped: (n, joints, h, w).
        flip: index of each joint's mirror image.
    """
    back = flipped[:, list(flip), :, ::-1].copy()
    back[..., 1:] = back[..., :-1].copy()
    return np.asarray((heatmaps + back) / 2, np.float32)


def decode_heatmaps(heatmaps: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """The highest cell of each map, moved by a quarter of a cell towards the higher of its neighbours.

    Args:
        heatmaps: (n, joints, h, w).

    Returns:
        Positions (n, joints, 2), x, y in cells counted from the centre of the first, and the values there
        (n, joints). A map without a positive value gives the first cell. Cells in the two outermost rows and
        columns at the left and top, and the outermost at the right and bottom, are not refined, as in HRNet.
    """
    n, joints, height, width = heatmaps.shape
    flat = heatmaps.reshape(n, joints, height * width)
    best = flat.argmax(axis=2)
    scores = np.take_along_axis(flat, best[..., None], axis=2)[..., 0]
    best = np.where(scores > 0, best, 0)
    x, y = best % width, best // width
    positions = np.stack([x, y], axis=-1).astype(np.float32)

    inner = (x > 1) & (x < width - 1) & (y > 1) & (y < height - 1)
    person, joint = np.nonzero(inner)
    x, y = x[inner], y[inner]
    slope_x = heatmaps[person, joint, y, x + 1] - heatmaps[person, joint, y, x - 1]
    slope_y = heatmaps[person, joint, y + 1, x] - heatmaps[person, joint, y - 1, x]
    positions[inner] += 0.25 * np.sign(np.stack([slope_x, slope_y], axis=-1))
    return positions, scores


def to_image(
    positions: NDArray[np.float32], transforms: NDArray[np.float64], crop_size: Size, map_size: Size
) -> NDArray[np.float32]:
    """Pixels (n, joints, 2) of `Poses`' convention from positions in heatmap cells.

    Cell k of a heatmap stands for pixel k * stride of the crop, both counted from the centre of the first.
    """
    stride = np.array([crop_size[0] / map_size[0], crop_size[1] / map_size[1]])
    pixels = (positions * stride - transforms[:, None, 1:]) / transforms[:, None, :1] + 0.5
    return pixels.astype(np.float32)
