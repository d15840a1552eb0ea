"""Rooms: floor, walls, doors, the operating table, and where the equipment stands."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from orpose_models.lab.simulation import ceiling as overhead
from orpose_models.lab.simulation.clothing import cloth_colour
from orpose_models.lab.simulation.equipment import BASIC
from orpose_models.lab.simulation.fittings import STEEL, Item, cloth_over, monitor, plastic
from orpose_models.lab.simulation.geometry import Mesh, box, panel, rotation_z
from orpose_models.lab.simulation.lookalikes import LOOKALIKES
from orpose_models.lab.simulation.splits import member

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Footprint:
    """A rectangle on the floor that something stands on, up to a height.

    Attributes:
        centre: (2,) metres.
        half: (2,) half sizes along its own axes.
        yaw: of its x axis, rad.
        height: of what stands there.
        kind: what it is.
    """

    centre: Array
    half: Array
    yaw: float
    height: float
    kind: str

    def distance(self, points: Array) -> Array:
        """How far (...) points (..., 2) on the floor are outside; negative inside."""
        c, s = np.cos(self.yaw), np.sin(self.yaw)
        local = (np.asarray(points)[..., :2] - self.centre) @ np.array([[c, -s], [s, c]])
        beyond = np.abs(local) - self.half
        return np.linalg.norm(np.maximum(beyond, 0), axis=-1) + np.minimum(beyond.max(axis=-1), 0)


@dataclass(frozen=True, eq=False)
class Place:
    """Where a scene happens, without people: a box with things in it.

    Attributes:
        number: pool number.
        size: (2,) inside length and width, centred on the origin.
        ceiling: height, metres.
        mesh: everything but floor and walls.
        glow: what shines by itself: the ceiling's light panels.
        floor, walls: pictures (h, w, 3) uint8 that are laid on them.
        footprints: what stands on the floor.
    """

    number: int
    size: Array
    ceiling: float
    mesh: Mesh
    glow: Mesh
    floor: NDArray[np.uint8]
    walls: NDArray[np.uint8]
    footprints: list[Footprint]


@dataclass(frozen=True, eq=False)
class Room(Place):
    """An operating room without people.

    Attributes:
        table: the operating table, the first of the footprints; its x axis runs from the feet to the head of the
            patient.
        table_height: top of the mattress.
        lamps: surgical lamps.
    """

    table: Footprint
    table_height: float
    lamps: list[overhead.Lamp]


def _speckle(rng: np.random.Generator, size: int, colour: NDArray, coarse: float, fine: float) -> NDArray:
    """A picture of one colour with large stains and fine grain."""
    blotch = cv2.resize(rng.normal(0, coarse, (12, 12)).astype(np.float32), (size, size), interpolation=cv2.INTER_CUBIC)
    return np.asarray(colour, float) + (blotch + rng.normal(0, fine, (size, size)))[..., None]


def _floor(rng: np.random.Generator) -> NDArray[np.uint8]:
    size = 768
    base = np.array(cloth_colour(rng)) * 0.4 + plastic(rng, 60, 210) * 0.6
    image = _speckle(rng, size, base, rng.uniform(2, 9), rng.uniform(2, 9))
    if rng.random() < 0.4:
        step = int(rng.choice([48, 64, 96]))
        image[::step] *= 0.86
        image[:, ::step] *= 0.86
    elif rng.random() < 0.5:
        low, high = np.sort(rng.integers(150, 620, 2))
        image[low:high, low:high] = image[low:high, low:high] * 0.75 + 0.25 * np.array(cloth_colour(rng))
    return np.clip(image, 0, 255).astype(np.uint8)


def _walls(rng: np.random.Generator) -> NDArray[np.uint8]:
    size = 512
    tint = np.array(cloth_colour(rng))
    base = plastic(rng, 150, 240) * 0.8 + tint * 0.2
    image = _speckle(rng, size, base, rng.uniform(1, 5), rng.uniform(1, 4))
    style = rng.choice(["plain", "tiles", "panels", "band"], p=[0.3, 0.25, 0.25, 0.2])
    if style == "tiles":
        step = int(rng.choice([24, 32]))
        image[::step] *= 0.88
        image[:, ::step] *= 0.88
    elif style == "panels":
        image[:, :: int(rng.choice([64, 128]))] *= 0.7
    elif style == "band":
        image[int(size * 0.55) :] = image[int(size * 0.55) :] * 0.6 + 0.4 * tint
    return np.clip(image, 0, 255).astype(np.uint8)


def _table(rng: np.random.Generator, height: float) -> Mesh:
    """Column, foot and mattress, without its sheets."""
    parts = [
        box((0.9, 0.5, 0.18), plastic(rng, 120, 200)),
        box((0.4, 0.35, height - 0.3), np.array(STEEL) * rng.uniform(0.8, 1.1)).placed((0, 0, 0.15)),
        box((2.0, 0.54, 0.06), plastic(rng, 100, 190)).placed((0, 0, height - 0.16)),
    ]
    pad = plastic(rng, 15, 80)
    parts += [box((0.62, 0.52, 0.09), pad).placed((x, 0, height - 0.09)) for x in (-0.66, 0, 0.66)]
    return Mesh.merge(parts)


def _wall_items(rng: np.random.Generator, size: Array, top: float) -> list[Mesh]:
    """Doors, windows, screens, light boxes, posters, sockets and hooks with clothes."""
    parts = []
    for wall in range(4):
        yaw = wall * np.pi / 2
        half = size[wall % 2] / 2
        length = size[(wall + 1) % 2]
        place = rotation_z(yaw + np.pi)
        centre = np.array([np.cos(yaw), np.sin(yaw)]) * (half - 0.02)
        along = np.array([-np.sin(yaw), np.cos(yaw)])
        taken: list[tuple[float, float]] = []
        for _ in range(int(rng.integers(2, 6))):
            kind = rng.choice(
                ["door", "window", "screen", "poster", "box", "lightbox"], p=[0.2, 0.15, 0.2, 0.2, 0.15, 0.1]
            )
            width = {"door": rng.uniform(0.9, 1.6), "window": rng.uniform(0.8, 1.6)}.get(
                str(kind), rng.uniform(0.3, 0.8)
            )
            y = rng.uniform(-length / 2 + width / 2 + 0.1, length / 2 - width / 2 - 0.1)
            if any(abs(y - other) < (width + w) / 2 for other, w in taken):
                continue
            taken.append((y, width))
            if kind == "door":
                item = Mesh.merge(
                    [
                        box((0.05, width, 2.1), plastic(rng, 60, 230)),
                        box((0.06, 0.25, 0.4), (60, 75, 85)).placed((0.0, width / 4, 1.4)),
                        box((0.08, 0.03, 0.3), STEEL).placed((0.02, -width / 4, 0.95)),
                    ]
                )
            elif kind == "window":
                cells = np.clip(rng.uniform(90, 240) * rng.normal(1, 0.08, (6, 10, 1)) * [0.95, 1, 1.05], 0, 255)
                item = panel(cells, width, 1.0).placed((0.02, 0, 1.0))
            elif kind == "screen":
                item = monitor(rng, width, width * 0.6).placed((0.05, 0, rng.uniform(1.3, 1.8)))
            elif kind == "lightbox":
                item = panel(np.full((2, 4, 3), 250.0), width, 0.5).placed((0.03, 0, 1.3))
            elif kind == "poster":
                item = panel(
                    rng.uniform(60, 250, (9, 7, 1)) * rng.uniform(0.7, 1.1, (9, 7, 3)).clip(0, 1), width * 0.7, width
                ).placed((0.02, 0, 1.1))
            else:
                item = box((0.2, width, rng.uniform(0.3, 0.7)), plastic(rng)).placed((0.08, 0, rng.uniform(0.9, 1.5)))
            at = centre + along * y
            parts.append(item.placed((at[0], at[1], 0), place))
    return parts


def _furnish(rng: np.random.Generator, size: Array, table: Footprint) -> tuple[list[Mesh], list[Footprint]]:
    """Put equipment where it does not stand in anything else; staff keep a ring around the table."""
    catalogue = {**BASIC, **LOOKALIKES}
    weights = np.array([weight for _, weight in catalogue.values()])
    names = rng.choice(list(catalogue), int(rng.integers(7, 17)), p=weights / weights.sum())
    meshes, footprints = [], [table]
    for name in names:
        item: Item = catalogue[str(name)][0](rng)
        for _ in range(12):
            if rng.random() < 0.6:  # along the walls, back to them
                wall = int(rng.integers(4))
                yaw = wall * np.pi / 2 + np.pi
                depth = size[wall % 2] / 2 - item.half[0] - 0.05
                slide = rng.uniform(-1, 1) * max(size[(wall + 1) % 2] / 2 - item.half[1] - 0.1, 0)
                out = np.array([np.cos(wall * np.pi / 2), np.sin(wall * np.pi / 2)])
                centre = out * depth + np.array([-out[1], out[0]]) * slide
                yaw += rng.normal(0, 0.05)
            else:
                centre = rng.uniform(-1, 1, 2) * (size / 2 - max(item.half) - 0.1)
                yaw = rng.uniform(0, 2 * np.pi)
            spot = Footprint(centre, np.array(item.half), float(yaw), item.height, item.kind)
            if _clear(spot, footprints):
                meshes.append(item.mesh.placed((centre[0], centre[1], 0), rotation_z(yaw)))
                footprints.append(spot)
                break
    return meshes, footprints


def outline(spot: Footprint) -> Array:
    """Points (n, 2) over a footprint, no further apart than 15 cm."""
    counts = np.maximum((spot.half / 0.075).astype(int), 2)
    x, y = np.meshgrid(np.linspace(-1, 1, counts[0]), np.linspace(-1, 1, counts[1]))
    turn = rotation_z(spot.yaw)[:2, :2]
    return np.stack([x.ravel(), y.ravel()], -1) * spot.half @ turn.T + spot.centre


def _clear(spot: Footprint, others: list[Footprint]) -> bool:
    points = outline(spot)
    return all(other.distance(points).min() > (0.5 if other.kind == "table" else 0.04) for other in others)


def build_room(number: int) -> Room:
    """The room of a pool number; the same number gives the same room."""
    rng = member("room", number)
    size = rng.uniform([5.2, 4.8], [8.0, 7.2])
    top = float(rng.uniform(2.7, 3.3))
    yaw = float(rng.choice([0, np.pi / 2]) + rng.normal(0, 0.12))
    height = float(rng.uniform(0.78, 1.0))
    table = Footprint(rng.normal(0, 0.25, 2), np.array([1.02, 0.3]), yaw, height, "table")
    parts = [_table(rng, height).placed((*table.centre, 0), rotation_z(yaw))]
    meshes, footprints = _furnish(rng, size, table)
    parts += meshes + _wall_items(rng, size, top)
    target = np.array([*table.centre, height + 0.1])
    axis = rotation_z(yaw)[:, 0]
    lamps = [overhead.lamp(rng, top, target + axis * rng.uniform(-0.5, 0.5)) for _ in range(int(rng.integers(1, 4)))]
    parts += [one.mesh for one in lamps]
    for _ in range(int(rng.choice(3, p=(0.4, 0.4, 0.2)))):
        angle, out = rng.uniform(0, 2 * np.pi), rng.uniform(1.3, 2.1)
        at = table.centre + out * np.array([np.cos(angle), np.sin(angle)])
        parts.append(overhead.hanging_monitors(rng, top, at, table.centre))
    if rng.random() < 0.4:
        angle = rng.uniform(0, 2 * np.pi)
        parts.append(
            overhead.pendant(rng, top, table.centre + rng.uniform(1.5, 2.1) * np.array([np.cos(angle), np.sin(angle)]))
        )
    glow = overhead.light_panels(rng, size, top)
    return Room(number, size, top, Mesh.merge(parts), glow, _floor(rng), _walls(rng), footprints, table, height, lamps)


def table_sheet(rng: np.random.Generator, room: Room) -> Mesh:
    """The empty table under a sheet."""
    colour = np.array(cloth_colour(rng))
    cloth = cloth_over(1.0, 0.3, room.table_height + 0.01, float(rng.uniform(0.1, 0.6)), colour, rng)
    return cloth.placed((*room.table.centre, 0), rotation_z(room.table.yaw))
