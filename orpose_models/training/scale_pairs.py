"""From a labelled image to what the one-stage student learns from: one picture as it is, and the same reduced.

Augmentation comes first, reduction and what cameras add to it last, as in use. The frozen start network answers for
the clear picture, the student sees the other one.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from orpose_models.training.augmentation_config import Augmentation, InputKind
from orpose_models.training.image_placing import draw_placement
from orpose_models.training.labels import ImageLabels
from orpose_models.training.lifting_samples import Lifting, lifting_of
from orpose_models.vocabulary.resolution import Size, resize_down
from orpose_models.vocabulary.skeletons import COCO17

Array = NDArray[np.float32]

# Lines of the image that a picture stands for: downsampling factors are of such images, as in the paper.
LINES = 480
# A person of whom less than this share is left in the picture is ignored, and so is one of fewer pixels of the
# network's input, or of the reduced image.
_MIN_SHARE, _MIN_SIDE, _MIN_SEEN = 0.3, 8.0, 4.0


@dataclass(frozen=True, eq=False)
class Scene:
    """One picture with its labels, in pixels of the network's input; float32 where not said otherwise.

    Attributes:
        clear: (3, h', w') uint8 BGR, not reduced. image: (3, h, w), the same reduced and brought to the input's size.
        boxes: (n, 4). box_scores: (n,) the teacher's.
        ignored: (m, 4), regions of which nothing is learned.
        nobody: whether it is sure that nobody is in the picture.
        keypoints: (n, 17, 2).
        scores: (n, 17) of each set, 'soft' and 'hard'; 0 where not labelled or outside the picture.
        lifting: of each set, for the persons with 3D, wherever they are.
        small: whether it is an image of few pixels, for the layers that such have of their own.
    """

    clear: NDArray[np.uint8]
    image: NDArray[np.uint8]
    boxes: Array
    box_scores: Array
    ignored: Array
    nobody: bool
    keypoints: Array
    scores: dict[str, Array]
    lifting: dict[str, Lifting]
    small: bool = False


def make_scene(
    image: NDArray[np.uint8],
    labels: ImageLabels,
    accept: float,
    nobody: bool,
    augmentation: Augmentation,
    kind: InputKind,
    rng: np.random.Generator,
) -> Scene:
    """Augment an image, bring it and its labels to the network's input, and reduce it.

    Args:
        image: (h, w, 3) uint8 BGR of the labelled size.
        labels: its labels.
        accept: persons with lower scores become ignored regions.
        nobody: whether it is sure that nobody is in the image.
        augmentation: what is done to the image.
        kind: sizes of the network's input and of the start network's.
        rng: decides everything.
    """
    size = kind.size
    if kind.downsampling is not None:
        augmentation = augmentation.model_copy(update={"downsampling": kind.downsampling})
    soft, hard = labels.soft, labels.hard
    placement = draw_placement(labels, accept, augmentation, size, rng)
    factor = draw_factor(augmentation, rng)
    clear = coloured(placement.stretched(kind.clear_size).image(image), augmentation, rng)
    seen = max(1.0, factor * min(size) / LINES)  # pixels of the network's input to one of the reduced image
    boxes, keypoints = placement.persons(soft.boxes, soft.keypoints)
    clipped = np.clip(boxes, 0, np.tile(size, 2))
    there = _visible(boxes, clipped, seen) & (soft.box_scores >= accept)
    inside = np.asarray(((keypoints >= 0) & (keypoints <= size)).all(axis=2))
    scores = {"soft": soft.keypoint_scores, "hard": hard.keypoint_scores}
    if placement.mirrored:
        keypoints, inside = keypoints[:, list(COCO17.flip)], inside[:, list(COCO17.flip)]
        scores = {name: values[:, list(COCO17.flip)] for name, values in scores.items()}
    lifting = {name: lifting_of(getattr(labels, name), labels, accept, placement.mirrored, rng) for name in scores}
    return Scene(
        _planes(clear),
        _planes(degraded(clear, size, seen, augmentation, rng)),
        _single(clipped[there]),
        _single(soft.box_scores[there]),
        _single(clipped[~there & (clipped[:, 2:] > clipped[:, :2]).all(axis=1)]),
        nobody,
        _single(keypoints[there]),
        {name: _single((values * inside)[there]) for name, values in scores.items()},
        lifting,
        kind.small,
    )


def draw_factor(augmentation: Augmentation, rng: np.random.Generator) -> float:
    """A downsampling factor."""
    kinds = augmentation.downsampling
    number = np.searchsorted(np.cumsum([kind.share for kind in kinds]), rng.random(), side="right")
    kind = kinds[min(int(number), len(kinds) - 1)]
    steps = round((kind.high - kind.low) * 10)
    return kind.low if steps == 0 else kind.low + (kind.high - kind.low) * int(rng.integers(steps + 1)) / steps


def coloured(image: NDArray[np.uint8], augmentation: Augmentation, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Brightness, colour cast and contrast changed, or all colour taken away as by an infrared camera."""
    if rng.random() < augmentation.grey:
        image = np.repeat(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)[:, :, None], 3, axis=2)
    if rng.random() >= augmentation.colour:
        return image
    gain = 1 + rng.uniform(-augmentation.gain, augmentation.gain)
    tint = 1 + rng.uniform(-augmentation.tint, augmentation.tint, 3)
    offset = rng.uniform(-augmentation.offset, augmentation.offset)
    levels = np.arange(256, dtype=np.float64)[:, None] * (gain * tint) + offset
    return np.asarray(cv2.LUT(np.ascontiguousarray(image), levels.clip(0, 255).astype(np.uint8)[None]), np.uint8)


def degraded(
    image: NDArray[np.uint8], size: Size, seen: float, augmentation: Augmentation, rng: np.random.Generator
) -> NDArray[np.uint8]:
    """The image as a worse camera gives it - blurred, reduced, noisy, compressed -, brought to the network's input.

    Args:
        image: (h, w, 3) uint8.
        size: width, height of the network's input.
        seen: pixels of the input to one of the reduced image; 1 reduces nothing but what the input does.
        augmentation: see there.
        rng: decides everything.
    """
    if rng.random() < augmentation.blur:
        image = np.asarray(cv2.GaussianBlur(image, (0, 0), rng.uniform(0.5, 1.5)), np.uint8)
    small = resize_down(image, (max(2, round(size[0] / seen)), max(2, round(size[1] / seen))))
    if rng.random() < augmentation.noise:
        strength = rng.uniform(0, 8) * rng.standard_normal(small.shape)
        small = np.clip(small + strength, 0, 255).astype(np.uint8)
    if rng.random() < augmentation.compression:
        _, data = cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(35, 95))])
        small = np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)
    if (small.shape[1], small.shape[0]) == size:
        return small
    return np.asarray(cv2.resize(small, size, interpolation=cv2.INTER_CUBIC), np.uint8)


def _visible(boxes: NDArray[np.float64], clipped: NDArray[np.float64], seen: float) -> NDArray[np.bool_]:
    sides = np.clip(clipped[:, 2:] - clipped[:, :2], 0, None)
    whole = np.clip(np.prod(boxes[:, 2:] - boxes[:, :2], axis=1), 1e-9, None)
    longest = sides.max(axis=1, initial=0)
    share = np.prod(sides, axis=1) >= _MIN_SHARE * whole
    return np.asarray(share & (longest >= _MIN_SIDE) & (longest >= _MIN_SEEN * seen))


def _planes(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.ascontiguousarray(image.transpose(2, 0, 1))


def _single(values: NDArray) -> Array:
    return np.ascontiguousarray(values, np.float32)
