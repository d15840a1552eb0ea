"""Where persons stand by a depth image: from what it measures on their trunk."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from orpose_models.lifting.root import SIZE_STD
from orpose_models.vocabulary.cameras import Camera
from orpose_models.vocabulary.poses import Poses
from orpose_models.vocabulary.resolution import Size
from orpose_models.vocabulary.skeletons import COCO17, H36M17

Floats = NDArray[np.float64]

# Keypoints below this score are not gone by.
MIN_SCORE = 0.3
# Metres from the surface of a clothed trunk to its joints, towards the front or back and towards a side (with the arm):
# half axes of an elliptical cylinder, fitted to simulated staff of the split val seen from above.
GIRTH = (0.16, 0.20)
# Whoever looks along the trunk meets its surface after so many metres at most.
_DEEPEST = 0.3
# How far from the size's distance depth is believed, in standard deviations of the size.
_WINDOW = 2.0
# Metres within which measurements on one trunk lie.
_SPREAD = 0.2
# Measurements on the trunk that must agree, and their share of those that there are.
MIN_POINTS, MIN_SHARE = 4, 0.1
# Standard deviation of a root by depth, metres: what is not known of clothes, girth and posture.
DEPTH_STD = 0.04

_TRUNK = [COCO17.joints.index(name) for name in ("left_shoulder", "right_shoulder", "left_hip", "right_hip")]
_HIPS = _TRUNK[2:]
_TRUNK3D = [H36M17.index(name) for name in ("left_shoulder", "right_shoulder", "left_hip", "right_hip")]
_GRID = np.array([(s, t) for s in np.linspace(0.1, 0.9, 7) for t in np.linspace(0.05, 0.95, 9)])
# Points all over the trunk as mixtures of its four joints, and on the lines between two of them.
_ALL = np.stack(
    [(1 - _GRID[:, 0]) * (1 - _GRID[:, 1]), _GRID[:, 0] * (1 - _GRID[:, 1]), (1 - _GRID[:, 0]) * _GRID[:, 1],
     _GRID[:, 0] * _GRID[:, 1]], axis=1,
)  # fmt: skip
_PAIRS = np.array(
    [np.eye(4)[a] * (1 - t) + np.eye(4)[b] * t for a in range(4) for b in range(a) for t in np.linspace(0.1, 0.9, 9)]
)


@dataclass(frozen=True, eq=False)
class DepthRoots:
    """Roots by depth.

    Attributes:
        measured: (n,) bool, for whom depth said something; the others are as they were.
        root: (n, 3) metres. root_std: (n,) metres. joints3d: (n, 17, 3) metres, as large as the distance makes them.
    """

    measured: NDArray[np.bool_]
    root: NDArray[np.float32]
    root_std: NDArray[np.float32]
    joints3d: NDArray[np.float32]


def roots_by_depth(poses: Poses, depth: NDArray[np.float32], camera: Camera) -> DepthRoots:
    """Move the roots of persons to where the depth image sees their trunks.

    A root moves to the line of sight between both hips where they are seen, else along its own: `solve_root` goes by
    all joints, of which the lifted depths are less sure than where hips are in the image. The person's joints grow or
    shrink with the distance. What stands before or behind somebody is told by the most measurements that agree,
    among those that the person's size allows for.

    Args:
        poses: the persons, with roots by `solve_root` where they have one.
        depth: (h, w) metres along the optical axis, of the same view at any size; NaN where unknown.
        camera: of the image that the poses' pixels are of.
    """
    root, std = poses.root.copy(), poses.root_std.copy()
    joints, measured = poses.joints3d.copy(), np.zeros(len(poses), bool)
    full = (camera.width, camera.height)
    hips = poses.keypoints[:, _HIPS]
    known: NDArray[np.bool_] = np.asarray(
        (poses.keypoint_scores[:, _HIPS] >= MIN_SCORE).all(axis=1) & np.isfinite(hips).all(axis=(1, 2)), np.bool_
    )
    between = camera.normalised(np.where(known[:, None, None], hips, 0.0)).mean(axis=1)
    for i in range(len(poses)):
        found = _distance(poses, i, depth, full)
        if found is None:
            continue
        ratio = found / float(root[i, 2])
        root[i] = np.append(between[i] * found, found) if known[i] else root[i] * ratio
        joints[i] = joints[i] * ratio
        std[i], measured[i] = DEPTH_STD, True
    return DepthRoots(measured, root, std, joints)


def _distance(poses: Poses, i: int, depth: NDArray[np.float32], full: Size) -> float | None:
    """Distance of a root along the optical axis, metres; None if depth says nothing of it."""
    seen = poses.keypoint_scores[i, _TRUNK] >= MIN_SCORE
    size_z = float(poses.root[i, 2])
    # What lies before or behind the root: the joints' depths relative to it.
    relative = poses.joints3d[i, _TRUNK3D, 2].astype(np.float64)
    if seen.sum() < 2 or not np.isfinite(size_z) or not np.isfinite(relative).all():
        return None
    mixtures = _ALL if seen.all() else _PAIRS[(_PAIRS[:, ~seen] == 0).all(axis=1)]
    pixels = mixtures @ poses.keypoints[i, _TRUNK].astype(np.float64)
    scale = np.array([depth.shape[1] / full[0], depth.shape[0] / full[1]])
    columns, rows = np.floor(pixels * scale).astype(np.int64).T
    inside = (columns >= 0) & (rows >= 0) & (columns < depth.shape[1]) & (rows < depth.shape[0])
    if inside.sum() < MIN_POINTS:
        return None
    beneath = _beneath(poses.joints3d[i].astype(np.float64), poses.root[i].astype(np.float64))
    values = depth[rows[inside], columns[inside]].astype(np.float64) + beneath - (mixtures @ relative)[inside]
    reach = _WINDOW * SIZE_STD * size_z
    values = np.sort(values[np.isfinite(values)])
    count = len(values)
    values = values[np.abs(values - size_z) <= reach]
    if len(values) < MIN_POINTS:
        return None
    last = np.searchsorted(values, values + _SPREAD, side="right")
    # Of two that stand one behind the other it is the one at whose distance the person has a usual size.
    usual = np.exp(-0.5 * ((values + _SPREAD / 2 - size_z) / (SIZE_STD * size_z)) ** 2)
    first = int(np.argmax((last - np.arange(len(values))) * usual))
    agreeing = values[first : last[first]]
    if len(agreeing) < max(MIN_POINTS, MIN_SHARE * count):
        return None
    return float(np.median(agreeing))


def _beneath(joints3d: Floats, root: Floats) -> float:
    """How far the trunk's joints are behind its surface along the optical axis, metres; the trunk is a cylinder.

    Args:
        joints3d: (17, 3) relative to the root. root: (3,) both in the optical frame.
    """
    shoulders, hips = joints3d[_TRUNK3D[:2]], joints3d[_TRUNK3D[2:]]
    up = shoulders.mean(axis=0) - hips.mean(axis=0)
    side = shoulders[0] - shoulders[1]
    front = np.cross(side, up)
    side = np.cross(up, front)
    ray = root / np.linalg.norm(root)
    across = [abs(float(ray @ axis)) / max(float(np.linalg.norm(axis)), 1e-9) for axis in (front, side)]
    reach = 1 / max(float(np.hypot(across[0] / GIRTH[0], across[1] / GIRTH[1])), 1 / _DEEPEST)
    return reach * float(ray[2])
