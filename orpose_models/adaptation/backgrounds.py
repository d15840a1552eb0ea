"""A room without people, put together from pictures in which they stand in different places."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from orpose_models.datasets.image_file import read_image

_AT_MOST = 40  # pictures that one is put together from
_FREE = 5  # in so many pictures a pixel must be free of people
_MARGIN = 0.15  # by which people's boxes are enlarged, as a share of their sides
_LEAST = 0.6  # share of the picture that must become free
_GRAIN = 16  # pixels: hidden regions are told to this


@dataclass(frozen=True, eq=False)
class Background:
    """A room without people.

    Attributes:
        picture: (h, w, 3) uint8 BGR.
        hidden: (n, 4) float32 boxes, pixels, in which somebody was nearly always: the picture says nothing there.
    """

    picture: NDArray[np.uint8]
    hidden: NDArray[np.float32]


def background_of(pictures: Sequence[tuple[Path, NDArray[np.float32]]]) -> Background | None:
    """The median of each pixel over those pictures in which nobody is there.

    Args:
        pictures: of one camera that stands still: file, and boxes (n, 4) of all who may be in it.

    Returns:
        None if too little of the room becomes free, or the pictures are too few or of several sizes.
    """
    step = max(1, -(-len(pictures) // _AT_MOST))
    images, covered = [], []
    for path, boxes in pictures[::step]:
        image = read_image(path)
        images.append(image)
        covered.append(_covered(boxes, image.shape[:2]))
    if len(images) < _FREE or len({image.shape for image in images}) > 1:
        return None
    free = ~np.stack(covered)
    known = free.sum(axis=0) >= _FREE
    if known.mean() < _LEAST:
        return None
    # Lines at a time: floats of all pictures would not fit into memory.
    picture = images[0].copy()
    for top in range(0, picture.shape[0], 32):
        lines = slice(top, top + 32)
        values = np.stack([image[lines] for image in images]).astype(np.float32)
        values[~free[:, lines]] = np.nan
        values[:, ~free[:, lines].any(axis=0)] = 128
        picture[lines] = np.nanmedian(values, axis=0).astype(np.uint8)
    return Background(picture, _regions(~known))


def _covered(boxes: NDArray[np.float32], shape: tuple[int, int]) -> NDArray[np.bool_]:
    covered = np.zeros(shape, np.bool_)
    for box in boxes:
        grown = (box[2:] - box[:2]) * _MARGIN
        x0, y0 = np.floor(np.maximum(box[:2] - grown, 0)).astype(int)
        x1, y1 = np.ceil(np.maximum(box[2:] + grown, 0)).astype(int)
        covered[y0:y1, x0:x1] = True
    return covered


def _regions(hidden: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Boxes (n, 4) about the connected hidden regions."""
    grown = cv2.dilate(hidden.astype(np.uint8), np.ones((_GRAIN, _GRAIN), np.uint8))
    count, _, stats, _ = cv2.connectedComponentsWithStats(grown)
    boxes = [(x, y, x + w, y + h) for x, y, w, h, _ in stats[1:count]]
    return np.asarray(boxes, np.float32).reshape(-1, 4)
