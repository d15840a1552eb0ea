"""From a labelled image to what the network learns from: augmentation, downsampling, the network's input."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from orpose_models.model_format.student_config import StudentConfig
from orpose_models.student.model import network_image
from orpose_models.training.labels import ImageLabels
from orpose_models.training.scale_pairs import coloured, draw_factor
from orpose_models.training.train_config import Augmentation
from orpose_models.vocabulary.resolution import Size, reduce_image
from orpose_models.vocabulary.skeletons import COCO17, H36M17

Array = NDArray[np.float32]

# A person of whom less than this share of the box is left in a shifted image, or fewer pixels, is ignored.
_MIN_SHARE, _MIN_SIDE = 0.3, 8.0
_BORDER = (114, 114, 114)


@dataclass(frozen=True, eq=False)
class Sample:
    """One image with its labels, in pixels of the network's input; float32 where not said otherwise.

    Attributes:
        image: (3, h, w) uint8 BGR.
        boxes: (n, 4). ignored: (m, 4), regions of which nothing is learned.
        keypoints: (n, 17, 2).
        scores: (n, 17) of each set, 'soft' and 'hard'; 0 where not labelled or outside the image.
        joints3d: (n, 17, 3) metres of each set; NaN where unknown.
        seed: what draws the regions.
    """

    image: NDArray[np.uint8]
    boxes: Array
    ignored: Array
    keypoints: Array
    scores: dict[str, Array]
    joints3d: dict[str, Array]
    seed: int


def make_sample(
    image: NDArray[np.uint8],
    labels: ImageLabels,
    accept: float,
    augmentation: Augmentation,
    config: StudentConfig,
    rng: np.random.Generator,
) -> Sample:
    """Augment an image, reduce it, and bring it and its labels to the network's input.

    Args:
        image: (h, w, 3) uint8 BGR of the labelled size.
        labels: its labels.
        accept: persons with lower scores become ignored regions.
        augmentation: what is done to the image.
        config: the network's.
        rng: decides everything.
    """
    full = labels.size
    flip = bool(rng.random() < augmentation.flip)
    soft, hard = labels.soft, labels.hard
    boxes, keypoints = soft.boxes.astype(np.float64), soft.keypoints.astype(np.float64)
    scores: dict[str, NDArray] = {"soft": soft.keypoint_scores, "hard": hard.keypoint_scores}
    joints: dict[str, NDArray] = {"soft": soft.joints3d, "hard": hard.joints3d}
    if flip:
        image = image[:, ::-1]
        boxes = np.concatenate([full[0] - boxes[:, 2:3], boxes[:, 1:2], full[0] - boxes[:, 0:1], boxes[:, 3:4]], axis=1)
        keypoints = (keypoints * [-1, 1] + [full[0], 0])[:, list(COCO17.flip)]
        scores = {name: values[:, list(COCO17.flip)] for name, values in scores.items()}
        joints = {name: values[:, list(H36M17.flip)] * [-1, 1, 1] for name, values in joints.items()}
    if rng.random() < augmentation.move:
        image, scale, shift = _moved(image, augmentation, rng)
        boxes, keypoints = boxes * scale + np.tile(shift, 2), keypoints * scale + shift
    image = coloured(image, augmentation, rng)
    reduced, _ = reduce_image(np.ascontiguousarray(image), draw_factor(augmentation, rng))
    size = config.input_size(full)
    boxes, keypoints = boxes * np.tile(np.divide(size, full), 2), keypoints * np.divide(size, full)
    clipped = np.clip(boxes, 0, np.tile(size, 2))
    seen = _visible(boxes, clipped, size)
    there = seen & (soft.box_scores >= accept)
    inside = ((keypoints >= 0) & (keypoints <= size)).all(axis=2)

    return Sample(
        network_image(reduced, size).numpy(),
        _single(clipped[there]),
        _single(clipped[~there & (clipped[:, 2:] > clipped[:, :2]).all(axis=1)]),
        _single(keypoints[there]),
        {name: _single((values * inside)[there]) for name, values in scores.items()},
        {name: _single(values[there]) for name, values in joints.items()},
        int(rng.integers(2**31)),
    )


def _visible(boxes: NDArray[np.float64], clipped: NDArray[np.float64], size: Size) -> NDArray[np.bool_]:
    sides = np.clip(clipped[:, 2:] - clipped[:, :2], 0, None)
    whole = np.clip(np.prod(boxes[:, 2:] - boxes[:, :2], axis=1), 1e-9, None)
    return np.asarray((sides >= _MIN_SIDE).all(axis=1) & (np.prod(sides, axis=1) >= _MIN_SHARE * whole))


def _moved(
    image: NDArray[np.uint8], augmentation: Augmentation, rng: np.random.Generator
) -> tuple[NDArray[np.uint8], float, NDArray[np.float64]]:
    """The image scaled about its middle and shifted: as of a camera that is nearer or looks elsewhere."""
    size = np.array([image.shape[1], image.shape[0]], np.float64)
    scale = float(np.exp(rng.uniform(*np.log(augmentation.scale))))
    shift = (1 - scale) * size / 2 + rng.uniform(-augmentation.shift, augmentation.shift, 2) * size
    # OpenCV counts from the middle of the first pixel, boxes and keypoints from its corner.
    x, y = shift + 0.5 * scale - 0.5
    matrix = np.array([[scale, 0, x], [0, scale, y]])
    moved = cv2.warpAffine(np.ascontiguousarray(image), matrix, (int(size[0]), int(size[1])), borderValue=_BORDER)
    return np.asarray(moved, np.uint8), scale, shift


def _single(values: NDArray) -> Array:
    return np.ascontiguousarray(values, np.float32)
