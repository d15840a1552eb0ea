"""Downsampling of images: how many pixels of a person a model really gets to see.

Reducing is bilinear with the filter widened to the reduction factor (Pillow's BILINEAR), so that
every pixel of the original weighs in, as it would in a camera with fewer pixels; enlarging is plain
bilinear (paper, section 3.3).
"""

from dataclasses import dataclass
from math import sqrt

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image as PillowImage

MIN_FACTOR, MAX_FACTOR = 1.0, 12.0

Size = tuple[int, int]  # width, height


@dataclass(frozen=True)
class Resolution:
    """What became of an image before a model saw it.

    Attributes:
        full: width, height of the original in pixels.
        seen: width, height of the image the model was given.
        factor: the downsampling factor asked for.
    """

    full: Size
    seen: Size
    factor: float

    @property
    def pixels(self) -> int:
        """Number of pixels the model really saw."""
        return self.seen[0] * self.seen[1]


def reduced_size(size: Size, factor: float) -> Size:
    """Size of an image downsampled by `factor`: int(w / s) x int(h / s), at least 1 x 1.

    Raises:
        ValueError: the factor is not within 1..12.
    """
    if not MIN_FACTOR <= factor <= MAX_FACTOR:
        raise ValueError(f"downsampling factor must be within {MIN_FACTOR:g}..{MAX_FACTOR:g}, got {factor!r}")
    return max(1, int(size[0] / factor)), max(1, int(size[1] / factor))


def limited_size(size: Size, max_pixels: int) -> Size:
    """The largest size of the same shape that has at most `max_pixels` pixels (never enlarged).

    Raises:
        ValueError: `max_pixels` is below 1.
    """
    if max_pixels < 1:
        raise ValueError(f"the pixel limit must be at least 1, got {max_pixels}")
    width, height = size
    if width * height <= max_pixels:
        return size
    scale = sqrt(max_pixels / (width * height))
    limited = max(1, int(width * scale)), max(1, int(height * scale))
    # A side held up at 1 pixel makes the other one pay.
    return min(limited[0], max(1, max_pixels // limited[1])), min(limited[1], max_pixels)


def reduce_depth(depth: NDArray[np.float32], seen: Size) -> NDArray[np.float32]:
    """A depth image (h, w) with no more rows and columns than a reduced image `seen` has.

    Distances are picked, not averaged: between somebody and the wall behind there is nobody.
    """
    rows, columns = (
        np.arange(size) if size <= limit else ((np.arange(limit) + 0.5) * size / limit).astype(np.int64)
        for size, limit in zip(depth.shape, (seen[1], seen[0]), strict=True)
    )
    return np.ascontiguousarray(depth[np.ix_(rows, columns)])


def resize_down(image: NDArray[np.uint8], size: Size) -> NDArray[np.uint8]:
    """Reduce an (h, w) or (h, w, 3) uint8 image to `size` with a bilinear filter as wide as the reduction."""
    if (image.shape[1], image.shape[0]) == size:
        return image
    pillow = PillowImage.fromarray(np.ascontiguousarray(image))
    return np.asarray(pillow.resize(size, PillowImage.Resampling.BILINEAR))


def resize_up(image: NDArray[np.uint8], size: Size) -> NDArray[np.uint8]:
    """Enlarge an (h, w) or (h, w, 3) uint8 image to `size`, bilinearly."""
    if (image.shape[1], image.shape[0]) == size:
        return image
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_LINEAR), np.uint8)


def resize_for_network(image: NDArray[np.uint8], size: Size) -> NDArray[np.uint8]:
    """An image, possibly reduced before, scaled to `size`: a reduced one is enlarged straight to it."""
    smaller = size[0] <= image.shape[1] and size[1] <= image.shape[0]
    return (resize_down if smaller else resize_up)(image, size)


def resize_fast(image: NDArray[np.uint8], size: Size) -> NDArray[np.uint8]:
    """An (h, w, 3) uint8 image, possibly reduced before, scaled to `size`, its shape too: what the light student sees.

    Enlarging is bicubic, which keeps more of an image of few pixels; reducing by 2 and more takes the mean of the area.
    """
    reduction = max(image.shape[1] / size[0], image.shape[0] / size[1])
    reducing = cv2.INTER_AREA if reduction >= 2 else cv2.INTER_LINEAR
    how = reducing if reduction > 1 else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(image, size, interpolation=how), np.uint8)


def reduce_image(
    image: NDArray[np.uint8], factor: float = 1.0, max_pixels: int | None = None
) -> tuple[NDArray[np.uint8], Resolution]:
    """Downsample by `factor`, and further if that leaves more than `max_pixels` pixels.

    Returns:
        The reduced image and what was done. Nothing of the original is kept in it.

    Raises:
        ValueError: a factor outside 1..12 or a pixel limit below 1.
    """
    full = (image.shape[1], image.shape[0])
    seen = reduced_size(full, factor)
    if max_pixels is not None:
        seen = limited_size(seen, max_pixels)
    return resize_down(image, seen), Resolution(full, seen, float(factor))
