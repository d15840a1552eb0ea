"""Three cameras per room, or more on request, near the ceiling and walls, as in the MVOR recordings: f about 540 px at
640 x 480, 10 to 45 degrees below the horizon, 1.9 to 3.0 m high."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from orpose_models.lab.simulation.rooms import Room
from orpose_models.lab.simulation.splits import generator
from orpose_models.vocabulary.cameras import Camera

Array = NDArray[np.float64]

WIDTH, HEIGHT = 640, 480
CAMERAS = 3
_FREE = 1.5  # metres in front of a camera that must be empty


@dataclass(frozen=True, eq=False)
class RoomCamera:
    """A camera in a room.

    Attributes:
        name: 'cam1', 'cam2', 'cam3' and so on.
        intrinsics: with gravity.
        rotation: (3, 3), from optical axes to the room's.
        position: (3,) metres, in the room.
    """

    name: str
    intrinsics: Camera
    rotation: Array
    position: Array

    def to_optical(self, points: Array) -> Array:
        """Room points (..., 3) in the optical frame."""
        return (np.asarray(points) - self.position) @ self.rotation

    def project(self, points: Array) -> Array:
        """Pixels (..., 2) of room points (..., 3), in `Poses`' convention; NaN behind the camera."""
        return self.intrinsics.project(self.to_optical(points))

    @property
    def pitch_deg(self) -> float:
        """How far below the horizon it looks."""
        return float(np.degrees(np.arcsin(-self.rotation[2, 2])))


def look_at(position: Array, target: Array, roll: float = 0.0) -> Array:
    """Rotation (3, 3) from optical axes (x right, y down, z forward) to the room's for a camera looking at a point."""
    forward = np.asarray(target, float) - position
    forward /= np.linalg.norm(forward)
    right = np.cross(forward, [0, 0, 1.0])
    right /= np.linalg.norm(right)
    down = np.cross(forward, right)
    c, s = np.cos(roll), np.sin(roll)
    return np.stack([c * right + s * down, c * down - s * right, forward], axis=1)


def obstruction(room: Room, position: Array, rotation: Array) -> float:
    """Distance of the nearest thing in view or around the camera, metres."""
    local = (_samples(room) - position) @ rotation
    around = np.linalg.norm(local, axis=1)
    in_view = (local[:, 2] > 0) & (np.abs(local[:, 0]) < 0.65 * local[:, 2]) & (np.abs(local[:, 1]) < 0.5 * local[:, 2])
    nearest = min(np.where(in_view, around, np.inf).min(), 2.2 * around.min())
    return float(nearest)


def _samples(room: Room) -> Array:
    """Points (n, 3) all over the things in a room, evenly by area."""
    corners = room.mesh.points[room.mesh.faces].astype(float)
    area = np.linalg.norm(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1)
    rng = generator("orpose-simulation", "surface", room.number)
    chosen = corners[rng.choice(len(area), 6000, p=area / area.sum())]
    weights = rng.dirichlet([1, 1, 1], len(chosen))
    return (chosen * weights[..., None]).sum(axis=1)


def _mount(name: str, room: Room, rng: np.random.Generator, azimuth: float) -> RoomCamera:
    focal = float(rng.normal(540, 6))
    cx, cy = (float(v) for v in rng.normal([319.5, 239.5], [3, 3]))
    direction = np.array([np.cos(azimuth), np.sin(azimuth)])
    for attempt in range(60):
        wall = np.min((room.size / 2 - 0.15) / np.maximum(np.abs(direction), 1e-6))
        distance = min(wall, rng.uniform(2.1, 3.6))
        height = rng.uniform(1.95, min(3.0, room.ceiling - 0.12))
        position = np.array([*(direction * distance), height])
        aim = np.array([*(room.table.centre + rng.normal(0, 0.35, 2)), rng.uniform(0.65, 1.15)])
        rotation = look_at(position, aim, rng.normal(0, np.radians(2.5)))
        gap = obstruction(room, position, rotation)
        pitch = np.degrees(np.arcsin(-rotation[2, 2]))
        if (gap > _FREE and 10 <= pitch <= 45) or attempt == 59:
            break
        angle = azimuth + rng.normal(0, 0.3)
        direction = np.array([np.cos(angle), np.sin(angle)])
    return camera_at(name, position, rotation, focal, (cx, cy))


def camera_at(name: str, position: Array, rotation: Array, focal: float, centre: tuple[float, float]) -> RoomCamera:
    """A camera at a place, whose intrinsics know which way is down."""
    gravity = tuple(float(g) for g in rotation.T @ [0, 0, -1.0])
    camera = Camera(WIDTH, HEIGHT, focal, focal, *centre, (), gravity)  # type: ignore[arg-type]
    return RoomCamera(name, camera, rotation, position)


def build_rig(room: Room, count: int = CAMERAS) -> list[RoomCamera]:
    """The cameras of a room; they stay where they are from scene to scene, however many there are.

    Args:
        room: the room.
        count: how many; those after the third are put one by one into the widest gap.
    """
    rng = generator("orpose-simulation", "rig", room.number)
    start = rng.uniform(0, 2 * np.pi)
    steps = np.cumsum(rng.uniform(1.4, 2.5, CAMERAS))
    azimuths = [float(start + step) for step in steps]
    rig = [_mount(f"cam{k + 1}", room, rng, azimuth) for k, azimuth in enumerate(azimuths[:count])]
    while len(rig) < count:
        around = np.sort(np.mod(azimuths, 2 * np.pi))
        gaps = np.diff(around, append=around[0] + 2 * np.pi)
        azimuths.append(float(around[gaps.argmax()] + gaps.max() / 2))
        rig.append(_mount(f"cam{len(rig) + 1}", room, rng, azimuths[-1]))
    return rig
