"""Where everyday scenes happen: bare rooms, living rooms and offices, streets and yards."""

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

from orpose_models.lab.simulation.everyday.furniture import INDOORS, OUTDOORS, picture, wood
from orpose_models.lab.simulation.everyday.wardrobe import any_colour
from orpose_models.lab.simulation.fittings import Item
from orpose_models.lab.simulation.geometry import Mesh, box, panel, rotation_z
from orpose_models.lab.simulation.rooms import Footprint, Place, outline
from orpose_models.lab.simulation.splits import member

Array = NDArray[np.float64]
KINDS = {"plain": 0.2, "furnished": 0.5, "street": 0.3}


def place_kind(number: int) -> str:
    """Which kind of place a pool number is: 'plain', 'furnished' or 'street'."""
    return str(member("room", number).choice(list(KINDS), p=list(KINDS.values())))


def _grain(rng: np.random.Generator, size: int, colour: NDArray, coarse: float, fine: float) -> NDArray:
    blotch = cv2.resize(rng.normal(0, coarse, (16, 16)).astype(np.float32), (size, size), interpolation=cv2.INTER_CUBIC)
    return np.asarray(colour, float) + (blotch + rng.normal(0, fine, (size, size)))[..., None]


def _boards(rng: np.random.Generator, size: int, colour: NDArray, across: int, along: int) -> NDArray:
    """Planks, bricks or slabs: rows of cells of slightly different shades, every other row shifted."""
    image = _grain(rng, size, colour, 3, 4)
    step = size / across
    for row in range(across):
        low, high = round(row * step), round((row + 1) * step)
        edges = (np.arange(along + 2) + (row % 2) / 2 - 0.5 + rng.uniform(-0.2, 0.2)) * size / along
        for start, end in zip(edges[:-1].clip(0).astype(int), edges[1:].clip(0).astype(int), strict=True):
            image[low:high, start:end] *= rng.normal(1, 0.06)
            image[low:high, start : start + 1] *= 0.75
        image[low : low + 1] *= 0.75
    return image


def _floor(rng: np.random.Generator, street: bool) -> NDArray[np.uint8]:
    size = 768
    if street:
        style = rng.choice(["asphalt", "slabs", "grass"], p=[0.4, 0.35, 0.25])
        grey = np.array([1, 1, 1]) * rng.uniform(70, 170) * rng.normal(1, 0.02, 3)
        if style == "slabs":
            image = _boards(rng, size, grey, int(rng.integers(14, 34)), int(rng.integers(8, 24)))
        else:
            green = np.array([92, 118, 62]) * rng.uniform(0.7, 1.2)
            image = _grain(rng, size, green if style == "grass" else grey, 8, 14)
    else:
        style = rng.choice(["planks", "tiles", "carpet"])
        if style == "planks":
            image = _boards(rng, size, wood(rng), int(rng.integers(24, 60)), int(rng.integers(3, 8)))
        elif style == "tiles":
            count = int(rng.integers(8, 24))
            image = _boards(rng, size, np.array(any_colour(rng)) * 0.4 + 110, count, count)
        else:
            image = _grain(rng, size, np.array(any_colour(rng)), 6, 10)
            if rng.random() < 0.6:  # a rug
                low, high = np.sort(rng.integers(150, 620, 2)), np.sort(rng.integers(150, 620, 2))
                image[low[0] : low[1], high[0] : high[1]] = _grain(rng, size, np.array(any_colour(rng)), 10, 8)[
                    low[0] : low[1], high[0] : high[1]
                ]
    return np.clip(image, 0, 255).astype(np.uint8)


def _walls(rng: np.random.Generator, street: bool) -> NDArray[np.uint8]:
    size = 768
    base = np.array(any_colour(rng))
    base = base * 0.35 + 0.65 * rng.uniform(120, 245) if rng.random() < 0.7 else base
    style = rng.choice(["paint", "bricks"] if street else ["paint", "stripes", "panels", "bricks"])
    if style == "bricks":
        brick = np.array([158, 96, 74]) * rng.uniform(0.6, 1.3) if rng.random() < 0.6 else base
        image = _boards(rng, size, brick, int(rng.integers(30, 70)), int(rng.integers(16, 36)))
    else:
        image = _grain(rng, size, base, rng.uniform(1, 6), rng.uniform(1, 4))
    other = np.array(any_colour(rng))
    if style == "stripes":
        step = int(rng.integers(16, 64))
        image[:, (np.arange(size) // step) % 2 == 0] *= 0.8
        image[:, (np.arange(size) // step) % 2 == 0] += 0.2 * other
    elif style == "panels":
        low = int(size * rng.uniform(0.5, 0.7))
        image[low:] = 0.3 * image[low:] + 0.7 * other
    if street:  # rows of windows
        rows, columns = int(rng.integers(2, 5)), int(rng.integers(5, 12))
        glass = np.array([1, 1.05, 1.1]) * rng.uniform(35, 150)
        for row in range(rows):
            for column in range(columns):
                y, x = round((row + 0.25) * size / rows), round((column + 0.25) * size / columns)
                h, w = round(0.5 * size / rows), round(0.45 * size / columns)
                image[y - 3 : y + h + 3, x - 2 : x + w + 2] = base * 0.5 + 110
                image[y : y + h, x : x + w] = glass * rng.normal(1, 0.15)
    return np.clip(image, 0, 255).astype(np.uint8)


def _door(rng: np.random.Generator, width: float) -> Mesh:
    handle = box((0.08, 0.12, 0.03), (150, 150, 150)).placed((0.02, 0.4 * width, 1.02))
    return Mesh.merge([box((0.05, width, 2.05), wood(rng)), handle])


def _window(rng: np.random.Generator, width: float) -> Mesh:
    sky = np.clip(rng.uniform(110, 250) * rng.normal(1, 0.05, (5, 6, 1)) * [0.93, 1, 1.06], 0, 255)
    frame = box((0.03, width + 0.1, 1.3), (225, 225, 222)).placed((0, 0, 0.9))
    parts = [frame, panel(sky, width, 1.2).placed((0.02, 0, 0.95))]
    if rng.random() < 0.5:
        curtain = box((0.06, 0.28, 1.7), any_colour(rng))
        parts += [curtain.placed((0.04, s * width / 2, 0.7)) for s in (-1, 1)]
    return Mesh.merge(parts)


def _painting(rng: np.random.Generator, width: float) -> Mesh:
    height = 0.75 * width
    frame = box((0.03, width + 0.06, height + 0.06), wood(rng)).placed((0, 0, 1.2))
    return Mesh.merge([frame, panel(picture(rng, 12, 16), width, height).placed((0.02, 0, 1.23))])


_WALL_ITEMS: dict[str, Callable[[np.random.Generator, float], Mesh]] = {
    "door": _door,
    "window": _window,
    "picture": _painting,
}


def _on_walls(rng: np.random.Generator, size: Array) -> list[Mesh]:
    """Doors, windows with curtains and pictures."""
    parts = []
    for wall in range(4):
        out = np.array([np.cos(wall * np.pi / 2), np.sin(wall * np.pi / 2)])
        turn = rotation_z(wall * np.pi / 2 + np.pi)
        length = size[(wall + 1) % 2]
        taken: list[tuple[float, float]] = []
        for _ in range(int(rng.integers(1, 5))):
            kind = str(rng.choice(["door", "window", "picture"], p=[0.2, 0.35, 0.45]))
            width = {"door": 0.9, "window": rng.uniform(0.8, 2.0), "picture": rng.uniform(0.3, 1.0)}[kind]
            y = rng.uniform(-0.5, 0.5) * (length - width - 0.6)
            if any(abs(y - other) < (width + w) / 2 + 0.3 for other, w in taken):
                continue
            taken.append((y, width))
            at = out * (size[wall % 2] / 2 - 0.02) + np.array([-out[1], out[0]]) * y
            parts.append(_WALL_ITEMS[kind](rng, width).placed((at[0], at[1], 0), turn))
    return parts


def _furnish(rng: np.random.Generator, size: Array, street: bool, count: int) -> tuple[list[Mesh], list[Footprint]]:
    """Put things along the walls and about, none in another."""
    catalogue = OUTDOORS if street else INDOORS
    weights = np.array([weight for _, weight in catalogue.values()])
    meshes: list[Mesh] = []
    footprints: list[Footprint] = []
    for name in rng.choice(list(catalogue), count, p=weights / weights.sum()):
        item: Item = catalogue[str(name)][0](rng)
        for _ in range(12):
            if rng.random() < 0.65:
                wall = int(rng.integers(4))
                out = np.array([np.cos(wall * np.pi / 2), np.sin(wall * np.pi / 2)])
                depth = size[wall % 2] / 2 - item.half[0] - rng.uniform(0.06, 0.3)
                slide = rng.uniform(-1, 1) * max(size[(wall + 1) % 2] / 2 - item.half[1] - 0.1, 0)
                centre, yaw = out * depth + np.array([-out[1], out[0]]) * slide, wall * np.pi / 2 + np.pi
            else:
                centre = rng.uniform(-1, 1, 2) * (size / 2 - max(item.half) - 0.1)
                yaw = rng.uniform(0, 2 * np.pi)
            spot = Footprint(centre, np.array(item.half), float(yaw), item.height, item.kind)
            points = outline(spot)
            if all(other.distance(points).min() > 0.05 for other in footprints):
                meshes.append(item.mesh.placed((centre[0], centre[1], 0), rotation_z(yaw)))
                footprints.append(spot)
                break
    return meshes, footprints


def build_place(number: int) -> Place:
    """The place of a pool number; the same number gives the same place."""
    kind = place_kind(number)
    rng = member("room", number)
    rng.random(4)  # leave the stream of `place_kind` behind
    street = kind == "street"
    size = rng.uniform([10.0, 9.0], [13.0, 12.0]) if street else rng.uniform([4.5, 4.5], [9.0, 8.0])
    top = float(rng.uniform(6.0, 8.0) if street else rng.uniform(2.4, 3.2))
    count = int({"plain": rng.integers(0, 4), "furnished": rng.integers(6, 15), "street": rng.integers(3, 10)}[kind])
    meshes, footprints = _furnish(rng, size, street, count)
    if street:
        tone = np.array([0.93, 0.98, 1.05]) * rng.uniform(190, 245)
        glow = box((*size, 0.02), tone).placed((0, 0, top - 0.1))  # the sky
    else:
        meshes += _on_walls(rng, size)
        lamps = rng.uniform(-0.3, 0.3, (int(rng.integers(1, 4)), 2)) * size
        glow = Mesh.merge([box((0.35, 0.35, 0.05), (252, 248, 235)).placed((*at, top - 0.06)) for at in lamps])
    return Place(number, size, top, Mesh.merge(meshes), glow, _floor(rng, street), _walls(rng, street), footprints)
