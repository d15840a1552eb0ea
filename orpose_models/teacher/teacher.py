"""The teacher: what finds persons, a lifter, and the two sets of labels made of it (paper, section 2.2)."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from orpose_models.teacher.augmentation import suppress_poses
from orpose_models.teacher.protocols import Finder, Lifter
from orpose_models.vocabulary.cameras import Camera
from orpose_models.vocabulary.poses import Poses
from orpose_models.vocabulary.resolution import Size, resize_up
from orpose_models.vocabulary.similarity import SILHOUETTE

# How many joints a person's score is of: half of COCO's.
_SUREST = 8


@dataclass(frozen=True)
class TeacherLabels:
    """Two sets of labels for the same persons, in the same order.

    Attributes:
        soft: every keypoint with its confidence.
        hard: keypoints of low confidence removed: their score is 0, and the 3D was made without them.
    """

    soft: Poses
    hard: Poses


@dataclass
class Teacher:
    """Finder and lifter (`runtime.model.PoseModel`).

    Attributes:
        name: the name it is loaded by.
        sha256: identifies the weights and settings of all stages.
        finder, lifter: the stages.
        hard_threshold: keypoints with lower scores are not in the hard set.
        person_threshold: persons with lower scores are left out. A person's score is the geometric mean of the
            box's and, twice, the mean of the surest half of the keypoints': a box in which no body is found is hardly
            a person, but of a person that is cut off or behind a table half of the joints are there.
        oks_threshold: poses more alike than this are one person's.
        engine: what computes it.
        chosen: how the engine was chosen, where it was not named.
    """

    name: str
    sha256: str
    finder: Finder
    lifter: Lifter
    hard_threshold: float = 0.3
    person_threshold: float = 0.12
    oks_threshold: float = 0.7
    engine: str = "onnxruntime"
    chosen: str = ""

    def label(self, image: NDArray[np.uint8], camera: Camera | None = None) -> TeacherLabels:
        """Find the persons of an image (h, w, 3), BGR.

        Without a camera its intrinsics are guessed (`Camera.from_fov`). `root` and `ids` are left unknown.
        """
        height, width = image.shape[:2]
        camera = camera or Camera.from_fov(width, height)
        boxes, box_scores, keypoints, scores = self.finder.find(image)
        persons = np.cbrt(box_scores * np.sort(scores, axis=1)[:, -_SUREST:].mean(axis=1) ** 2)
        areas = SILHOUETTE * np.prod(boxes[:, 2:] - boxes[:, :2], axis=1)
        kept = suppress_poses(keypoints, scores, persons, areas, self.oks_threshold)
        kept = kept[persons[kept] >= self.person_threshold]
        boxes, persons, keypoints, scores = boxes[kept], persons[kept], keypoints[kept], scores[kept]
        hard = np.where(scores >= self.hard_threshold, scores, 0).astype(np.float32)

        def poses(chosen: NDArray[np.float32]) -> Poses:
            joints3d = self.lifter.lift(keypoints, chosen, camera)
            return Poses.from_arrays(
                boxes, persons, keypoints, chosen, scores_hard=hard, scores_soft=scores, joints3d=joints3d
            )

        return TeacherLabels(poses(scores), poses(hard))

    def predict(
        self,
        image: NDArray[np.uint8],
        full_size: Size | None = None,
        camera: Camera | None = None,
        min_score: float = 0.0,
    ) -> Poses:
        """Find the persons; see `runtime.model.PoseModel.predict`. Reduced images are enlarged to full size first."""
        if full_size is not None:
            image = resize_up(image, full_size)
        return self.label(image, camera).soft
