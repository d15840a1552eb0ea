"""What is known of persons over time: where they are, how they move, how large they are, what they look like."""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from orpose_models.lifting.root import SIZE_STD
from orpose_models.tracking.floor import FRAME_STD, MIN_BOX_SCORE, Floor, depth_below
from orpose_models.tracking.joints import JointFilter, follow_joints
from orpose_models.tracking.kalman import PointFilter, follow, sight_covariance
from orpose_models.tracking.size import SizeEstimate, body_size
from orpose_models.vocabulary.cameras import Camera
from orpose_models.vocabulary.poses import APPEARANCE, Poses
from orpose_models.vocabulary.skeletons import COCO17_TO_H36M17, H36M17

Floats = NDArray[np.float64]

# Errors of one image that the next one does not share, relative to the distance: along the line of sight, and across.
ALONG_STD, ACROSS_STD = 0.045, 0.008
# Seconds within which images share much of their errors: many of them say no more than one.
_ALIKE = 0.2
# Images per second beyond which nothing more is gained by them.
_FASTEST = 60.0
# Of whom less is seen the place is less sure: its standard deviation grows with the square of how far the mean score of
# the keypoints is below the first, down to a share of it.
SEEN, LEAST_SEEN = 0.95, 0.3
# Relative error of a body's size in one image.
SIZE_FRAME_STD = 0.05
# A root whose distance is known better than this, relatively, was measured (by depth), not concluded from the size.
MEASURED = 0.05
# Share of a size by which what is learnt of it may change what is shown in a second: nobody jumps for it.
_SIZE_PACE = 0.08
# What somebody looks like is a mean over so many seconds. An image counts for the time since the one before, between
# these limits (s).
_LOOKS = 6.0
_SHORTEST, _LONGEST = 1 / 60, 1.0


class PersonState:
    """The filters of one person in one camera.

    Args:
        person: the id.
    """

    def __init__(self, person: int) -> None:
        self.person = person
        self.appearance: Floats = np.full(APPEARANCE, np.nan)
        self.looks: Floats = np.zeros(APPEARANCE)  # how many images each number of it is of
        self.looked = -np.inf  # when the latest of them was taken
        self.root = PointFilter()
        self.flat = JointFilter(noise=0.006, acceleration=6.0)
        self.solid = JointFilter(noise=0.02, acceleration=8.0, shape=(len(H36M17), 3))
        self.placed = -np.inf  # when the root was measured last
        self._lifted = SizeEstimate(SIZE_STD)
        self._standing: SizeEstimate | None = None
        self._measured = SizeEstimate(0.01)
        self._shown = (float("nan"), 0.0)  # a size, and when

    @property
    def size_std(self) -> float:
        """Relative standard deviation of the person's size, and so of the distance."""
        return sum(one.std**-2 for one in self._sizes()) ** -0.5 if self._lifted.known else SIZE_STD

    def learn(
        self, size: float, time: float, by_depth: float | None, below: float, sure: bool, floor: Floor
    ) -> tuple[float, float]:
        """Take a size that the person has in an image and give the one that is learnt, and by how much it is larger.

        Args:
            size: see `body_size`.
            time: seconds.
            by_depth: relative standard deviation where the distance was measured; None where it was concluded.
            below: how far the soles are below the camera, see `Floor.add`; NaN where that is not known.
            sure: whether the height of the camera may be learnt from the person.
            floor: of the camera.
        """
        if by_depth is not None:
            self._measured.update(size, max(by_depth, 0.01))
        self._lifted.update(size, SIZE_FRAME_STD)
        if math.isfinite(size):
            self._stand(size, below, sure, floor)
        learnt = self._paced(self._size(), time)
        return learnt, learnt / size if math.isfinite(learnt) and math.isfinite(size) and size > 0 else 1.0

    def _paced(self, size: float, time: float) -> float:
        """A learnt size as it is shown at a time, not far from the one shown before."""
        before, then = self._shown
        if math.isfinite(before) and math.isfinite(size):
            most = _SIZE_PACE * max(time - then, 0.0)
            size = min(max(size, before * (1 - most)), before * (1 + most))
        self._shown = (size, time)
        return size

    def _stand(self, size: float, below: float, sure: bool, floor: Floor) -> None:
        """What the floor says of the size."""
        # At the learnt size, so that a posture that makes the person look large does not move the floor.
        if sure:
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
        weights = [one.std**-2 for one in known]
        return math.exp(sum(w * math.log(one.value) for w, one in zip(weights, known, strict=True)) / sum(weights))


def smooth(states: Sequence[PersonState], poses: Poses, time: float, camera: Camera | None, floor: Floor) -> Poses:
    """Let persons have what an image shows of them and say what is known of them now.

    Args:
        states: n, all different.
        poses: the n persons of the image.
        time: seconds.
        camera: of the image; None if nothing is known of it.
        floor: of the camera.
    """
    if not states:
        return poses
    box = poses.boxes.astype(np.float64)
    extent = np.hypot(*(box[:, 2:] - box[:, :2]).T)
    scores = poses.keypoint_scores
    flat = follow_joints([s.flat for s in states], time, poses.keypoints, scores, np.where(extent > 0, extent, 1.0))
    learnt, scale = _learnt(states, poses, time, camera, floor)
    # Guessed joints are guessed alike from image to image: they are smoothed as the unsure ones.
    sure = np.maximum(COCO17_TO_H36M17.scores(scores), 0.1)
    raw = poses.joints3d.astype(np.float64) * scale[:, None, None]
    extent = np.where(np.isfinite(learnt), learnt / 3, 1.0)
    joints3d = follow_joints([s.solid for s in states], time, raw, sure, extent)
    poses = poses.with_arrays(keypoints=flat, joints3d=joints3d)
    placed = np.flatnonzero(np.isfinite(poses.root).all(axis=1) & np.isfinite(poses.root_std))
    return _place([states[i] for i in placed.tolist()], placed, poses, scale[placed], time) if len(placed) else poses


def _learnt(
    states: Sequence[PersonState], poses: Poses, time: float, camera: Camera | None, floor: Floor
) -> tuple[Floats, Floats]:
    """Learnt sizes (n,), and by how much they are larger than in the image; one by one, as all learn the floor."""
    sizes = body_size(poses.joints3d).tolist()
    below = [math.nan] * len(poses)
    if camera is not None and camera.gravity is not None:
        below = depth_below(poses.root, poses.joints3d, poses.keypoint_scores, camera.gravity).tolist()
    by_depth = [std if yes else None for std, yes in zip(_relative(poses).tolist(), _by_depth(poses), strict=True)]
    sure = (poses.box_scores >= MIN_BOX_SCORE).tolist()
    learnt = [s.learn(sizes[i], time, by_depth[i], below[i], sure[i], floor) for i, s in enumerate(states)]
    return np.array(learnt).T


def _relative(poses: Poses) -> Floats:
    """(n,) standard deviations of the distances by the distances."""
    return np.asarray(poses.root_std.astype(np.float64) / poses.root[:, 2].astype(np.float64), np.float64)


def _by_depth(poses: Poses) -> NDArray[np.bool_]:
    """(n,) whose distance was measured."""
    return np.asarray(np.isfinite(poses.root_std) & (poses.root_std < MEASURED * poses.root[:, 2]), np.bool_)


def _place(states: Sequence[PersonState], which: NDArray[np.intp], poses: Poses, scale: Floats, time: float) -> Poses:
    """The persons with the roots, velocities and covariances of some; of these are the states and the scales (k,)."""
    root, std = poses.root[which].astype(np.float64), poses.root_std[which].astype(np.float64)
    measured = _by_depth(poses)[which]
    place = np.where(measured[:, None], root, root * scale[:, None])
    distance = np.linalg.norm(place, axis=1)
    along = np.where(measured, std, ALONG_STD * distance)
    # Counted as one measurement for each `_ALIKE`, however many images there are.
    since = time - np.array([state.placed for state in states])
    repeated = np.clip(_ALIKE / np.maximum(since, 1e-3), 1.0, _ALIKE * _FASTEST)
    noise = sight_covariance(place, ACROSS_STD * distance, along) * repeated[:, None, None]
    noise = noise * _unsure(poses.keypoint_scores[which])[:, None, None]
    motion = follow([state.root for state in states], time, place, noise)
    # An error of the size moves the person along the line of sight, and no filter takes it away.
    relative = np.where(measured, 0.0, [state.size_std for state in states])
    spread = np.concatenate([motion.position, motion.velocity], axis=1) * relative[:, None]
    covariance = motion.covariance + spread[:, :, None] * spread[:, None]
    for state in states:
        state.placed = time
    found = {
        "root": motion.position, "velocity": motion.velocity, "motion_cov": covariance,
        "root_std": np.sqrt(covariance[:, 2, 2]),
    }  # fmt: skip
    arrays = {name: getattr(poses, name).copy() for name in found}
    for name, values in found.items():
        arrays[name][which] = values
    return poses.with_arrays(**arrays)


def _unsure(scores: NDArray[np.floating]) -> Floats:
    """(n,) how many times the variance of those who are seen well persons' places have, by keypoint scores (n, 17)."""
    return np.asarray(np.clip(scores.astype(np.float64).mean(axis=1) / SEEN, LEAST_SEEN, 1.0) ** -4, np.float64)


def look(states: Sequence[PersonState], appearance: NDArray[np.floating], time: float) -> None:
    """Keep what persons look like: a mean of all images at first, which is renewed slowly later.

    A mean says more than a single image: in motion and at a distance colours vary.

    Args:
        states: n.
        appearance: (n, APPEARANCE) in an image; NaN for what is not seen.
        time: of it, seconds.
    """
    if not states:
        return
    known = np.isfinite(appearance)
    before = np.stack([state.appearance for state in states])
    looks = np.stack([state.looks for state in states]) + known
    since = np.clip(time - np.array([state.looked for state in states]), _SHORTEST, _LONGEST)
    share = np.maximum(1 / np.maximum(looks, 1), -np.expm1(-since / _LOOKS)[:, None])
    mixed = np.where(np.isfinite(before), before + (appearance - before) * share, appearance)
    for state, renewed, count in zip(states, np.where(known, mixed, before), looks, strict=True):
        state.appearance, state.looks, state.looked = renewed, count, time
