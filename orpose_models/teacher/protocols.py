"""What the stages of a teacher offer. In pixels the first one's centre is (0.5, 0.5), as in `Poses`."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from orpose_models.vocabulary.cameras import Camera


class Finder(Protocol):
    """Finds persons and their joints."""

    def find(
        self, image: NDArray[np.uint8]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
        """Persons in an image (h, w, 3) uint8, BGR.

        Returns:
            Boxes (n, 4) x_min, y_min, x_max, y_max in pixels within the image, their scores (n,) in 0..1, best first;
            keypoints (n, 17, 2) in pixels, COCO-17 order, and their scores (n, 17) in 0..1. Keypoints may lie outside
            the box and outside the image.
        """
        ...


class Detector(Protocol):
    """Finds persons."""

    def detect(self, image: NDArray[np.uint8]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Boxes (n, 4) x_min, y_min, x_max, y_max in pixels within the image and scores (n,) in 0..1, best first.

        `image` is (h, w, 3) uint8, BGR.
        """
        ...


class KeypointEstimator(Protocol):
    """Finds the joints of persons whose boxes are known."""

    def estimate(
        self, image: NDArray[np.uint8], boxes: NDArray[np.float32]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Keypoints (n, 17, 2) in pixels, COCO-17 order, and scores (n, 17) in 0..1, for boxes (n, 4) in pixels.

        `image` is (h, w, 3) uint8, BGR. Keypoints may lie outside the box and outside the image.
        """
        ...


@dataclass(frozen=True)
class TopDown:
    """A finder of two stages: boxes first, then the joints in each (`Finder`)."""

    detector: Detector
    keypoint_estimator: KeypointEstimator

    def find(
        self, image: NDArray[np.uint8]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
        """Boxes, their scores, keypoints and their scores: see `Finder`."""
        boxes, scores = self.detector.detect(image)
        return boxes, scores, *self.keypoint_estimator.estimate(image, boxes)


class Lifter(Protocol):
    """Lifts joints from the image to three dimensions.

    Attributes:
        sha256: identifies its weights: 64 hexadecimal digits.
    """

    @property
    def sha256(self) -> str: ...

    def lift(self, keypoints: NDArray[np.float32], scores: NDArray[np.float32], camera: Camera) -> NDArray[np.float32]:
        """Joints (n, 17, 3) in metres, Human3.6M-17 order, root-relative, in the camera's optical axes.

        `keypoints` (n, 17, 2) are pixels of the camera's image in COCO-17 order; a score (n, 17) of 0 means that
        the joint was not seen and its position says nothing.
        """
        ...
