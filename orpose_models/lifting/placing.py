"""Where persons are shown in 3D, also when their distance is not known: for arranging a picture, not a measurement."""

import numpy as np
from numpy.typing import NDArray

from orpose_models.lifting.root import solve_root
from orpose_models.vocabulary.cameras import Camera
from orpose_models.vocabulary.poses import Poses
from orpose_models.vocabulary.resolution import Size
from orpose_models.vocabulary.skeletons import COCO17_TO_H36M17

NOMINAL_DEPTH = 3.0  # metres: a usual distance from a ceiling camera to the staff around the table


def nominal_roots(poses: Poses, full_size: Size, camera: Camera | None = None) -> NDArray[np.float32]:
    """Pelvis positions (n, 3) in optical axes, metres: those of everybody whose distance is unknown at one depth.

    `poses.root` where it is known; else the point at `NOMINAL_DEPTH` on the viewing ray of the
    pelvis - of the box centre where no hip was seen - through `camera` or a guessed one.
    """
    camera = camera or Camera.from_fov(*full_size)
    pelvis = COCO17_TO_H36M17.points(poses.keypoints)[:, 0]
    pelvis_seen = COCO17_TO_H36M17.valid(poses.keypoint_scores > 0)[:, 0]
    centre = (poses.boxes[:, :2] + poses.boxes[:, 2:]) / 2
    plane = camera.normalised(np.where(pelvis_seen[:, None], pelvis, centre))
    nominal = np.concatenate([plane, np.ones((len(poses), 1))], axis=1) * NOMINAL_DEPTH
    known = np.asarray(np.isfinite(poses.root).all(axis=1))
    return np.where(known[:, None], poses.root, nominal).astype(np.float32)


def likely_roots(poses: Poses, full_size: Size, camera: Camera | None = None) -> NDArray[np.float32]:
    """Pelvis positions (n, 3) in optical axes, metres: unknown ones as `camera`, or a guessed one, would place them.

    `poses.root` where it is known; else what `solve_root` finds; else the nominal place.
    """
    guessed, _ = solve_root(
        poses.keypoints, poses.keypoint_scores, poses.joints3d, camera or Camera.from_fov(*full_size)
    )
    known = np.asarray(np.isfinite(poses.root).all(axis=1))
    placed = poses.with_arrays(root=np.where(known[:, None], poses.root, guessed))
    return nominal_roots(placed, full_size, camera)
