"""Whether the cameras are where the calibration says: each is compared with what the others triangulate."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.optimize import least_squares, linear_sum_assignment

from orpose_models.datasets.multiview import PlacedCamera
from orpose_models.vocabulary.poses import Poses
from orpose_models.vocabulary.room_persons import RoomPersons

Floats = NDArray[np.float64]

_MIN_SCORE = 0.5
_MIN_JOINTS = 5
# Moments that count, and joints that are needed to say anything of a camera.
_WINDOW, MIN_PAIRS = 200, 150
# Cameras are off if keypoints miss by more than this (radians, median); one was moved if its move leaves no more than
# that share of what all cameras miss.
_MISS, _EXPLAINED = np.radians(1.9), 0.75
# Keypoints of a reduced image are so many of its pixels off without anything being wrong.
_PIXELS = 2.0
# A person whom a moved camera sees elsewhere is still known by the shape, metres.
_SHAPE = 0.2
_FURTHEST = np.radians(25.0)
_NOISE = 0.012  # radians, of a joint in a view
# Of several moves that explain what is seen the smaller one is more likely.
_PRIOR_ANGLE, _PRIOR_PLACE, _PRIOR_WEIGHT = np.radians(15.0), 0.4, 0.3


@dataclass(frozen=True)
class CameraVerdict:
    """What is known of a camera's place.

    Attributes:
        name: which camera.
        pairs: joints that were compared.
        error_px: median distance in pixels from its keypoints to what the other cameras triangulate; NaN if too few.
        state: 'ok', 'moved', 'disagrees' (one was moved, and nobody can tell which) or 'unknown' (too few joints).
        turned_deg, moved_m: by how much it was turned and moved, if it was.
    """

    name: str
    pairs: int
    error_px: float
    state: str
    turned_deg: float = 0.0
    moved_m: float = 0.0

    @property
    def sentence(self) -> str:
        """For people."""
        if self.state == "unknown":
            return f"{self.name}: too few joints seen by other cameras too ({self.pairs} of {MIN_PAIRS})"
        text = f"{self.name}: reprojection error {self.error_px:.1f} px (median of {self.pairs} joints)"
        if self.state == "moved":
            text += f"; the camera was moved, by about {self.turned_deg:.1f} degrees and {self.moved_m:.2f} m: "
            text += "calibrate it anew"
        elif self.state == "disagrees":
            text += "; it disagrees with the others: a camera was moved, or the calibration is wrong"
        return text


@dataclass(frozen=True)
class _Compared:
    """A camera beside the others: how many joints, by how much they miss, and how much is right; radians, median.

    The miss is NaN if there are too few joints.
    """

    pairs: int
    miss: float
    most: float

    @property
    def is_off(self) -> bool:
        return self.miss > self.most


class CameraCheck:
    """Collects joints that several cameras see.

    Args:
        cameras: of the room, at the size of the images.
    """

    def __init__(self, cameras: Sequence[PlacedCamera]) -> None:
        self._cameras = list(cameras)
        self._focal = np.array([(c.camera.fx + c.camera.fy) / 2 for c in cameras])
        # For each person at a moment: image coordinates (c, 17, 2) and which count (c, 17).
        self._seen: deque[tuple[Floats, NDArray[np.bool_]]] = deque(maxlen=_WINDOW)
        self._most = float(_MISS)

    def add(self, poses: Sequence[Poses], persons: RoomPersons, factors: Sequence[float]) -> None:
        """Take a moment: what each camera saw, what was fused of it, and by how much the images were reduced."""
        self._most = float(np.hypot(_MISS, _PIXELS * (np.asarray(factors) / self._focal).max()))
        views = persons.views.copy()
        self._find_missed(poses, persons, views)
        alone = [c for c, one in enumerate(poses) if len(one) == 1]
        if len(alone) >= 2 and all(len(one) <= 1 for one in poses) and not (persons.seen_by >= 2).any():
            # Who is alone in a room is the same for all, however badly the views fit.
            views = np.full((1, len(poses)), -1)
            views[0, alone] = 0
        for row in views:
            cameras = [int(c) for c in np.flatnonzero(row >= 0)]
            if len(cameras) < 2:
                continue
            plane, counts = np.zeros((len(row), 17, 2)), np.zeros((len(row), 17), np.bool_)
            for c in cameras:
                counts[c] = poses[c].keypoint_scores[row[c]] >= _MIN_SCORE
                plane[c] = self._cameras[c].camera.normalised(poses[c].keypoints[row[c]].astype(np.float64))
            if (counts.sum(axis=0) >= 2).sum() >= _MIN_JOINTS:
                self._seen.append((plane, counts))

    def verdicts(self) -> list[CameraVerdict]:
        """What the last moments say of each camera."""
        if not self._seen:
            return [CameraVerdict(c.name, 0, float("nan"), "unknown") for c in self._cameras]
        plane = np.stack([one[0] for one in self._seen])
        counts = np.stack([one[1] for one in self._seen])
        rotations = np.stack([c.rotation for c in self._cameras])
        centres = np.stack([c.position for c in self._cameras])
        before = [self._compare(c, plane, counts, rotations, centres) for c in range(len(self._cameras))]
        moved: list[int] = []
        found = before
        # Of n cameras n - 2 can be told by the others.
        while len(moved) < len(self._cameras) - 2 and any(one.is_off for one in found):
            best = None
            for c, one in enumerate(found):
                if not one.is_off or c in moved:
                    continue
                move = self._best_move(c, plane, counts, rotations, centres)
                turned, placed = rotations.copy(), centres.copy()
                turned[c], placed[c] = move
                then = [self._compare(k, plane, counts, turned, placed) for k in range(len(self._cameras))]
                left = float(np.nanmean([other.miss for other in then]))
                if best is None or left < best[0]:
                    best = left, c, turned, placed, then
            if best is None or best[0] > _EXPLAINED * float(np.nanmean([one.miss for one in found])):
                break
            _, c, rotations, centres, found = best
            moved.append(c)
        return self._said(before, found, rotations, centres, moved)

    def _said(
        self,
        before: Sequence["_Compared"],
        after: Sequence["_Compared"],
        rotations: Floats,
        centres: Floats,
        moved: Sequence[int],
    ) -> list[CameraVerdict]:
        verdicts = []
        for c, view in enumerate(self._cameras):
            angle = float(np.degrees(np.linalg.norm(cv2.Rodrigues(rotations[c] @ view.rotation.T)[0])))
            way = float(np.linalg.norm(centres[c] - view.position))
            state = "moved" if c in moved else "disagrees" if after[c].is_off else "ok"
            state = "unknown" if before[c].pairs < MIN_PAIRS else state
            verdicts.append(
                CameraVerdict(
                    view.name,
                    before[c].pairs,
                    before[c].miss * float(self._focal[c]),
                    state,
                    *((angle, way) if state == "moved" else ()),
                )
            )
        return verdicts

    def _pairs(
        self, c: int, plane: Floats, counts: NDArray[np.bool_], rotations: Floats, centres: Floats
    ) -> tuple[Floats, Floats]:
        """Points (n, 3) by the other cameras (by both, of two), and where the camera sees them (n, 2)."""
        others = [k for k in range(len(rotations)) if k != c] if len(rotations) > 2 else [0, 1]
        points, sure = _triangulated(plane[:, others], counts[:, others], rotations[others], centres[others])
        use = sure & counts[:, c]
        return points[use], plane[:, c][use]

    def _compare(
        self, c: int, plane: Floats, counts: NDArray[np.bool_], rotations: Floats, centres: Floats
    ) -> "_Compared":
        world, seen = self._pairs(c, plane, counts, rotations, centres)
        if len(world) < MIN_PAIRS:
            return _Compared(len(world), float("nan"), self._most)
        # Of two cameras each has half of what they disagree by.
        share = 2 if len(rotations) == 2 else 1
        miss = share * float(np.median(_misses(world, seen, rotations[c], centres[c])))
        return _Compared(len(world), miss, self._most)

    def _best_move(
        self, c: int, plane: Floats, counts: NDArray[np.bool_], rotations: Floats, centres: Floats
    ) -> tuple[Floats, Floats]:
        """Rotation and place of a camera that fit best what the others see."""
        world, seen = self._pairs(c, plane, counts, rotations, centres)

        def residuals(x: Floats) -> Floats:
            turn, place = _moved(x, rotations[c], centres[c])
            local = (world - place) @ turn.T
            miss = (local[:, :2] / np.maximum(local[:, 2:], 0.2) - seen) / _NOISE
            held = _PRIOR_WEIGHT * np.sqrt(len(world)) * np.concatenate([x[:3] / _PRIOR_ANGLE, x[3:] / _PRIOR_PLACE])
            robust = np.sqrt(np.sqrt(1 + (miss**2).sum(axis=1)) - 1 + 1e-12)
            return np.concatenate([robust, held])

        return _moved(least_squares(residuals, np.zeros(6), max_nfev=20).x, rotations[c], centres[c])

    def _find_missed(self, poses: Sequence[Poses], persons: RoomPersons, views: NDArray[np.int64]) -> None:
        """Fill in persons whom a camera sees elsewhere than it should, if their shape is right."""
        many = persons.seen_by >= 2
        for c, view in enumerate(self._cameras):
            rows = np.flatnonzero(many & (views[:, c] < 0))
            taken = set(views[many, c])
            free = [k for k in range(len(poses[c])) if k not in taken]
            if not len(rows) or not free:
                continue
            local = view.to_optical(persons.keypoints[rows])
            depth = np.maximum(local[..., 2], 0.3)
            expected = local[..., :2] / depth[..., None]
            found = view.camera.normalised(poses[c].keypoints[free].astype(np.float64))
            sure = (persons.keypoint_scores[rows] >= 0.3)[:, None]
            sure = sure & (poses[c].keypoint_scores[free] >= _MIN_SCORE)
            gap = np.where(sure[..., None], found[None] - expected[:, None], np.nan)
            known = sure.sum(axis=2) >= _MIN_JOINTS
            gap[~known] = 0.0
            offset = np.nanmedian(gap, axis=2, keepdims=True)
            shape = np.nanmedian(np.linalg.norm(gap - offset, axis=3), axis=2) * depth.mean(axis=1)[:, None]
            far = np.linalg.norm(offset[:, :, 0], axis=2)
            fits = known & (shape < _SHAPE) & (far < _FURTHEST)
            cost = np.where(fits, shape + far, 1e3)
            for i, k in zip(*linear_sum_assignment(cost), strict=True):
                if fits[i, k]:
                    views[rows[i], c] = free[k]


def _triangulated(
    plane: Floats, counts: NDArray[np.bool_], rotations: Floats, centres: Floats
) -> tuple[Floats, NDArray[np.bool_]]:
    """Points (m, 17, 3) of m persons by some cameras, and where at least two of them say so from different sides."""
    rays = np.concatenate([plane, np.ones((*plane.shape[:-1], 1))], axis=3)
    rays = np.einsum("mcjx,cxy->mcjy", rays / np.linalg.norm(rays, axis=3, keepdims=True), rotations)
    across = (np.eye(3) - rays[..., :, None] * rays[..., None, :]) * counts[..., None, None]
    matrix = across.sum(axis=1)
    sure = (counts.sum(axis=1) >= 2) & (np.linalg.eigvalsh(matrix)[..., 0] > 0.02)
    matrix = np.where(sure[..., None, None], matrix, np.eye(3))
    vector = np.einsum("mcjxy,cy->mjx", across, centres)
    return np.linalg.solve(matrix, vector[..., None])[..., 0], sure


def _misses(world: Floats, seen: Floats, rotation: Floats, centre: Floats) -> Floats:
    local = (world - centre) @ rotation.T
    return np.asarray(np.linalg.norm(local[:, :2] / np.maximum(local[:, 2:], 0.2) - seen, axis=1))


def _moved(x: Floats, rotation: Floats, centre: Floats) -> tuple[Floats, Floats]:
    return np.asarray(cv2.Rodrigues(x[:3])[0] @ rotation, np.float64), centre + x[3:]
