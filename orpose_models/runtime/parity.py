"""Does an engine compute what torch computes? Checked on real images, person by person."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from orpose_models.model_format.pose_model import PoseModel
from orpose_models.vocabulary.cameras import Camera
from orpose_models.vocabulary.errors import OrposeError
from orpose_models.vocabulary.poses import Poses
from orpose_models.vocabulary.resolution import reduce_image, resize_down

# Largest differences that count as the same, and the share of persons and joints that must be the same.
BOX_PIXELS, KEYPOINT_PIXELS, JOINT_METRES = 0.5, 1.0, 0.002
SHARE = 0.99
# Lines of an image of few pixels: as many as one of 480 lines has that is reduced by 8.
_FEW = 60
NOBODY = "the student finds nobody in the images that engines are compared on; give others with --images"


@dataclass
class Differences:
    """Of the persons that two engines found in some images; infinite where one engine has no such person or joint.

    Attributes:
        boxes: of each person, the largest of its four sides in pixels.
        keypoints: of each keypoint, pixels.
        joints: of each 3D joint, metres.
    """

    boxes: list[float] = field(default_factory=list)
    keypoints: list[float] = field(default_factory=list)
    joints: list[float] = field(default_factory=list)

    def add(self, expected: Poses, actual: Poses) -> None:
        """Compare the persons of an image, each with the one whose box is nearest."""
        size = len(expected), len(actual)
        apart = np.abs(expected.boxes[:, None] - actual.boxes[None]).max(axis=2).reshape(size)
        for i in range(len(expected)):
            j = int(apart[i].argmin()) if len(actual) else -1
            if j < 0 or not np.isfinite(apart[i, j]):
                self._missing(1)
                continue
            self.boxes.append(float(apart[i, j]))
            moved = np.linalg.norm(expected.keypoints[i] - actual.keypoints[j], axis=1)
            self.keypoints += np.where(np.isfinite(moved), moved, np.inf).tolist()
            here, there = expected.joints3d[i], actual.joints3d[j]
            moved = np.linalg.norm(here - there, axis=1)
            neither = np.isnan(here).any(axis=1) & np.isnan(there).any(axis=1)
            self.joints += np.where(neither, 0, np.where(np.isfinite(moved), moved, np.inf)).tolist()
            apart[:, j] = np.inf
        self._missing(len(actual) - len(expected))

    def _missing(self, persons: int) -> None:
        if persons > 0:
            self.boxes += [np.inf] * persons
            self.keypoints += [np.inf] * 17 * persons
            self.joints += [np.inf] * 17 * persons

    @property
    def shares(self) -> dict[str, float]:
        """Of boxes, keypoints and joints: the share within the limits."""
        limits = (("boxes", BOX_PIXELS), ("keypoints", KEYPOINT_PIXELS), ("joints", JOINT_METRES))
        return {name: float((np.array(getattr(self, name)) <= limit).mean()) for name, limit in limits}

    def summary(self) -> dict[str, Any]:
        """The 99th percentile of each difference, and the shares, as JSON values."""

        def high(values: Sequence[float], unit: float = 1) -> float | None:
            value = float(np.quantile(values, SHARE, method="inverted_cdf")) * unit
            return round(value, 5) if np.isfinite(value) else None

        return {
            "boxes_px": high(self.boxes),
            "keypoints_px": high(self.keypoints),
            "joints_mm": high(self.joints, 1000),
            "share_within": {name: round(value, 5) for name, value in self.shares.items()},
        }


def looks(image: NDArray[np.uint8]) -> list[NDArray[np.uint8]]:
    """An image (h, w, 3) as it is, reduced by 8, and with few pixels, however large it is."""
    few = min(1.0, _FEW / min(image.shape[:2]))
    size = max(1, round(image.shape[1] * few)), max(1, round(image.shape[0] * few))
    return [image, reduce_image(image, 8.0)[0], resize_down(image, size)]


def compare(
    reference: PoseModel,
    others: Sequence[PoseModel],
    images: Iterable[NDArray[np.uint8]],
    advance: Callable[[], None] = lambda: None,
) -> list[Differences]:
    """How the others differ from the reference on images (h, w, 3): on their `looks`.

    Every second time the camera's tilt is taken as known, so that both forms of the lifter are run.

    Raises:
        OrposeError: nobody is in these images: they say nothing.
    """
    differences = [Differences() for _ in others]
    for i, image in enumerate(images):
        camera = Camera.from_fov(*image.shape[1::-1])
        tilted = camera.with_gravity([0.0, 0.94, 0.34])
        for k, seen in enumerate(looks(image)):
            view = seen, image.shape[1::-1], tilted if (i + k) % 2 else camera
            expected = reference.predict(*view)
            for model, difference in zip(others, differences, strict=True):
                difference.add(expected, model.predict(*view))
        advance()
    if any(not difference.boxes for difference in differences):
        raise OrposeError(NOBODY)
    return differences
