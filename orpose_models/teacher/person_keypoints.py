"""Stage 2 of the packaged teacher: MoveNet on several crops of every person, merged."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from orpose_models.teacher.augmentation import SILHOUETTE, merge_keypoints
from orpose_models.teacher.movenet import Crops, MoveNet


@dataclass
class PersonKeypoints:
    """Finds the joints of given persons (`teacher.protocols.KeypointEstimator`).

    Attributes:
        network: the keypoint network.
        scales: side of each square crop, as a multiple of the box's longer side.
        flip: whether the mirror images of the crops are looked at, too.
        margin: see `MoveNet.keypoints`.
    """

    network: MoveNet
    scales: tuple[float, ...]
    flip: bool
    margin: float

    def estimate(
        self, image: NDArray[np.uint8], boxes: NDArray[np.float32]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Keypoints (n, 17, 2) in pixels and scores (n, 17) of persons in boxes (n, 4)."""
        boxes = np.asarray(boxes, np.float64).reshape(-1, 4)
        count = len(boxes)
        extent = np.maximum(boxes[:, 2:] - boxes[:, :2], 1.0)
        variants = [(scale, flip) for scale in self.scales for flip in ((False, True) if self.flip else (False,))]
        crops = Crops(
            np.tile((boxes[:, :2] + boxes[:, 2:]) / 2, (len(variants), 1)),
            np.concatenate([extent.max(axis=1) * scale for scale, _ in variants]),
            np.repeat([flip for _, flip in variants], count),
        )
        points, scores = self.network.keypoints(image, crops, np.tile(boxes, (len(variants), 1)), self.margin)
        points = points.reshape(len(variants), count, *points.shape[1:])
        scores = scores.reshape(len(variants), count, *scores.shape[1:])
        points, scores = merge_keypoints(points, scores, SILHOUETTE * extent.prod(axis=1))
        return points.astype(np.float32), scores.astype(np.float32)
