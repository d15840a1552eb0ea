"""Stage 2 of the packaged teacher: MoveNet on several crops of every person, merged."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from orpose_models.teacher.augmentation import merge_keypoints
from orpose_models.teacher.movenet import Crops, MoveNet
from orpose_models.vocabulary.similarity import SILHOUETTE, box_iou, pose_oks
from orpose_models.vocabulary.skeletons import COCO17

# Points (v, n, 17, 2) and scores (v, n, 17).
Said = tuple[NDArray[np.floating], NDArray[np.floating]]

# From this score on a joint counts as found.
_TAKEN = 0.2
# Boxes that overlap more are one person's: the duplicate is dropped later instead of being given a second pose.
_SAME_BOX = 0.6


@dataclass
class PersonKeypoints:
    """Finds the joints of given persons (`teacher.protocols.KeypointEstimator`).

    Attributes:
        network: the keypoint network.
        scales: side of each square crop, as a multiple of the box's longer side.
        flip: whether the mirror images of the crops are looked at, too.
        margin: see `MoveNet.keypoints`.
        conflict_oks: of two persons whose poses are more alike than this, the one with the lower scores is looked
            at again and must do without the other's joints.
    """

    network: MoveNet
    scales: tuple[float, ...]
    flip: bool
    margin: float
    conflict_oks: float

    def estimate(
        self, image: NDArray[np.uint8], boxes: NDArray[np.float32], said: Said | None = None
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Keypoints (n, 17, 2) in pixels and scores (n, 17) of persons in boxes (n, 4).

        `said` is what others say of the same persons: points (v, n, 17, 2) in pixels and scores (v, n, 17), all 0
        where they see nobody. It weighs as much as the looks taken here.
        """
        persons = np.asarray(boxes, np.float64).reshape(-1, 4)
        if said is None:
            said = np.zeros((0, len(persons), len(COCO17), 2)), np.zeros((0, len(persons), len(COCO17)))
        points, scores = self._estimate(image, persons, said)
        owners = find_owners(points, scores, persons, self.conflict_oks)
        losers = np.flatnonzero(owners >= 0)
        if len(losers):
            taken = np.where(scores[owners[losers], :, None] >= _TAKEN, points[owners[losers]], np.nan)
            points[losers], scores[losers] = self._estimate(
                image, persons[losers], (said[0][:, losers], said[1][:, losers]), taken
            )
        return points.astype(np.float32), scores.astype(np.float32)

    def _estimate(
        self,
        image: NDArray[np.uint8],
        persons: NDArray[np.float64],
        said: Said,
        taken: NDArray[np.floating] | None = None,
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        count = len(persons)
        extent = np.maximum(persons[:, 2:] - persons[:, :2], 1.0)
        variants = [(scale, flip) for scale in self.scales for flip in ((False, True) if self.flip else (False,))]
        crops = Crops(
            np.tile((persons[:, :2] + persons[:, 2:]) / 2, (len(variants), 1)),
            np.concatenate([extent.max(axis=1) * scale for scale, _ in variants]),
            np.repeat([flip for _, flip in variants], count),
        )
        boxes = np.tile(persons, (len(variants), 1))
        taken = None if taken is None else np.tile(taken, (len(variants), 1, 1))
        points, scores = self.network.keypoints(image, crops, boxes, self.margin, taken)
        points = points.reshape(len(variants), count, *points.shape[1:])
        scores = scores.reshape(len(variants), count, *scores.shape[1:])
        points, scores = np.concatenate([points, said[0]]), np.concatenate([scores, said[1]])
        return merge_keypoints(points, scores, SILHOUETTE * extent.prod(axis=1))


def find_owners(
    points: NDArray[np.floating], scores: NDArray[np.floating], boxes: NDArray[np.floating], oks_threshold: float
) -> NDArray[np.int64]:
    """(n,) for each person the index of another one who has the better claim to the same pose; -1 for most.

    Args:
        points: (n, 17, 2) pixels.
        scores: (n, 17) in 0..1.
        boxes: (n, 4) pixels.
        oks_threshold: object keypoint similarity from which on two poses are the same.
    """
    count = len(boxes)
    owners = np.full(count, -1, np.int64)
    if count < 2:
        return owners
    seen = scores >= _TAKEN
    found = np.asarray(seen.any(axis=1))
    # The network is surest of a pose in its owner's own crop.
    claims = scores.mean(axis=1)
    areas = SILHOUETTE * np.prod(boxes[:, 2:] - boxes[:, :2], axis=1)
    likeness = np.concatenate([pose_oks(points[[i]], areas[[i]], seen[[i]], points) for i in range(count)])
    same_box = box_iou(boxes, boxes) >= _SAME_BOX
    for i in np.argsort(claims, kind="stable"):
        rivals = (np.maximum(likeness[i], likeness[:, i]) >= oks_threshold) & found & ~same_box[i] & (owners < 0)
        rivals[i] = False
        rivals &= claims >= claims[i]
        if found[i] and rivals.any():
            owners[i] = int(np.where(rivals, likeness[i], -1).argmax())
    return owners
