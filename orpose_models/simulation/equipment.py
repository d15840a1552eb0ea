"""Floor-standing equipment of an operating room.

Every maker returns an `Item` around the origin, facing +x, on the floor. What decides how useful the images are is
clutter that has the shape, size and darkness of people, so that is what much of this is.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from orpose_models.simulation.clothing import cloth_colour
from orpose_models.simulation.fields import Noise
from orpose_models.simulation.geometry import (
    Mesh,
    box,
    cylinder,
    ellipsoid,
    frame_along,
    lathe,
    panel,
    rod,
    rotation_z,
    sheet,
    tube,
)


@dataclass(frozen=True, eq=False)
class Item:
    """A piece of equipment.

    Attributes:
        kind: what it is.
        mesh: its surface.
        half: (2,) half its footprint along x and y, metres.
        height: its top, metres.
    """

    kind: str
    mesh: Mesh
    half: tuple[float, float]
    height: float

    @classmethod
    def of(cls, kind: str, mesh: Mesh) -> Self:
        """With footprint and height measured on the mesh."""
        low, high = mesh.points.min(axis=0), mesh.points.max(axis=0)
        half = np.maximum(np.abs(low), np.abs(high))
        return cls(kind, mesh, (float(half[0]), float(half[1])), float(high[2]))


Maker = Callable[[np.random.Generator], Item]

STEEL, WHITE, DARK = (176, 180, 184), (225, 228, 228), (38, 40, 44)


def plastic(rng: np.random.Generator, low: float = 30, high: float = 235) -> NDArray:
    """Greys, off-whites and muted plastics."""
    return np.clip(rng.uniform(low, high) * rng.normal(1, 0.05, 3), 5, 250)


def screen_image(rng: np.random.Generator, rows: int = 18, columns: int = 28) -> NDArray:
    """What a monitor shows: traces on black, an endoscopic or grey X-ray picture, a bright form, or nothing."""
    kind = rng.choice(["traces", "endoscopy", "xray", "form", "off"])
    image = np.full((rows, columns, 3), 12.0)
    y, x = np.mgrid[0:rows, 0:columns]
    if kind == "traces":
        for k in range(4):
            level = int((k + 0.6) * rows / 4)
            image[np.clip(level + (np.abs(np.sin(x[0] * rng.uniform(0.3, 1.2))) > 0.85) * -2, 0, rows - 1), x[0]] = (
                rng.choice([[40, 230, 60], [230, 220, 40], [60, 200, 240], [240, 70, 60]])
            )
    elif kind in ("endoscopy", "xray"):
        blob = np.exp(
            -(((x / columns - rng.uniform(0.3, 0.7)) / 0.4) ** 2) - ((y / rows - rng.uniform(0.3, 0.7)) / 0.5) ** 2
        )
        colour = np.array([200, 90, 70]) if kind == "endoscopy" else np.array([190, 195, 200])
        image += blob[..., None] * colour * (0.8 + 0.2 * rng.random((rows, columns, 1)))
    elif kind == "form":
        image[:] = rng.uniform(150, 235)
        image[rng.random((rows, columns)) < 0.2] = 70
    return np.clip(image, 0, 255)


def monitor(rng: np.random.Generator, width: float, height: float) -> Mesh:
    """A flat screen centred on the origin, looking along +x."""
    frame = box((0.06, width, height), plastic(rng, 20, 90), bottom=False)
    picture = panel(screen_image(rng), width * 0.93, height * 0.9).placed((0.032, 0, -height * 0.45))
    return Mesh.merge([frame, picture])


def _castors(half_x: float, half_y: float) -> list[Mesh]:
    return [
        cylinder(0.04, 0.08, DARK, 8).placed((sx * half_x * 0.85, sy * half_y * 0.85, 0))
        for sx in (-1, 1)
        for sy in (-1, 1)
    ]


def cloth_over(
    half_x: float, half_y: float, top: float, drop: float, colour: NDArray, rng: np.random.Generator
) -> Mesh:
    """A sheet over a rectangular top, hanging down by `drop` in folds."""
    angle = np.linspace(0, 2 * np.pi, 73)
    corner = 1 / np.maximum(np.abs(np.cos(angle)), np.abs(np.sin(angle)))
    ring = np.stack([np.cos(angle), np.sin(angle)], -1) * np.minimum(corner, 1.33)[:, None] * [half_x, half_y]
    folds = Noise(rng, (0.22, 0.22, 3.0))
    rows = []
    for t in np.linspace(0, 1, 5):
        rows.append(np.concatenate([ring * t, np.full((73, 1), top)], 1))
    steps = np.linspace(0, 1, 9)[1:]
    for t in steps:
        base = np.concatenate([ring, np.full((73, 1), top - drop * t)], 1)
        out = 0.012 + 0.035 * t * (1 + folds(base))
        base[:, :2] += (ring / np.linalg.norm(ring, axis=1, keepdims=True)) * out[:, None]
        base[:, 2] += 0.02 * t * folds(base[:, [1, 0, 2]])
        rows.append(base)
    rows = [np.concatenate([r[:-1], r[:1]]) for r in rows]
    grid = np.stack(rows)
    shade = 1 + 0.06 * folds(grid.reshape(-1, 3)).reshape(grid.shape[:2])
    shade[:5] = 1.0
    return sheet(grid, np.clip(np.asarray(colour) * shade[..., None], 0, 255))


def _clutter(rng: np.random.Generator, half_x: float, half_y: float, z: float, count: int) -> list[Mesh]:
    """Bowls, boxes, folded cloths and instruments lying on a surface."""
    parts = []
    for _ in range(count):
        at = (rng.uniform(-0.8, 0.8) * half_x, rng.uniform(-0.8, 0.8) * half_y, z)
        kind = rng.integers(4)
        if kind == 0:
            parts.append(lathe([0.04, 0.09], [0, 0.06], STEEL, 12).placed(at))
        elif kind == 1:
            size = rng.uniform([0.05, 0.05, 0.02], [0.2, 0.25, 0.12])
            parts.append(box(size, plastic(rng)).placed(at, rotation_z(rng.uniform(0, 3))))
        elif kind == 2:
            parts.append(
                box(rng.uniform([0.1, 0.1, 0.02], [0.25, 0.3, 0.06]), cloth_colour(rng)).placed(
                    at, rotation_z(rng.uniform(0, 3))
                )
            )
        else:
            end = (at[0] + rng.normal(0, 0.1), at[1] + rng.normal(0, 0.1), z + 0.01)
            parts.append(rod((at[0], at[1], z + 0.01), end, 0.007, STEEL, 5))
    return parts


def instrument_table(rng: np.random.Generator) -> Item:
    """A back table or Mayo stand under a sterile sheet, instruments on top."""
    hx, hy, top = rng.uniform(0.25, 0.4), rng.uniform(0.3, 0.75), rng.uniform(0.85, 1.05)
    cloth = cloth_over(hx, hy, top, rng.uniform(0.25, top - 0.1), np.array(cloth_colour(rng)), rng)
    legs = [
        rod((sx * hx * 0.85, sy * hy * 0.85, 0), (sx * hx * 0.85, sy * hy * 0.85, top), 0.018, STEEL)
        for sx in (-1, 1)
        for sy in (-1, 1)
    ]
    return Item.of("instrument_table", Mesh.merge([cloth, *legs, *_clutter(rng, hx, hy, top, rng.integers(4, 14))]))


def draped_trolley(rng: np.random.Generator) -> Item:
    """Something tall and narrow under a sheet."""
    hx, hy, top = rng.uniform(0.2, 0.35), rng.uniform(0.2, 0.4), rng.uniform(1.1, 1.7)
    colour = np.array(cloth_colour(rng))
    cloth = cloth_over(hx, hy, top, top - 0.08, colour, rng)
    hump = ellipsoid((hx * 0.8, hy * 0.8, 0.18), colour).placed((0, 0, top - 0.03))
    return Item.of("draped_trolley", Mesh.merge([cloth, hump]))


def drawer_cart(rng: np.random.Generator) -> Item:
    """A cart of drawers, things on top."""
    hx, hy, top = rng.uniform(0.22, 0.32), rng.uniform(0.28, 0.45), rng.uniform(0.85, 1.15)
    body_colour, front = plastic(rng, 60, 235), np.array(cloth_colour(rng)) if rng.random() < 0.6 else plastic(rng)
    parts = [box((2 * hx, 2 * hy, top - 0.1), body_colour).placed((0, 0, 0.1)), *_castors(hx, hy)]
    rows = int(rng.integers(3, 7))
    for k in range(rows):
        z = 0.16 + k * (top - 0.2) / rows
        parts.append(box((0.02, 1.8 * hy, (top - 0.2) / rows * 0.85), front).placed((hx, 0, z)))
        parts.append(box((0.03, 0.5 * hy, 0.02), DARK).placed((hx + 0.02, 0, z + 0.4 * (top - 0.2) / rows)))
    parts += _clutter(rng, hx, hy, top, rng.integers(2, 8))
    return Item.of("drawer_cart", Mesh.merge(parts))


def anaesthesia_machine(rng: np.random.Generator) -> Item:
    """Body with drawers, shelf, screens on an arm, flow meters, bellows, hoses."""
    colour = plastic(rng, 120, 235)
    parts = [box((0.6, 0.75, 0.75), colour).placed((0, 0, 0.1)), *_castors(0.3, 0.37)]
    parts.append(box((0.65, 0.8, 0.05), plastic(rng, 150, 230)).placed((0.03, 0, 0.85)))
    parts.append(box((0.35, 0.7, 0.55), colour * 0.92).placed((-0.12, 0, 0.9)))
    for k in range(3):
        parts.append(box((0.02, 0.6, 0.18), colour * 0.8).placed((0.3, 0, 0.17 + 0.22 * k)))
    parts.append(monitor(rng, 0.4, 0.32).placed((0.1, 0.15, 1.62), rotation_z(rng.normal(0, 0.2))))
    parts.append(monitor(rng, 0.35, 0.28).placed((0.15, -0.25, 1.35), rotation_z(rng.normal(0, 0.2))))
    parts.append(cylinder(0.06, 0.25, (60, 90, 120), 12).placed((0.2, 0.25, 0.92)))
    for k in range(2):
        t = np.linspace(0, 1, 9)[:, None]
        start, end = np.array([0.3, -0.1 - 0.1 * k, 1.0]), np.array([0.9, -0.3 - 0.15 * k, 0.9])
        path = start + t * (end - start) - [0, 0, 0.35] * (4 * t * (1 - t))
        parts.append(tube(path, 0.02, (190, 200, 205), 7))
    for k in range(int(rng.integers(0, 3))):
        parts.append(
            lathe(
                [0.02, 0.07, 0.07, 0.03], [1.3, 1.25, 0.25, 0.2], [(40, 90, 60), (30, 30, 34), (140, 140, 150)][k], 12
            ).placed((-0.38, 0.2 * k - 0.2, 0))
        )
    return Item.of("anaesthesia_machine", Mesh.merge(parts))


def monitor_stack(rng: np.random.Generator) -> Item:
    """An endoscopy tower: dark shelves with devices and a screen at head height."""
    hx, hy, top = rng.uniform(0.25, 0.33), rng.uniform(0.25, 0.35), rng.uniform(1.2, 1.5)
    frame = plastic(rng, 15, 110)
    parts = [*_castors(hx, hy), box((2 * hx, 2 * hy, 0.06), frame).placed((0, 0, 0.1))]
    parts += [rod((-hx * 0.9, s * hy * 0.9, 0.1), (-hx * 0.9, s * hy * 0.9, top), 0.025, frame) for s in (-1, 1)]
    z = 0.18
    while z < top - 0.15:
        height = rng.uniform(0.1, 0.24)
        parts.append(box((1.7 * hx, 1.7 * hy, height * 0.8), plastic(rng, 20, 200)).placed((0, 0, z)))
        parts.append(
            panel(rng.uniform(20, 200, (3, 10, 1)) * rng.normal(1, 0.12, (3, 10, 3)), 1.3 * hy, height * 0.4).placed(
                (0.86 * hx, 0, z + 0.15 * height)
            )
        )
        z += height + 0.05
    parts.append(
        monitor(rng, rng.uniform(0.45, 0.7), rng.uniform(0.35, 0.45)).placed(
            (0.05, 0, top + 0.25), rotation_z(rng.normal(0, 0.3))
        )
    )
    parts.append(rod((0, 0, top - 0.1), (0, 0, top + 0.2), 0.03, frame))
    return Item.of("monitor_stack", Mesh.merge(parts))


def c_arm(rng: np.random.Generator) -> Item:
    """A mobile X-ray arc with its column, often in a plastic cover."""
    colour = plastic(rng, 170, 240)
    angle = np.linspace(0.25 * np.pi, 1.75 * np.pi, 28) + rng.normal(0, 0.25)
    radius, centre = 0.62, np.array([0.75, 0, 1.25])
    arc = centre + radius * np.stack([np.cos(angle), 0 * angle, np.sin(angle)], -1)
    parts = [tube(arc, 0.07, colour, 8)]
    parts.append(box((0.5, 0.55, 0.9), colour * 0.95).placed((-0.25, 0, 0.12)))
    parts.append(box((0.8, 0.4, 0.12), plastic(rng, 60, 160)).placed((0.1, 0, 0.05)))
    parts.append(cylinder(0.12, 1.2, colour * 0.9, 12).placed((-0.05, 0, 0.3)))
    parts.append(rod((-0.05, 0, 1.3), arc[len(arc) // 2], 0.08, colour * 0.85))
    for end, other, length in ((arc[0], arc[-1], 0.3), (arc[-1], arc[0], 0.2)):
        inward = (other - end) / np.linalg.norm(other - end)
        head = cylinder(0.15, length + 0.12, plastic(rng, 100, 220))
        parts.append(head.placed(end - 0.12 * inward, frame_along(inward)))
    return Item.of("c_arm", Mesh.merge(parts))


def iv_pole(rng: np.random.Generator) -> Item:
    """An infusion stand with bags and pumps."""
    top = rng.uniform(1.7, 2.1)
    parts = [rod((0, 0, 0.05), (0, 0, top), 0.014, STEEL), rod((0, -0.15, top), (0, 0.15, top), 0.01, STEEL)]
    parts += [
        rod((0, 0, 0.08), (0.28 * np.cos(a), 0.28 * np.sin(a), 0.05), 0.018, STEEL) for a in np.arange(5) * 1.2566
    ]
    for s in (-1, 1):
        if rng.random() < 0.75:
            parts.append(ellipsoid((0.03, 0.07, 0.13), (215, 222, 220)).placed((0, 0.14 * s, top - 0.16)))
            t = np.linspace(0, 1, 8)[:, None]
            path = (
                np.array([0, 0.14 * s, top - 0.28]) * (1 - t)
                + np.array([0.4, 0.1 * s, 0.8]) * t
                - [0, 0, 0.2] * (4 * t * (1 - t))
            )
            parts.append(tube(path, 0.006, (220, 220, 225), 5))
    for k in range(int(rng.integers(0, 4))):
        parts.append(box((0.14, 0.18, 0.12), plastic(rng, 90, 230)).placed((0.05, 0, 0.95 + 0.14 * k)))
    return Item.of("iv_pole", Mesh.merge(parts))


def stool(rng: np.random.Generator) -> Item:
    """A round stool on castors."""
    height = rng.uniform(0.48, 0.56)
    seat = lathe([0.0, 0.17, 0.18, 0.16, 0.0], [0, 0, 0.03, 0.06, 0.06], plastic(rng, 20, 120), 16).placed(
        (0, 0, height - 0.06)
    )
    feet = [rod((0, 0, 0.1), (0.24 * np.cos(a), 0.24 * np.sin(a), 0.05), 0.02, STEEL) for a in np.arange(5) * 1.2566]
    return Item.of("stool", Mesh.merge([seat, rod((0, 0, 0.08), (0, 0, height - 0.05), 0.03, STEEL), *feet]))


def bin_(rng: np.random.Generator) -> Item:
    """A waste or laundry bag in its frame."""
    top, r = rng.uniform(0.6, 0.95), rng.uniform(0.2, 0.28)
    colour = np.array(
        [(225, 200, 40), (200, 40, 40), (235, 235, 235), (40, 60, 140), (30, 30, 30)][rng.integers(5)], float
    )
    noise = Noise(rng, 0.15)
    bag = lathe(
        [r * 0.6, r, r * 1.05, r * 0.9, r, r * 1.05], [0.08, 0.15, 0.4 * top, 0.8 * top, 0.95 * top, top], colour, 18
    )
    bag = bag.coloured(np.clip(bag.colours * (1 + 0.12 * noise(bag.points))[:, None], 0, 255))
    return Item.of("bin", Mesh.merge([bag, lathe([r, r * 1.1, r], [top, top + 0.02, top + 0.04], STEEL, 18)]))


BASIC: dict[str, tuple[Maker, float]] = {
    "instrument_table": (instrument_table, 3),
    "draped_trolley": (draped_trolley, 1.2),
    "drawer_cart": (drawer_cart, 2),
    "anaesthesia_machine": (anaesthesia_machine, 1.5),
    "monitor_stack": (monitor_stack, 2),
    "c_arm": (c_arm, 1.0),
    "iv_pole": (iv_pole, 2),
    "stool": (stool, 1.2),
    "bin": (bin_, 1.5),
}
