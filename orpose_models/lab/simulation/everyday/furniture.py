"""Furniture and street things, each around the origin on the floor, facing +x."""

import numpy as np
from numpy.typing import NDArray

from orpose_models.lab.simulation.everyday.wardrobe import any_colour
from orpose_models.lab.simulation.fittings import Item, Maker
from orpose_models.lab.simulation.geometry import Mesh, box, cylinder, ellipsoid, lathe, panel, rod, rotation_z
from orpose_models.lab.simulation.solids import Noise

SEAT = 0.47  # height of what people sit on, metres


def wood(rng: np.random.Generator) -> NDArray:
    """A colour of furniture: woods, whites, blacks, paint."""
    if rng.random() < 0.3:
        return np.array(any_colour(rng))
    return np.array([168, 122, 80]) * rng.uniform(0.35, 1.35) * rng.normal(1, 0.05, 3)


def _legs(half_x: float, half_y: float, height: float, colour: NDArray) -> list[Mesh]:
    return [
        box((0.05, 0.05, height), colour).placed((sx * (half_x - 0.04), sy * (half_y - 0.04), 0))
        for sx in (-1, 1)
        for sy in (-1, 1)
    ]


def picture(rng: np.random.Generator, rows: int, columns: int) -> NDArray:
    """Coloured cells that run into each other: a painting, a screen or a page."""
    first, second = np.array(any_colour(rng)), np.array(any_colour(rng))
    y, x = np.mgrid[0:rows, 0:columns] / max(rows, columns)
    mix = 0.5 + 0.5 * np.sin(rng.uniform(2, 12) * (x * rng.normal() + y * rng.normal()) + rng.uniform(0, 6))
    image = first + mix[..., None] * (second - first)
    return np.clip(image * rng.normal(1, 0.12, (rows, columns, 1)), 0, 255)


def _things(rng: np.random.Generator, half_x: float, half_y: float, z: float, count: int) -> list[Mesh]:
    """Books, boxes, cups and vases on a surface."""
    parts = []
    for _ in range(count):
        at = (rng.uniform(-0.8, 0.8) * half_x, rng.uniform(-0.8, 0.8) * half_y, z)
        kind, colour = rng.integers(3), any_colour(rng)
        if kind == 0:
            parts.append(
                box(rng.uniform([0.1, 0.12, 0.02], [0.2, 0.28, 0.1]), colour).placed(at, rotation_z(rng.uniform(0, 3)))
            )
        elif kind == 1:
            parts.append(cylinder(rng.uniform(0.03, 0.05), rng.uniform(0.07, 0.25), colour, 12).placed(at))
        else:
            h = rng.uniform(0.12, 0.35)
            parts.append(lathe([0.03, 0.08, 0.05, 0.04], np.array([0, 0.35, 0.8, 1]) * h, colour, 14).placed(at))
    return parts


def chair(rng: np.random.Generator) -> Item:
    """A chair with a back."""
    colour, seat = wood(rng), np.array(any_colour(rng))
    back = rng.uniform(0.3, 0.5)
    parts = [*_legs(0.22, 0.22, SEAT - 0.04, colour), box((0.44, 0.44, 0.05), seat).placed((0, 0, SEAT - 0.05))]
    parts += [box((0.04, 0.05, back), colour).placed((-0.2, s * 0.19, SEAT)) for s in (-1, 1)]
    parts.append(box((0.03, 0.42, back * rng.uniform(0.4, 0.9)), seat).placed((-0.2, 0, SEAT + 0.35 * back)))
    return Item.of("chair", Mesh.merge(parts))


def armchair(rng: np.random.Generator) -> Item:
    """An armchair or a sofa."""
    return _upholstered(rng, rng.uniform(0.38, 0.48), "armchair")


def sofa(rng: np.random.Generator) -> Item:
    """A sofa for two or three."""
    return _upholstered(rng, rng.uniform(0.7, 1.1), "sofa")


def _upholstered(rng: np.random.Generator, half_y: float, kind: str) -> Item:
    colour = np.array(any_colour(rng))
    parts = [
        box((0.8, 2 * half_y, SEAT - 0.08), colour).placed((0, 0, 0.06)),
        box((0.2, 2 * half_y, rng.uniform(0.75, 0.95)), colour * 0.95).placed((-0.36, 0, 0.06)),
    ]
    parts += [box((0.8, 0.14, 0.6), colour * 0.9).placed((0, s * half_y, 0.06)) for s in (-1, 1)]
    for _ in range(int(rng.integers(0, 4))):
        cushion = ellipsoid((0.08, 0.2, 0.18), any_colour(rng))
        parts.append(cushion.placed((-0.18, rng.uniform(-0.8, 0.8) * (half_y - 0.15), SEAT + 0.15)))
    return Item.of(kind, Mesh.merge(parts))


def table(rng: np.random.Generator) -> Item:
    """A dining table, a desk or a coffee table, with things on it."""
    hx, hy = rng.uniform(0.3, 0.5), rng.uniform(0.4, 0.9)
    top = rng.choice([rng.uniform(0.7, 0.78), rng.uniform(0.38, 0.5)], p=[0.7, 0.3])
    colour = wood(rng)
    parts = [box((2 * hx, 2 * hy, 0.04), colour).placed((0, 0, top - 0.04)), *_legs(hx, hy, top - 0.04, colour * 0.9)]
    parts += _things(rng, hx, hy, top, int(rng.integers(1, 8)))
    if rng.random() < 0.35:
        parts.append(screen(rng, 0.55).placed((-0.1, 0, top)))
    return Item.of("table", Mesh.merge(parts))


def screen(rng: np.random.Generator, width: float) -> Mesh:
    """A television or a computer's screen on its foot."""
    height = 0.58 * width
    return Mesh.merge([
        box((0.04, width, height), (25, 25, 28)).placed((0, 0, 0.1)),
        panel(picture(rng, 8, 14), width * 0.95, height * 0.92).placed((0.022, 0, 0.1 + 0.04 * height)),
        box((0.2, 0.25, 0.1), (40, 40, 42)),
    ])  # fmt: skip


def sideboard(rng: np.random.Generator) -> Item:
    """A low cupboard, a television or other things on top."""
    hx, hy, top = 0.22, rng.uniform(0.4, 0.9), rng.uniform(0.45, 0.95)
    colour = wood(rng)
    parts = [box((2 * hx, 2 * hy, top), colour)]
    doors = int(rng.integers(2, 5))
    for k in range(doors):
        y = -hy + (k + 0.5) * 2 * hy / doors
        parts.append(box((0.02, 1.85 * hy / doors, top * 0.85), colour * 0.88).placed((hx, y, top * 0.06)))
    if rng.random() < 0.4:
        parts.append(screen(rng, rng.uniform(0.6, min(1.2, 2 * hy))).placed((0, 0, top)))
    else:
        parts += _things(rng, hx, hy, top, int(rng.integers(1, 7)))
    return Item.of("sideboard", Mesh.merge(parts))


def bookshelf(rng: np.random.Generator) -> Item:
    """Open shelves with books."""
    hx, hy, top = 0.15, rng.uniform(0.35, 0.7), rng.uniform(1.2, 2.1)
    colour = wood(rng)
    parts = [box((0.02, 2 * hy, top), colour * 0.8).placed((-hx, 0, 0))]
    parts += [box((2 * hx, 0.03, top), colour).placed((0, s * hy, 0)) for s in (-1, 1)]
    shelves = int(rng.integers(3, 6))
    for k in range(shelves + 1):
        z = k * (top - 0.03) / shelves
        parts.append(box((2 * hx, 2 * hy, 0.03), colour).placed((0, 0, z)))
        y = -hy + 0.05
        while k < shelves and y < hy - 0.1:
            thick = rng.uniform(0.03, 0.08)
            if rng.random() < 0.85:
                tall = rng.uniform(0.45, 0.9) * (top / shelves - 0.05)
                parts.append(box((1.5 * hx, thick * 0.9, tall), any_colour(rng)).placed((0, y + thick / 2, z + 0.03)))
            y += thick
    return Item.of("bookshelf", Mesh.merge(parts))


def wardrobe(rng: np.random.Generator) -> Item:
    """A tall cupboard with doors."""
    hx, hy, top = rng.uniform(0.25, 0.32), rng.uniform(0.4, 0.9), rng.uniform(1.7, 2.2)
    colour = wood(rng)
    parts = [box((2 * hx, 2 * hy, top), colour)]
    parts += [box((0.02, 0.96 * hy, top * 0.94), colour * 1.06).placed((hx, s * hy / 2, 0.05)) for s in (-1, 1)]
    parts += [box((0.03, 0.02, 0.15), (60, 60, 60)).placed((hx + 0.02, s * 0.06, 0.5 * top)) for s in (-1, 1)]
    return Item.of("wardrobe", Mesh.merge(parts))


def _leaves(rng: np.random.Generator, centre: NDArray, size: NDArray, count: int) -> Mesh:
    green = np.array([88, 125, 62]) * rng.uniform(0.6, 1.5) * rng.normal(1, 0.1, 3)
    blobs = []
    for _ in range(count):
        one = ellipsoid(size * rng.uniform(0.3, 0.6, 3), green * rng.uniform(0.75, 1.2), 10)
        blobs.append(one.placed(centre + rng.normal(0, 0.42, 3) * size))
    mesh = Mesh.merge(blobs)
    noise = Noise(rng, 0.06)
    points = mesh.points + mesh.normals * (0.12 * size.mean() * noise(mesh.points))[:, None].astype(np.float32)
    shaded = np.clip(mesh.colours * (1 + 0.2 * noise(mesh.points))[:, None], 0, 255)
    return Mesh.build(points, mesh.faces, mesh.normals, shaded)


def plant(rng: np.random.Generator) -> Item:
    """A pot plant."""
    r, h = rng.uniform(0.1, 0.2), rng.uniform(0.2, 0.4)
    up = rng.uniform(0.25, 0.7)
    pot = lathe([0.7 * r, r, 0.0], [0, h, h - 0.02], any_colour(rng), 14)
    leaves = _leaves(rng, np.array([0, 0, h + up / 2]), np.array([0.22, 0.22, up / 2]), 14)
    return Item.of("plant", Mesh.merge([pot, leaves, rod((0, 0, h - 0.05), (0, 0, h + up / 2), 0.015, (90, 70, 45))]))


def floor_lamp(rng: np.random.Generator) -> Item:
    """A standard lamp with a shade."""
    top = rng.uniform(1.3, 1.75)
    metal = np.array([1, 1, 1]) * rng.uniform(25, 190)
    shade = lathe([0.2, 0.13], [top, top + 0.28], any_colour(rng), 16)
    return Item.of(
        "floor_lamp", Mesh.merge([cylinder(0.14, 0.03, metal), rod((0, 0, 0), (0, 0, top + 0.2), 0.012, metal), shade])
    )


def carton(rng: np.random.Generator) -> Item:
    """Boxes, one on the other, or a suitcase."""
    parts, z = [], 0.0
    for _ in range(int(rng.integers(1, 4))):
        size = rng.uniform([0.2, 0.25, 0.15], [0.45, 0.6, 0.45])
        colour = np.array([176, 138, 98]) * rng.uniform(0.7, 1.2) if rng.random() < 0.6 else np.array(any_colour(rng))
        parts.append(box(size, colour).placed((0, 0, z), rotation_z(rng.normal(0, 0.2))))
        z += size[2]
    return Item.of("carton", Mesh.merge(parts))


def tree(rng: np.random.Generator) -> Item:
    """A small tree."""
    trunk = rng.uniform(1.6, 2.4)
    size = rng.uniform(0.7, 1.3, 3)
    bark = np.array([98, 78, 58]) * rng.uniform(0.6, 1.2)
    leaves = _leaves(rng, np.array([0, 0, trunk + 0.8 * size[2]]), size, 26)
    stem = cylinder(0.11, trunk + 0.6 * size[2], bark, 12, top=0.07)
    item = Item.of("tree", Mesh.merge([stem, leaves]))
    return Item("tree", item.mesh, (0.15, 0.15), item.height)  # people walk under it


def bush(rng: np.random.Generator) -> Item:
    """A bush or a piece of hedge."""
    size = rng.uniform([0.3, 0.4, 0.35], [0.5, 1.0, 0.6])
    return Item.of("bush", _leaves(rng, np.array([0, 0, size[2] * 0.9]), size, 22))


def bench(rng: np.random.Generator) -> Item:
    """A bench of planks."""
    hy, colour = rng.uniform(0.6, 0.95), wood(rng)
    parts = [box((0.11, 2 * hy, 0.04), colour).placed((x, 0, SEAT - 0.04)) for x in (-0.15, 0, 0.15)]
    parts += [box((0.04, 2 * hy, 0.1), colour).placed((-0.24, 0, z)) for z in (0.58, 0.75)]
    parts += [box((0.4, 0.06, SEAT - 0.04), (60, 60, 62)).placed((0, s * hy * 0.85, 0)) for s in (-1, 1)]
    parts += [box((0.05, 0.05, 0.45), (60, 60, 62)).placed((-0.22, s * hy * 0.85, 0.42)) for s in (-1, 1)]
    return Item.of("bench", Mesh.merge(parts))


def car(rng: np.random.Generator) -> Item:
    """A parked car, its long side to the front."""
    paint = np.array(any_colour(rng))
    length = rng.uniform(1.8, 2.2)
    parts = [
        box((1.7, 2 * length, 0.55), paint).placed((0, 0, 0.3)),
        box((1.5, 1.1 * length, 0.5), (35, 42, 50)).placed((0, -0.1 * length, 0.85)),
        box((1.45, 1.0 * length, 0.05), paint).placed((0, -0.1 * length, 1.35)),
    ]
    side = np.array([[0, 0, 1.0], [0, 1.0, 0], [-1.0, 0, 0]])  # a wheel's axis is x
    for y in (-0.62 * length, 0.62 * length):
        for x in (-0.87, 0.67):
            parts.append(cylinder(0.32, 0.2, (22, 22, 24), 18).placed((x, y, 0.32), side))
    return Item.of("car", Mesh.merge(parts))


def street_lamp(rng: np.random.Generator) -> Item:
    """A lamp post or a traffic sign."""
    grey = np.array([1, 1, 1]) * rng.uniform(50, 150)
    top = rng.uniform(2.2, 4.0)
    parts = [rod((0, 0, 0), (0, 0, top), 0.045, grey)]
    if rng.random() < 0.5:
        parts.append(panel(picture(rng, 6, 6), 0.55, 0.55).placed((0.06, 0, top - 0.6)))
    return Item.of("street_lamp", Mesh.merge(parts))


def litter_bin(rng: np.random.Generator) -> Item:
    """A waste bin."""
    return Item.of("litter_bin", cylinder(rng.uniform(0.15, 0.25), rng.uniform(0.3, 0.9), any_colour(rng), 16))


INDOORS: dict[str, tuple[Maker, float]] = {
    "chair": (chair, 3),
    "armchair": (armchair, 1),
    "sofa": (sofa, 1.2),
    "table": (table, 3),
    "sideboard": (sideboard, 1.5),
    "bookshelf": (bookshelf, 1.5),
    "wardrobe": (wardrobe, 0.7),
    "plant": (plant, 1.5),
    "floor_lamp": (floor_lamp, 0.8),
    "carton": (carton, 0.8),
    "litter_bin": (litter_bin, 0.6),
}
OUTDOORS: dict[str, tuple[Maker, float]] = {
    "tree": (tree, 2),
    "bush": (bush, 2),
    "bench": (bench, 2),
    "car": (car, 2),
    "street_lamp": (street_lamp, 1),
    "litter_bin": (litter_bin, 1),
    "carton": (carton, 0.5),
}
