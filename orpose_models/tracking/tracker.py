"""Person ids that last: each new pose is given to the most similar recent one."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from orpose_models.vocabulary.poses import Poses
from orpose_models.vocabulary.resolution import Size
from orpose_models.vocabulary.similarity import box_iou, pose_oks

MIN_SIMILARITY = 0.15
# Seconds that a stamp may be ahead of the one before; of one that is more, the next stamp says whether it is true.
_BELIEVED = 3600.0


@dataclass
class _Track:
    id: int
    box: NDArray[np.float32]
    keypoints: NDArray[np.float32]
    seen: NDArray[np.bool_]
    time: float


class Tracker:
    """Gives the persons of consecutive images of one camera lasting ids, counted from 1.

    The similarity of two persons is the mean of their boxes' IoU and their poses' OKS; the
    assignment that maximises its sum is taken (Hungarian method), pairs below `MIN_SIMILARITY` start
    a new id. A person unseen for `memory` seconds is forgotten, and its id is never used again.
    """

    def __init__(self, memory: float = 1.0) -> None:
        self._memory = memory
        self._tracks: list[_Track] = []
        self._next_id = 1
        self._now = -np.inf
        self._doubted: float | None = None
        self._size: Size | None = None

    def reset(self) -> None:
        """Forget everybody and count from 1 again."""
        self._tracks.clear()
        self._next_id = 1
        self._now = -np.inf
        self._doubted = None
        self._size = None

    def update(self, poses: Poses, time: float, size: Size | None = None) -> Poses:
        """The same persons with `ids` set.

        Args:
            poses: the persons of the next image.
            time: acquisition time of the image in seconds. A step back by more than the memory is a beginning anew and
                forgets everybody; a smaller one is two images in the wrong order. A stamp more than an hour ahead
                counts as the latest time until then, unless the one before was as far ahead: a single one is wrong.
            size: width, height of the image; persons are where they were in it when it changes.
        """
        time = self._believed(time)
        if time < self._now - self._memory:
            self._tracks.clear()
            self._now = time
        self._now = time = max(self._now, time)
        self._tracks = [track for track in self._tracks if time - track.time <= self._memory]
        self._follow(size)
        ids = np.full(len(poses), -1, np.int64)
        seen = poses.keypoint_scores > 0
        if self._tracks and len(poses):
            similarity = self._similarity(poses)
            for row, column in zip(*linear_sum_assignment(-similarity), strict=True):
                if similarity[row, column] >= MIN_SIMILARITY:
                    track = self._tracks[row]
                    ids[column] = track.id
                    track.box, track.keypoints = poses.boxes[column], poses.keypoints[column]
                    track.seen, track.time = seen[column], time
        for i in np.flatnonzero(ids < 0):
            ids[i] = self._next_id
            self._tracks.append(_Track(self._next_id, poses.boxes[i], poses.keypoints[i], seen[i], time))
            self._next_id += 1
        return poses.with_arrays(ids=ids)

    def _believed(self, time: float) -> float:
        """The time of an image by its stamp."""
        doubted, self._doubted = self._doubted, None
        if not np.isfinite(self._now) or time <= self._now + _BELIEVED:
            return time
        if doubted is not None and abs(time - doubted) <= _BELIEVED:
            return time
        self._doubted = time
        return self._now

    def _follow(self, size: Size | None) -> None:
        """Move what is known to an image of another size."""
        if size is not None and self._size is not None and size != self._size:
            x, y = size[0] / self._size[0], size[1] / self._size[1]
            for track in self._tracks:
                track.box = np.asarray(track.box * (x, y, x, y), np.float32)
                track.keypoints = np.asarray(track.keypoints * (x, y), np.float32)
        self._size = size or self._size

    def _similarity(self, poses: Poses) -> NDArray[np.float64]:
        boxes = np.stack([track.box for track in self._tracks])
        keypoints = np.stack([track.keypoints for track in self._tracks])
        seen = np.stack([track.seen for track in self._tracks])
        areas = np.prod(boxes[:, 2:] - boxes[:, :2], axis=1)
        return np.asarray((box_iou(boxes, poses.boxes) + pose_oks(keypoints, areas, seen, poses.keypoints)) / 2)
