"""How the packaged teacher finds persons: three networks, each with several looks, which have to agree."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from orpose_models.teacher.augmentation import fuse_boxes, unite_boxes
from orpose_models.teacher.centernet import View
from orpose_models.teacher.movenet import Crops
from orpose_models.teacher.multipose import Found, MultiPose
from orpose_models.teacher.person_boxes import PersonDetector
from orpose_models.teacher.person_keypoints import PersonKeypoints
from orpose_models.vocabulary.faces import hide_faces
from orpose_models.vocabulary.similarity import SILHOUETTE, box_iou
from orpose_models.vocabulary.skeletons import COCO17

# How large a person is in MultiPose's training images, in pixels of its input: the scale at which it is most right.
_BEST_SIZE = 160.0
# A person's own box overlaps the united one by at least this much.
_SAME = 0.4


@dataclass(frozen=True)
class PersonFinder:
    """Finds persons and their joints (`teacher.protocols.Finder`).

    CenterNet and MultiPose, at several scales, look for persons; whoever is found by any of them is looked at by
    Thunder. MultiPose has its say on the joints at the scale that suits a person's size best; persons that are small
    at all scales are shown to it a second time, enlarged.

    Attributes:
        centernet: finds persons; None to do without.
        multipose: finds persons and joints.
        long_sides: scales at which MultiPose sees the image: pixels of its longer side.
        small: persons whose longer side is shorter than this many pixels at all scales get a second look.
        second_scale: side of the crop of a second look, as a multiple of the box's longer side.
        keypoints: finds the joints of persons whose boxes are known, and weighs all that is said of them.
        threshold: boxes with lower scores are not looked at.
        max_persons: at most this many boxes are, the best.
        iou_threshold: overlap from which on boxes are the same person's.
    """

    centernet: PersonDetector | None
    multipose: MultiPose
    long_sides: tuple[int, ...]
    small: float
    second_scale: float
    keypoints: PersonKeypoints
    threshold: float
    max_persons: int
    iou_threshold: float

    def find(
        self, image: NDArray[np.uint8]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
        """Boxes (n, 4) in pixels, their scores (n,), keypoints (n, 17, 2) in pixels and their scores (n, 17)."""
        height, width = image.shape[:2]
        # Square roots of MultiPose's scores compare with CenterNet's: see `_boxes`.
        limit = self.threshold**2 / 2
        looks = [self.multipose.look(image, View(0, 0, width, height, side), limit) for side in self.long_sides]
        boxes, scores = self._boxes(image, looks)
        said = self._opinion(image, boxes, looks)
        keypoints, keypoint_scores = self.keypoints.estimate(image, boxes, said)
        areas = SILHOUETTE * np.prod(boxes[:, 2:] - boxes[:, :2], axis=1)
        keypoint_scores = hide_faces(keypoints, keypoint_scores, areas)
        return boxes, scores, keypoints, keypoint_scores

    def _boxes(
        self, image: NDArray[np.uint8], looks: Sequence[Found]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        boxes, scores = np.zeros((0, 4), np.float32), np.zeros(0, np.float32)
        if self.centernet is not None:
            boxes, scores = self.centernet.detect(image)
        for look in looks:
            one = np.ones(len(look))
            found = fuse_boxes([look.boxes], [np.sqrt(look.scores)], [one], self.iou_threshold)
            boxes, scores = unite_boxes((boxes, scores), found, self.iou_threshold)
        count = min(self.max_persons, int((scores >= self.threshold).sum()))
        return boxes[:count], scores[:count]

    def _opinion(
        self, image: NDArray[np.uint8], boxes: NDArray[np.float32], looks: Sequence[Found]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """What MultiPose says of the joints of persons in boxes (n, 4): see `PersonKeypoints.estimate`."""
        points, scores = np.zeros((1, len(boxes), len(COCO17), 2)), np.zeros((1, len(boxes), len(COCO17)))
        longest = np.max(boxes[:, 2:] - boxes[:, :2], axis=1, initial=1.0)
        sizes = longest[:, None] * np.array(self.long_sides) / max(image.shape[:2])
        best = np.abs(np.log(sizes / _BEST_SIZE)).argmin(axis=1)
        again = sizes.max(axis=1, initial=0.0) < self.small
        for place, look in enumerate(looks):
            mine = np.flatnonzero((best == place) & ~again)
            owners, found = _pairs(boxes[mine], look.boxes)
            points[0, mine[owners]], scores[0, mine[owners]] = look.keypoints[found], look.keypoint_scores[found]
        small = boxes[again].astype(np.float64)
        sides = self.second_scale * longest[again].astype(np.float64)
        crops = Crops((small[:, :2] + small[:, 2:]) / 2, sides, np.zeros(len(small), bool))
        points[0, again], scores[0, again] = self.multipose.look_at(image, crops, small)
        return points, scores


def _pairs(a: NDArray[np.floating], b: NDArray[np.floating]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Indices of boxes a (n, 4) and b (m, 4) that are one person's, most alike first, none twice."""
    overlap = box_iou(a, b)
    first, second = [], []
    while overlap.size and overlap.max() >= _SAME:
        i, j = divmod(int(overlap.argmax()), overlap.shape[1])
        first.append(i)
        second.append(j)
        overlap[i], overlap[:, j] = 0, 0
    return np.array(first, np.int64), np.array(second, np.int64)
