"""Cameras in front of figures: raised ones as in operating rooms, and others."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from orpose_models.lifting.synthesis.kinematics import Array, rotate, rotation

_ATTEMPTS = 40
# A figure looks towards z and its left is x; a camera's axes are x right, y down, z forward.
_FACING_AWAY = np.diag([-1.0, -1.0, 1.0])


@dataclass(frozen=True)
class CameraRange:
    """What the cameras of one kind are drawn from, uniformly unless said otherwise.

    Attributes:
        height: above the floor, metres.
        pitch: degrees below the horizon.
        roll_std: standard deviation, degrees (normal).
        focal: focal length as a share of the image's longer side.
        sizes: image sizes (width, height) in pixels, one of which is drawn.
        distance: nearest and farthest distance of the figure's chest, metres.
    """

    height: tuple[float, float]
    pitch: tuple[float, float]
    roll_std: float
    focal: tuple[float, float]
    sizes: tuple[tuple[int, int], ...]
    distance: tuple[float, float]


# Cameras on walls, ceilings and booms of an operating room.
RAISED = CameraRange((1.9, 3.0), (10.0, 45.0), 6.0, (0.80, 0.90), ((640, 480),), (0.8, 5.5))
# Hand-held, on tripods, and all that is neither: any usual lens, landscape or portrait.
GENERAL = CameraRange((0.7, 2.6), (-15.0, 35.0), 3.0, (0.55, 1.4), ((640, 480), (640, 360), (360, 640)), (1.2, 8.0))


@dataclass(frozen=True, eq=False)
class Views:
    """One camera for each figure, in metres and pixels.

    Attributes:
        rotations: (n, 3, 3) and translations: (n, 3), from the figure's axes to the optical frame.
        focal: (n,) focal length in pixels; size: (n, 2) image width, height; centre: (n, 2) principal point.
    """

    rotations: Array
    translations: Array
    focal: Array
    size: Array
    centre: Array

    def to_camera(self, points: Array) -> Array:
        """Points (n, k, 3) of the figures in the optical frames of their cameras."""
        return rotate(self.rotations, points) + self.translations[:, None]

    @property
    def gravity(self) -> Array:
        """(n, 3) unit direction of gravity in the optical frames."""
        return -self.rotations[:, :, 1]

    @property
    def positions(self) -> Array:
        """(n, 3) camera centres in the figures' axes."""
        return -rotate(np.swapaxes(self.rotations, 1, 2), self.translations)

    def normalised(self, points: Array) -> Array:
        """Coordinates x/z, y/z (n, k, 2) of points (n, k, 3) of the figures; NaN behind the camera."""
        seen = self.to_camera(points)
        depth = np.where(seen[..., 2:] > 0.05, seen[..., 2:], np.nan)
        return seen[..., :2] / depth

    def inside(self, plane: Array) -> NDArray[np.bool_]:
        """(n, k) whether normalised coordinates (n, k, 2) fall within the image."""
        with np.errstate(invalid="ignore"):
            pixels = plane * self.focal[:, None, None] + self.centre[:, None]
            return np.all((pixels >= 0) & (pixels <= self.size[:, None]), axis=-1)


def sample_views(chest: Array, floor: Array, kinds: tuple[CameraRange, ...], shares: tuple[float, ...],
                 rng: np.random.Generator) -> Views:  # fmt: skip
    """One random camera for each figure, turned about it at random, with its chest in the image.

    Args:
        chest: (n, 3) middle of the shoulders; floor: (n,) height of the floor; both in the figure's axes.
        kinds, shares: kinds of camera and how often each is drawn.
    """
    n = len(chest)
    kind = rng.choice(len(kinds), size=n, p=np.asarray(shares) / np.sum(shares))
    size = np.empty((n, 2))
    for k, camera in enumerate(kinds):
        chosen = kind == k
        size[chosen] = np.asarray(camera.sizes, float)[rng.integers(len(camera.sizes), size=int(chosen.sum()))]

    def limits(name: str) -> tuple[Array, Array]:
        values = np.array([getattr(camera, name) for camera in kinds], float)[kind]
        return values[:, 0], values[:, 1]

    focal = rng.uniform(*limits("focal")) * size.max(axis=1)
    centre = size / 2 + rng.normal(0, 0.01, (n, 2)) * size
    roll = np.radians(rng.normal(0, 1, n) * np.array([camera.roll_std for camera in kinds])[kind])
    yaw = rng.uniform(-np.pi, np.pi, n)
    pitch, distance, ray = np.zeros(n), np.full(n, np.nan), np.zeros((n, 3))
    rotations = np.zeros((n, 3, 3))
    near, far = limits("distance")
    low, high = limits("height")
    todo = np.arange(n)
    # Pitch and the chest's pixel fix the viewing ray; height above the floor then fixes the distance.
    for _ in range(_ATTEMPTS):
        m = len(todo)
        pitch[todo] = np.radians(rng.uniform(*(limit[todo] for limit in limits("pitch"))))
        pixel = rng.uniform(0.03, 0.97, (m, 2)) * size[todo]
        plane = (pixel - centre[todo]) / focal[todo, None]
        ray[todo] = np.concatenate([plane, np.ones((m, 1))], axis=1)
        rotations[todo] = rotation(2, roll[todo]) @ rotation(0, pitch[todo]) @ _FACING_AWAY
        upwards = np.einsum("ni,ni->n", rotations[todo][:, :, 1], ray[todo])
        drawn = rng.uniform(low[todo], high[todo])
        steep = np.abs(upwards) > 0.05
        depth = np.where(steep, (chest[todo, 1] - floor[todo] - drawn) / np.where(steep, upwards, 1), -1)
        level = rng.uniform(near[todo], far[todo])
        height = chest[todo, 1] - floor[todo] - level * upwards
        depth = np.where(~steep & (height > low[todo]) & (height < high[todo]), level, depth)
        fits = (depth > near[todo]) & (depth < far[todo])
        distance[todo[fits]] = depth[fits]
        todo = todo[~fits]
        if len(todo) == 0:
            break
    fallback = np.isnan(distance)
    distance[fallback] = ((near + far) / 2)[fallback]
    rotations = rotations @ rotation(1, yaw)
    return Views(rotations, ray * distance[:, None] - rotate(rotations, chest), focal, size, centre)
