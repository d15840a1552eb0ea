"""How an image is laid into the network's input: scaled, turned, shifted, mirrored, cut off."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from orpose_models.training.labels import ImageLabels
from orpose_models.training.train_config import Augmentation
from orpose_models.vocabulary.resolution import Size

# A part of an image in which nobody is stays away from everybody's box by this share of its sides.
_ROOM = 0.1
_TRIES = 20


@dataclass(frozen=True)
class Placement:
    """A similarity between images and the network's input.

    Attributes:
        matrix: (2, 3) from pixels of the image to those of the input, both counted from corners.
        size: width, height of the input.
        mirrored: whether left and right change places.
        scale: pixels of the input to one of the image.
    """

    matrix: NDArray[np.float64]
    size: Size
    mirrored: bool
    scale: float

    def stretched(self, size: Size) -> "Placement":
        """The same placement in an input of another size."""
        factors = np.divide(size, self.size)
        return Placement(self.matrix * factors[:, None], size, self.mirrored, self.scale * float(factors.mean()))

    def image(self, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """The image (h, w, 3) as it lies in the input; black around it."""
        matrix = self.matrix.copy()
        if self.scale < 1:  # what is made smaller is reduced first: warping looks at single pixels
            height, width = image.shape[:2]
            small = max(1, round(width * self.scale)), max(1, round(height * self.scale))
            image = np.asarray(cv2.resize(image, small, interpolation=cv2.INTER_AREA), np.uint8)
            matrix[:, :2] *= [width / small[0], height / small[1]]
        # OpenCV counts from the middle of the first pixel, boxes and keypoints from its corner.
        matrix[:, 2] += matrix[:, :2].sum(axis=1) * 0.5 - 0.5
        flags = cv2.INTER_LINEAR if self.scale <= 1 else cv2.INTER_CUBIC
        return np.asarray(cv2.warpAffine(np.ascontiguousarray(image), matrix, self.size, flags=flags), np.uint8)

    def persons(
        self, boxes: NDArray[np.float32], keypoints: NDArray[np.float32]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Boxes (n, 4) and keypoints (n, k, 2) of the image in the input; a box keeps its distance to keypoints."""
        corners, points = boxes.astype(np.float64).reshape(-1, 2, 2), keypoints.astype(np.float64)
        linear = self.matrix[:, :2]
        placed = points @ linear.T + self.matrix[:, 2]
        # Turning a box's corners would make it too large; its sides turn about the body, not the box's middle.
        middles = corners.mean(axis=1)
        sides = (corners[:, 1] - corners[:, 0]) * self.scale
        middles = middles @ linear.T + self.matrix[:, 2]
        return np.concatenate([middles - sides / 2, middles + sides / 2], axis=1), placed


def draw_placement(
    labels: ImageLabels, accept: float, augmentation: Augmentation, size: Size, rng: np.random.Generator
) -> Placement:
    """A placement: of the whole image, near a person, or of a part in which nobody is.

    Args:
        labels: of the image.
        accept: persons with lower scores are not looked at.
        augmentation: see there.
        size: width, height of the network's input.
        rng: decides everything.
    """
    full, wanted = np.array(labels.size, np.float64), np.array(size, np.float64)
    mirrored, fit = bool(rng.random() < augmentation.flip), float((wanted / full).min())
    scale = fit * float(np.exp(rng.uniform(*np.log(augmentation.scale))))
    angle = rng.uniform(-augmentation.turn, augmentation.turn) if rng.random() < augmentation.turned else 0.0
    draw, centre = rng.random(), None
    there = labels.soft.boxes[labels.soft.box_scores >= accept].astype(np.float64)
    if draw < augmentation.background:
        centre, scale = _empty_part(labels, scale, wanted, augmentation, rng)
    elif draw < augmentation.background + augmentation.close and len(there):
        box = there[rng.integers(len(there))]
        height = float((box[2:] - box[:2]).max())
        scale = float(np.clip(rng.uniform(0.4, 1.8) * wanted.min() / height, fit * 0.75, fit * 6))
        centre = box[:2] + rng.uniform(0.2, 0.8, 2) * (box[2:] - box[:2])
    if centre is None:
        room = np.abs(full * scale - wanted)
        offset = rng.uniform(0, 1, 2) * room * np.where(full * scale > wanted, -1, 1)
        centre = (wanted / 2 - offset) / scale
    turn = np.deg2rad(angle)
    linear = scale * np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    if mirrored:
        linear[0] *= -1
    return Placement(np.concatenate([linear, (wanted / 2 - linear @ centre)[:, None]], axis=1), size, mirrored, scale)


def _empty_part(
    labels: ImageLabels, scale: float, wanted: NDArray[np.float64], augmentation: Augmentation, rng: np.random.Generator
) -> tuple[NDArray[np.float64] | None, float]:
    """The middle and scale of a part without anybody, however low his score; None if there is none to be found."""
    full, boxes = np.array(labels.size, np.float64), labels.soft.boxes.astype(np.float64)
    room = _ROOM * (boxes[:, 2:] - boxes[:, :2])
    for _ in range(_TRIES):
        larger = scale * float(np.exp(rng.uniform(0, np.log(3))))
        half = wanted / larger / 2
        centre = rng.uniform(np.minimum(half, full / 2), np.maximum(full - half, full / 2))
        apart = (boxes[:, :2] - room > centre + half) | (boxes[:, 2:] + room < centre - half)
        if apart.any(axis=1).all():
            return centre, larger
    return None, scale
