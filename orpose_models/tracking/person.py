"""What is known of one person over time: where they are, how they move, how large they are, what they look like."""

import numpy as np
from numpy.typing import NDArray

from orpose_models.lifting.root import SIZE_STD
from orpose_models.tracking.floor import FRAME_STD, MIN_BOX_SCORE, Floor, depth_below
from orpose_models.tracking.joints import JointFilter
from orpose_models.tracking.kalman import Motion, PointFilter, sight_covariance
from orpose_models.tracking.size import SizeEstimate, body_size
from orpose_models.vocabulary.cameras import Camera
from orpose_models.vocabulary.poses import APPEARANCE, Poses
from orpose_models.vocabulary.skeletons import COCO17_TO_H36M17

Floats = NDArray[np.float64]

# Errors of one image that the next one does not share, relative to the distance: along the line of sight, and across.
ALONG_STD, ACROSS_STD = 0.045, 0.008
# Seconds within which images share much of their errors: many of them say no more than one.
_ALIKE = 0.2
# Images per second beyond which nothing more is gained by them.
_FASTEST = 60.0
# Relative error of a body's size in one image.
SIZE_FRAME_STD = 0.05
# A root whose distance is known better than this, relatively, was measured (by depth), not concluded from the size.
MEASURED = 0.05
# Share of a size by which what is learnt of it may change what is shown in a second: nobody jumps for it.
_SIZE_PACE = 0.08
# How much of an appearance is renewed by an image.
_RENEWAL = 0.1


class PersonState:
    """The filters of one person in one camera.

    Args:
        person: the id.
        root: filter of the root; None for the default.
    """

    def __init__(self, person: int, root: PointFilter | None = None) -> None:
        self.person = person
        self.appearance: Floats = np.full(APPEARANCE, np.nan)
        self._root = root or PointFilter()
        self._flat = JointFilter(noise=0.006, acceleration=6.0)
        self._solid = JointFilter(noise=0.02, acceleration=8.0)
        self._lifted = SizeEstimate(SIZE_STD)
        self._standing: SizeEstimate | None = None
        self._measured = SizeEstimate(0.01)
        self._shown = (float("nan"), 0.0)  # a size, and when
        self._placed = -np.inf  # when the root was measured last

    def predict(self, time: float) -> Motion | None:
        """Where the root is at a time, in metres; None if it never was known."""
        return self._root.predict(time)

    @property
    def drift(self) -> Floats:
        """(2,) how fast the person moves in the image, pixels per second."""
        return self._flat.drift

    def shown(self, factor: tuple[float, float]) -> None:
        """The images are so many times as wide and high from now on."""
        self._flat.scale(factor)

    def look(self, appearance: NDArray[np.floating]) -> None:
        """Keep what the person looks like now (APPEARANCE,)."""
        seen, known = np.isfinite(appearance), np.isfinite(self.appearance)
        mixed = self.appearance + (appearance - self.appearance) * _RENEWAL
        self.appearance = np.where(seen, np.where(known, mixed, appearance), self.appearance)

    @property
    def size_std(self) -> float:
        """Relative standard deviation of the person's size, and so of the distance."""
        return float(sum(one.std**-2 for one in self._sizes()) ** -0.5) if self._lifted.known else SIZE_STD

    def smooth(self, poses: Poses, time: float, camera: Camera | None, floor: Floor) -> dict[str, NDArray]:
        """Take what an image shows of the person and give what is known now.

        Args:
            poses: the one person.
            time: seconds.
            camera: of the image; None if nothing is known of it.
            floor: of the camera.

        Returns:
            The arrays of `Poses` that change, each with one row.
        """
        box, scores = poses.boxes[0].astype(np.float64), poses.keypoint_scores[0]
        extent = float(np.hypot(*(box[2:] - box[:2]))) or 1.0
        flat = self._flat.update(time, poses.keypoints[0], scores, extent)
        joints, scale = self._joints(poses, time, camera, floor)
        out: dict[str, NDArray] = {"keypoints": flat[None], "joints3d": joints[None]}
        root = poses.root[0].astype(np.float64)
        std = float(poses.root_std[0])
        if not np.isfinite(root).all() or not np.isfinite(std):
            return out
        measured = std < MEASURED * float(root[2])
        place = root if measured else root * scale
        distance = float(np.linalg.norm(place))
        along = std if measured else ALONG_STD * distance
        # Counted as one measurement for each `_ALIKE`, however many images there are.
        repeated = float(np.clip(_ALIKE / max(time - self._placed, 1e-3), 1.0, _ALIKE * _FASTEST))
        self._placed = time
        noise = sight_covariance(place, ACROSS_STD * distance, along) * repeated
        motion = self._root.update(time, place, noise)
        covariance = motion.covariance.copy()
        # An error of the size moves the person along the line of sight, and no filter takes it away.
        relative = 0.0 if measured else self.size_std
        spread = np.concatenate([motion.position, motion.velocity]) * relative
        covariance += np.outer(spread, spread)
        out["root"], out["velocity"] = motion.position[None], motion.velocity[None]
        out["motion_cov"] = covariance[None]
        out["root_std"] = np.sqrt(covariance[2, 2])[None]
        return out

    def _joints(self, poses: Poses, time: float, camera: Camera | None, floor: Floor) -> tuple[Floats, float]:
        """The joints (17, 3) of the person at their learnt size, and how much larger that is than in the image."""
        raw, scores = poses.joints3d[0].astype(np.float64), poses.keypoint_scores[0]
        size = float(body_size(raw)[0])
        root, std = poses.root[0], float(poses.root_std[0])
        if np.isfinite(std) and std < MEASURED * float(root[2]):
            self._measured.update(size, max(std / float(root[2]), 0.01))
        self._lifted.update(size, SIZE_FRAME_STD)
        self._stand(poses, size, camera, floor)
        learnt = self._paced(self._size(), time)
        scale = learnt / size if np.isfinite(learnt) and np.isfinite(size) and size > 0 else 1.0
        sure = COCO17_TO_H36M17.scores(scores[None])[0]
        extent = learnt / 3 if np.isfinite(learnt) else 1.0
        # Guessed joints are guessed alike from image to image: they are smoothed as the unsure ones.
        return self._solid.update(time, raw * scale, np.maximum(sure, 0.1), extent), scale

    def _paced(self, size: float, time: float) -> float:
        """A learnt size as it is shown at a time, not far from the one shown before."""
        before, then = self._shown
        if np.isfinite(before) and np.isfinite(size):
            most = _SIZE_PACE * max(time - then, 0.0)
            size = float(np.clip(size, before * (1 - most), before * (1 + most)))
        self._shown = (size, time)
        return size

    def _stand(self, poses: Poses, size: float, camera: Camera | None, floor: Floor) -> None:
        """What the floor says of the size."""
        if camera is None or camera.gravity is None or not np.isfinite(size):
            return
        below = float(depth_below(poses.root, poses.joints3d, poses.keypoint_scores, camera.gravity)[0])
        # At the learnt size, so that a posture that makes the person look large does not move the floor.
        if poses.box_scores[0] >= MIN_BOX_SCORE:
            floor.add(self.person, below)
        said = floor.ratio(below)
        if said is not None:
            ratio, shared = said
            if self._standing is None:
                self._standing = SizeEstimate(shared)
            self._standing.shared = shared
            self._standing.update(size * ratio, FRAME_STD)

    def _sizes(self) -> list[SizeEstimate]:
        standing = [] if self._standing is None else [self._standing]
        return [one for one in (self._lifted, *standing, self._measured) if one.known]

    def _size(self) -> float:
        known = self._sizes()
        if not known:
            return float("nan")
        weights = np.array([one.std**-2 for one in known])
        return float(np.exp((weights * np.log([one.value for one in known])).sum() / weights.sum()))
