"""Viewpoints of photographs of people: held at eye or chest height, near or far, people cut off now and then."""

import numpy as np
from numpy.typing import NDArray

from orpose_models.lab.simulation.rigs import CAMERAS, RoomCamera, camera_at, look_at
from orpose_models.lab.simulation.rooms import Place
from orpose_models.lab.simulation.staging import Volume

Array = NDArray[np.float64]

NEAR, FAR = 1.5, 8.0  # metres from the camera to whom it looks at
_TRIES = 200
_FOCAL = (400.0, 1100.0)  # pixels
_TALL = (110.0, 640.0)  # pixels, of the person looked at, as far as the focal length allows


def everyday_cameras(rng: np.random.Generator, place: Place, volumes: list[Volume], middle: Array) -> list[RoomCamera]:
    """Three viewpoints of the people in a place; of its `middle` (2,) if there is nobody."""
    return [_viewpoint(f"cam{k + 1}", rng, place, volumes, middle) for k in range(CAMERAS)]


def _viewpoint(name: str, rng: np.random.Generator, place: Place, volumes: list[Volume], middle: Array) -> RoomCamera:
    spots = [moment.mean(axis=0)[:2] for one in volumes for moment in one.centres] or [middle]
    for _ in range(_TRIES):
        target = np.array([*spots[int(rng.integers(len(spots)))], rng.uniform(0.75, 1.3)])
        distance = float(np.exp(rng.uniform(np.log(NEAR), np.log(FAR))))
        azimuth = rng.uniform(0, 2 * np.pi)
        height = rng.uniform(1.0, 1.8) if rng.random() < 0.85 else rng.uniform(1.8, min(2.8, place.ceiling - 0.15))
        position = np.array([*(target[:2] + distance * np.array([np.cos(azimuth), np.sin(azimuth)])), height])
        if _free(position, target, place, volumes):
            break
    target[:2] += rng.normal(0, 0.12 * distance, 2)
    rotation = look_at(position, target, rng.normal(0, np.radians(2)))
    tall = np.exp(rng.uniform(*np.log(_TALL)))
    focal = float(np.clip(tall * distance / 1.7, *_FOCAL))
    cx, cy = (float(v) for v in rng.normal([319.5, 239.5], [3, 3]))
    return camera_at(name, position, rotation, focal, (cx, cy))


def _free(position: Array, target: Array, place: Place, volumes: list[Volume]) -> bool:
    """Whether a camera has room where it is, and nothing but people stands between it and whom it looks at."""
    if (np.abs(position[:2]) > place.size / 2 - 0.15).any():
        return False
    if any(np.linalg.norm(one.centres - position, axis=-1).min() < 0.8 for one in volumes):
        return False
    ray = position + np.linspace(0, 0.85, 40)[:, None] * (target - position)
    return not any(((spot.distance(ray) < 0.15) & (ray[:, 2] < spot.height + 0.1)).any() for spot in place.footprints)
