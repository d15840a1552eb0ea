"""A made-up room: cameras around it, people in it, and what each camera sees of them."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from orpose_models.datasets.multiview import PlacedCamera
from orpose_models.vocabulary.cameras import Camera
from orpose_models.vocabulary.poses import Poses
from orpose_models.vocabulary.skeletons import COCO17_TO_H36M17

Floats = NDArray[np.float64]

# COCO joints of somebody who stands at the origin and looks along x; y is to the person's left.
BODY: Floats = np.array(
    [
        (0.10, 0.0, 1.60), (0.08, 0.03, 1.64), (0.08, -0.03, 1.64), (0.0, 0.08, 1.62), (0.0, -0.08, 1.62),
        (0.0, 0.175, 1.43), (0.0, -0.175, 1.43), (0.05, 0.22, 1.15), (0.05, -0.22, 1.15), (0.25, 0.22, 1.0),
        (0.25, -0.22, 1.0), (0.0, 0.115, 0.89), (0.0, -0.115, 0.89), (0.02, 0.115, 0.5), (0.02, -0.115, 0.5),
        (0.0, 0.115, 0.09), (0.0, -0.115, 0.09),
    ]
)  # fmt: skip


def standing(x: float, y: float, yaw: float = 0.0) -> Floats:
    """(17, 3) somebody at a place, turned by an angle about the vertical."""
    c, s = np.cos(yaw), np.sin(yaw)
    return BODY @ np.array([[c, s, 0], [-s, c, 0], [0, 0, 1]]) + [x, y, 0]


def looking(name: str, position: Sequence[float], target: Sequence[float] = (0, 0, 1)) -> PlacedCamera:
    """A camera of 640 x 480 pixels that looks at a point."""
    forward = np.asarray(target, float) - position
    forward /= np.linalg.norm(forward)
    right = np.cross(forward, [0, 0, 1.0])
    right /= np.linalg.norm(right)
    rotation = np.stack([right, np.cross(forward, right), forward])
    camera = Camera(640, 480, 540, 540, 319.5, 239.5).with_gravity(rotation @ [0, 0, -1.0])
    return PlacedCamera(name, camera, rotation, np.asarray(position, float))


def rig(count: int = 4) -> list[PlacedCamera]:
    """Cameras around the room at 2.5 m."""
    angles = 0.4 + 2 * np.pi * np.arange(count) / count + 0.2 * np.sin(np.arange(count))
    return [looking(f"cam{k + 1}", (3.6 * np.cos(a), 3.6 * np.sin(a), 2.5)) for k, a in enumerate(angles)]


def seen(
    view: PlacedCamera, people: Sequence[Floats], noise: float = 0.0, rng: np.random.Generator | None = None,
    lifted: bool = True,
) -> Poses:  # fmt: skip
    """What a camera sees of people (17, 3) each: exact, or with noise of so many pixels."""
    if not people:
        return Poses.empty()
    optical = view.to_optical(np.stack(people))
    pixels = view.camera.project(optical)
    if rng is not None:
        pixels = pixels + rng.normal(0, noise, pixels.shape)
    boxes = np.concatenate([pixels.min(axis=1), pixels.max(axis=1)], axis=1)
    poses = Poses.from_arrays(boxes, np.full(len(people), 0.9), pixels, np.full((len(people), 17), 0.9))
    if not lifted:
        return poses
    joints = COCO17_TO_H36M17.points(optical)
    return poses.with_arrays(joints3d=joints - joints[:, :1], root=joints[:, 0], root_std=0.09 * joints[:, 0, 2])
