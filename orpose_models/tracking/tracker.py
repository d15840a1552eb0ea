"""Person ids that last, and steady persons: each new pose goes to somebody known and is smoothed with that."""

import math

import numpy as np
from numpy.typing import NDArray

from orpose_models.tracking.association import Track, assign
from orpose_models.tracking.floor import Floor
from orpose_models.tracking.person import PersonState, look, smooth
from orpose_models.vocabulary.cameras import Camera
from orpose_models.vocabulary.poses import Poses
from orpose_models.vocabulary.resolution import Size
from orpose_models.vocabulary.similarity import box_iou

# Seconds that somebody may be out of sight and keep the id.
MEMORY = 20.0
# Seconds by which a stamp may be before the latest one as that of an image in the wrong order.
DISORDER = 5.0
# Persons whose boxes overlap more do not show what they look like.
_OVERLAP = 0.25
# How much of a person's score, by which it is found again, is renewed by an image.
_SCORE_RENEWAL = 0.2
# Seconds over which the score that is shown is a mean.
STEADY = 1.0
# Seconds that an image counts for at least, so that clocks that stand do not stop it.
_SHORTEST = 1 / 60
# Share of the threshold: who has that much is watched, and is shown once the score or its mean reaches the threshold.
WATCHED = 0.6
# Seconds that a stamp may be ahead of the one before; of one that is more, the next stamp says whether it is true.
_BELIEVED = 3600.0


class Tracker:
    """Gives the persons of consecutive images of one camera lasting ids, counted from 1, and steadies them.

    Who is who is decided by place in the image, place in space and looks (`association.assign`). A person unseen for
    `memory` seconds is forgotten, and its id is never used again. Nothing waits for a later image.

    The score of somebody who was shown is steadied, too: it is a mean over the images of the last `STEADY` seconds that
    show the person. So somebody known is still shown where an image makes them out badly.

    Args:
        memory: seconds.
        smoothing: whether joints, roots and scores are smoothed, and velocities given.
        camera_height: metres above the floor; None to learn it from those who stand there, where gravity is known.

    Attributes:
        memory, smoothing: as above; may be changed between two images.
    """

    def __init__(self, memory: float = MEMORY, smoothing: bool = True, camera_height: float | None = None) -> None:
        self.memory = memory
        self.smoothing = smoothing
        self._camera_height = camera_height
        self._tracks: list[Track] = []
        self.reset()

    def reset(self) -> None:
        """Forget everybody and count from 1 again."""
        self._tracks.clear()
        self._next_id = 1
        self._now = -np.inf
        self._doubted: float | None = None
        self._size: Size | None = None
        self._floor = Floor(self._camera_height)

    def known(self) -> list[tuple[int, float]]:
        """Who was shown and is remembered: ids, and the times in seconds when they were seen last."""
        return [(track.id, track.time) for track in self._tracks if track.shown]

    def lowest(self, threshold: float) -> float:
        """The lowest score that `update` has a use for, where persons of at least a threshold are to be shown."""
        return threshold * WATCHED if self.smoothing else threshold

    def update(
        self,
        poses: Poses,
        time: float,
        size: Size | None = None,
        camera: Camera | None = None,
        threshold: float = 0.0,
        most: int | None = None,
    ) -> Poses:
        """The persons that are to be shown, with `ids` set, steadied if that is wanted, best score first.

        Args:
            poses: the persons of the next image, of at least `lowest(threshold)`.
            time: acquisition time of the image in seconds. A step back by more than 5 s, or the memory if that is less,
                is a beginning anew and forgets everybody; a smaller one is two images in the wrong order. A stamp more
                than an hour ahead counts as the latest time until then, unless the one before was as far ahead: a
                single one is wrong.
            size: width, height of the image; persons are where they were in it when it changes.
            camera: of the image; its gravity lets the floor say how large persons are.
            threshold: persons of lower scores are not shown.
            most: at most this many are shown, those of the best scores.
        """
        poses = poses.select(poses.box_scores >= self.lowest(threshold))
        time = self._believed(time)
        if time < self._now - min(self.memory, DISORDER):
            self._tracks.clear()
            self._now = time
        self._now = time = max(self._now, time)
        self._tracks = [track for track in self._tracks if time - track.time <= self.memory]
        self._follow(size)
        owners = {person: self._tracks[row] for row, person in assign(self._tracks, poses, time)}
        tracks = [owners.get(i) or self._begin(poses, i, time) for i in range(len(poses))]
        shown = smooth([track.state for track in tracks], poses, time, camera, self._floor)
        clear = np.flatnonzero(_stands_free(poses))
        look([tracks[i].state for i in clear], poses.appearance[clear], time)
        for i, track in enumerate(tracks):
            track.box, track.keypoints = poses.boxes[i], poses.keypoints[i]
            score = float(poses.box_scores[i])
            track.score += (score - track.score) * _SCORE_RENEWAL
            renewal = -math.expm1(-max(time - track.time, _SHORTEST) / STEADY)
            mean = track.steadied + (score - track.steadied) * renewal
            # Who is not shown yet is shown as soon as an image is sure enough.
            track.steadied = mean if track.shown else max(mean, score)
            track.seen, track.time = poses.keypoint_scores[i] > 0, time
        if self.smoothing:
            poses = shown.with_arrays(box_scores=np.array([track.steadied for track in tracks], np.float32))
        best = np.argsort(-poses.box_scores, kind="stable") if self.smoothing else np.arange(len(poses))
        best = best[poses.box_scores[best] >= threshold][:most]
        for i in best:
            tracks[i].shown = True
        return poses.with_arrays(ids=np.array([track.id for track in tracks], np.int64)).select(best)

    def _begin(self, poses: Poses, i: int, time: float) -> Track:
        seen = poses.keypoint_scores[i] > 0
        state = PersonState(self._next_id)
        score = float(poses.box_scores[i])
        track = Track(state, poses.boxes[i], poses.keypoints[i], seen, time, score, time, score)
        self._tracks.append(track)
        self._next_id += 1
        return track

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
                track.state.flat.scale((x, y))
        self._size = size or self._size


def _stands_free(poses: Poses) -> NDArray[np.bool_]:
    """(n,) whose boxes nobody else's overlaps much, not even that of somebody who is only watched."""
    overlap = box_iou(poses.boxes, poses.boxes)
    np.fill_diagonal(overlap, 0.0)
    return np.asarray(overlap.max(axis=1, initial=0.0) <= _OVERLAP, np.bool_)
