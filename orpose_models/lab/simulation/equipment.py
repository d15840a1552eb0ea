"""Floor-standing equipment of an operating room.

Every maker returns an `Item` around the origin, facing +x, on the floor. What decides how useful the images are is
clutter that has the shape, size and darkness of people, so that is what much of this is.
"""

import numpy as np

from orpose_models.lab.simulation.clothing import cloth_colour
from orpose_models.lab.simulation.fittings import (
    DARK,
    STEEL,
    Item,
    Maker,
    castors,
    cloth_over,
    clutter,
    monitor,
    plastic,
)
from orpose_models.lab.simulation.geometry import (
    Mesh,
    box,
    cylinder,
    ellipsoid,
    frame_along,
    lathe,
    panel,
    rod,
    rotation_z,
    tube,
)
from orpose_models.lab.simulation.solids import Noise


def instrument_table(rng: np.random.Generator) -> Item:
    """A back table or Mayo stand under a sterile sheet, instruments on top."""
    hx, hy, top = rng.uniform(0.25, 0.4), rng.uniform(0.3, 0.75), rng.uniform(0.85, 1.05)
    cloth = cloth_over(hx, hy, top, rng.uniform(0.25, top - 0.1), np.array(cloth_colour(rng)), rng)
    legs = [
        rod((sx * hx * 0.85, sy * hy * 0.85, 0), (sx * hx * 0.85, sy * hy * 0.85, top), 0.018, STEEL)
        for sx in (-1, 1)
        for sy in (-1, 1)
    ]
    return Item.of("instrument_table", Mesh.merge([cloth, *legs, *clutter(rng, hx, hy, top, int(rng.integers(4, 14)))]))


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
    parts = [box((2 * hx, 2 * hy, top - 0.1), body_colour).placed((0, 0, 0.1)), *castors(hx, hy)]
    rows = int(rng.integers(3, 7))
    for k in range(rows):
        z = 0.16 + k * (top - 0.2) / rows
        parts.append(box((0.02, 1.8 * hy, (top - 0.2) / rows * 0.85), front).placed((hx, 0, z)))
        parts.append(box((0.03, 0.5 * hy, 0.02), DARK).placed((hx + 0.02, 0, z + 0.4 * (top - 0.2) / rows)))
    parts += clutter(rng, hx, hy, top, int(rng.integers(2, 8)))
    return Item.of("drawer_cart", Mesh.merge(parts))


def anaesthesia_machine(rng: np.random.Generator) -> Item:
    """Body with drawers, shelf, screens on an arm, flow meters, bellows, hoses."""
    colour = plastic(rng, 120, 235)
    parts = [box((0.6, 0.75, 0.75), colour).placed((0, 0, 0.1)), *castors(0.3, 0.37)]
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
    parts = [*castors(hx, hy), box((2 * hx, 2 * hy, 0.06), frame).placed((0, 0, 0.1))]
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
