"""A model whose persons are the white rectangles of an image, so that the right answer is known."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from orpose_models.vocabulary.cameras import Camera
from orpose_models.vocabulary.poses import Poses
from orpose_models.vocabulary.resolution import Size
from orpose_models.vocabulary.skeletons import COCO17_TO_H36M17

# A camera of images of 64 x 48 pixels, and somebody 3 m in front of it.
CAMERA = Camera(64, 48, 60.0, 60.0, 31.5, 23.5)
BODY = np.random.default_rng(1).normal((0, 0, 3), 0.3, (17, 3))

# Joints as shares of the box: nose, eyes, ears, shoulders, elbows, wrists, hips, knees, ankles.
SHARES = np.array(
    [(0.5, 0.1), (0.55, 0.05), (0.45, 0.05), (0.6, 0.1), (0.4, 0.1), (0.8, 0.25), (0.2, 0.25), (0.9, 0.4), (0.1, 0.4),
     (1, 0.55), (0, 0.55), (0.7, 0.6), (0.3, 0.6), (0.7, 0.8), (0.3, 0.8), (0.7, 1), (0.3, 1)]
)  # fmt: skip


def in_front(boxes: NDArray[np.float64]) -> dict[str, Any]:
    """The body in front of `CAMERA`, once for each box (n, 4), wherever that is."""
    joints = COCO17_TO_H36M17.points(BODY)
    return {
        "keypoints": np.tile(CAMERA.project(BODY), (len(boxes), 1, 1)),
        "joints3d": np.tile(joints - joints[0], (len(boxes), 1, 1)),
    }


def at_shares(boxes: NDArray[np.float64]) -> dict[str, Any]:
    """Keypoints at `SHARES` of each box (n, 4)."""
    return {"keypoints": boxes[:, None, :2] + SHARES * (boxes[:, None, 2:] - boxes[:, None, :2])}


@dataclass
class SquareFinder:
    """Finds white rectangles, from left to right, with a score of 0.9; `joints` says what else is known of a box."""

    name: str = "squares"
    sha256: str = "0" * 64
    engine: str = "opencv"
    joints: Callable[[NDArray[np.float64]], dict[str, Any]] = in_front
    seen: list[Size] = field(default_factory=list)  # sizes of the images that it was given

    def predict(
        self,
        image: NDArray[np.uint8],
        full_size: Size | None = None,
        camera: Camera | None = None,
        min_score: float = 0.0,
    ) -> Poses:
        self.seen.append((image.shape[1], image.shape[0]))
        width, height = full_size or (image.shape[1], image.shape[0])
        scale = np.array([width / image.shape[1], height / image.shape[0]] * 2)
        contours, _ = cv2.findContours((image[..., 0] > 127).astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
        found = sorted(cv2.boundingRect(contour) for contour in contours)
        boxes = np.array([(x, y, x + w, y + h) for x, y, w, h in found], float).reshape(-1, 4) * scale
        n = len(boxes)
        return Poses.from_arrays(boxes, [0.9] * n, keypoint_scores=np.full((n, 17), 0.8), **self.joints(boxes))


def square_picture(x: int, size: Size = (64, 48)) -> NDArray[np.uint8]:
    """A black image with a white square of 10 pixels at `x`, 10; none if x is negative."""
    image = np.zeros((size[1], size[0], 3), np.uint8)
    if x >= 0:
        image[10:20, x : x + 10] = 255
    return image
