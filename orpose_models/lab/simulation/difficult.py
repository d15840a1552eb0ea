"""What makes scenes difficult: people seen from above and from near by, cut off, gowned pale on pale cloth."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from orpose_models.lab.simulation.clothing import RGB, Outfit, draw_outfit, tint
from orpose_models.lab.simulation.geometry import Mesh
from orpose_models.lab.simulation.rigs import CAMERAS, RoomCamera, build_rig, camera_at, look_at, obstruction
from orpose_models.lab.simulation.rooms import Room
from orpose_models.lab.simulation.splits import generator
from orpose_models.lab.simulation.staging import Volume

Array = NDArray[np.float64]

_PALE = 0.6  # share of the scenes
_ABOVE = 0.5  # share of the cameras
_TRIES = 150
_FROM_PEOPLE, _FROM_THINGS = 0.3, 0.3  # metres that a camera keeps


@dataclass(frozen=True)
class Linen:
    """What gowns and drapes of a scene are made of: (r, g, b) 0..255."""

    colour: RGB

    def outfit(self, number: int, clothes: str) -> Outfit:
        """The outfit of a pool number with a gown, a cap and a mask that hardly differ from the drapes."""
        rng = generator("difficult", "outfit", number)
        usual = draw_outfit(number, clothes)
        head = replace(usual.headwear, cap_colour=self._shade(rng), mask_colour=self._shade(rng))
        gown, scrubs = self._shade(rng), self._shade(rng)
        return replace(usual, headwear=head, over="gown", over_colour=gown, thyroid=False, scrubs=scrubs)

    def _shade(self, rng: np.random.Generator) -> RGB:
        """The colour, as another wash has left it."""
        red, green, blue = (min(252.0, value * float(rng.normal(1, 0.02))) for value in self.colour)
        return red, green, blue

    def cloth(self, mesh: Mesh) -> Mesh:
        """Cloth with its folds in this colour."""
        mean = np.maximum(mesh.colours.mean(axis=0), 1) if len(mesh.colours) else 1
        return mesh.coloured(np.clip(np.array(self.colour) * mesh.colours / mean, 0, 255))


def draw_linen(seed: int, number: int) -> Linen | None:
    """The linen of a scene: white, or a pale blue or green; None where everybody wears what they like."""
    rng = generator("difficult", "linen", seed, number)
    return Linen(tint(rng, rng.uniform(0.4, 0.62), (0.0, 0.16), (0.78, 0.96))) if rng.random() < _PALE else None


def near_cameras(seed: int, number: int, room: Room, people: list[Volume]) -> list[RoomCamera]:
    """Three cameras above and near the people of a scene; the room's own where there is nobody."""
    if not people:
        return build_rig(room)
    rng = generator("difficult", "cameras", seed, number)
    return [_viewpoint(f"cam{k + 1}", rng, room, people) for k in range(CAMERAS)]


def _viewpoint(name: str, rng: np.random.Generator, room: Room, people: list[Volume]) -> RoomCamera:
    """A camera that looks at somebody from above or from near by, and not quite at their middle."""
    for _ in range(_TRIES):
        centres = people[int(rng.integers(len(people)))].centres
        trunk = centres[int(rng.integers(len(centres)))].mean(axis=0)
        if rng.random() < _ABOVE:
            away, height = rng.uniform(0.15, 1.3), rng.uniform(2.2, room.ceiling - 0.1)
        else:
            away, height = float(np.exp(rng.uniform(*np.log([0.7, 2.0])))), rng.uniform(1.1, 2.3)
        azimuth = rng.uniform(0, 2 * np.pi)
        position = np.array([*(trunk[:2] + away * np.array([np.cos(azimuth), np.sin(azimuth)])), height])
        target = trunk + rng.normal(0, [0.25, 0.25, 0.2])
        rotation = look_at(position, target, rng.normal(0, np.radians(4)))
        if _free(position, rotation, room, people):
            break
    centre = rng.normal([319.5, 239.5], [3, 3])
    return camera_at(name, position, rotation, float(rng.uniform(400, 620)), (float(centre[0]), float(centre[1])))


def _free(position: Array, rotation: Array, room: Room, people: list[Volume]) -> bool:
    """Whether a camera is inside the room, in nobody and nothing, and looks at no wall of things."""
    if (np.abs(position[:2]) > room.size / 2 - 0.12).any():
        return False
    if any((np.linalg.norm(one.centres - position, axis=-1) - one.radii).min() < _FROM_PEOPLE for one in people):
        return False
    return obstruction(room, position, rotation) > _FROM_THINGS
