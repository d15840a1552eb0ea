"""One camera's persons in a frame whose z axis points up, for the page, which shows rooms."""

import numpy as np
from numpy.typing import NDArray

from orpose_models.vocabulary.poses import Poses
from orpose_models.vocabulary.room_persons import RoomPersons
from orpose_models.vocabulary.skeletons import COCO17_TO_H36M17

Floats = NDArray[np.float64]

_LEARN = 0.05  # share of a new image in where the floor is


class Level:
    """Turns a camera's persons upright, the lowest joints being on the floor.

    Args:
        gravity: (3,) direction in which things fall, in the optical axes, any length; zeros for downwards in the image.
    """

    def __init__(self, gravity: Floats) -> None:
        down = np.asarray(gravity, np.float64)
        up = -down if np.linalg.norm(down) > 0 else np.array([0.0, -1.0, 0.0])
        z = up / np.linalg.norm(up)
        ahead = np.array([0.0, 0.0, 1.0])
        y = ahead - (ahead @ z) * z  # the camera's view, level
        if np.linalg.norm(y) < 1e-6:  # it looks straight down or up
            y = np.array([0.0, -1.0, 0.0])
        y = y / np.linalg.norm(y)
        self._rotation = np.stack([np.cross(y, z), y, z])
        self._floor: float | None = None

    def persons(self, poses: Poses) -> RoomPersons:
        """Those whose place is known: x to the right, y away from the camera, which is above the origin, z up."""
        poses = poses.select(np.asarray(np.isfinite(poses.root).all(axis=1) & poses.has3d))
        n = len(poses)
        joints = (poses.root[:, None] + poses.joints3d).astype(np.float64) @ self._rotation.T
        if n:
            lowest = float(np.nanmedian(np.nanmin(joints[..., 2], axis=1)))
            self._floor = lowest if self._floor is None else self._floor + _LEARN * (lowest - self._floor)
            joints[..., 2] -= self._floor
        scores = np.asarray(COCO17_TO_H36M17.scores(poses.keypoint_scores), np.float64).reshape(n, 17)
        return RoomPersons(
            poses.ids,
            poses.box_scores.astype(np.float64),
            np.full((n, 17, 3), np.nan),
            np.zeros((n, 17)),
            joints,
            scores,
            np.full((n, 17, 3, 3), np.nan),
            np.full((n, 3), np.nan),
            np.zeros((n, 1), np.int64),
            np.full((n, 1), np.nan),
        )
