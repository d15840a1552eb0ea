"""Equipment that a person detector takes for people: skeletons, hanging aprons and gowns, robots, dark columns."""

import numpy as np

from orpose_models.lab.simulation.clothing import cloth_colour
from orpose_models.lab.simulation.fittings import DARK, STEEL, Item, Maker, monitor, plastic
from orpose_models.lab.simulation.geometry import (
    Mesh,
    box,
    cylinder,
    ellipsoid,
    lathe,
    panel,
    rod,
    rotation_z,
    sheet,
    tube,
)
from orpose_models.lab.simulation.solids import Noise, ball, common, cone, half_space, surface, union


def skeleton_model(rng: np.random.Generator) -> Item:
    """An anatomical skeleton on its stand."""
    bone = np.array([225, 214, 188]) * rng.uniform(0.75, 1.0)
    s = rng.uniform(0.9, 1.0)
    parts = [
        ellipsoid((0.095, 0.075, 0.1), bone).placed((0, 0, 1.62)),
        box((0.09, 0.09, 0.06), bone * 0.9).placed((0.04, 0, 1.48)),
        tube([(0, 0, 1.5), (-0.03, 0, 1.35), (-0.05, 0, 1.2), (0, 0, 0.98)], 0.025, bone),
    ]
    parts += [ellipsoid((0.02, 0.022, 0.02), DARK).placed((0.085, y, 1.63)) for y in (0.033, -0.033)]
    for k in range(8):
        a = np.linspace(0.15, 2 * np.pi - 0.15, 14) + np.pi
        w = 0.15 - 0.045 * abs(k - 4.5) / 4.5
        ring = np.stack([0.02 + 0.095 * np.cos(a), w * np.sin(a), 1.4 - 0.042 * k - 0.02 * np.cos(a)], -1)
        parts.append(tube(ring, 0.009, bone, 5))
    parts.append(lathe([0.06, 0.15, 0.13], [0.9, 1.0, 1.06], bone, 14, squash=1.0))
    for y in (1, -1):
        hand = np.array([rng.uniform(-0.05, 0.2), y * rng.uniform(0.22, 0.3), rng.uniform(0.75, 0.9)])
        elbow = np.array([-0.03, y * 0.24, 1.12])
        parts += [
            rod((-0.02, 0.03 * y, 1.42), (-0.02, 0.18 * y, 1.41), 0.012, bone),
            rod((-0.02, 0.18 * y, 1.4), elbow, 0.016, bone),
        ]
        parts += [rod(elbow, hand, 0.014, bone), ellipsoid((0.02, 0.035, 0.08), bone).placed(hand - [0, 0, 0.08])]
        parts += [
            rod((0, 0.09 * y, 0.93), (0.02, 0.09 * y, 0.52), 0.022, bone),
            rod((0.02, 0.09 * y, 0.52), (0, 0.09 * y, 0.1), 0.018, bone),
        ]
        parts.append(box((0.2, 0.07, 0.05), bone).placed((0.05, 0.09 * y, 0.05)))
    parts.append(rod((-0.12, 0, 0.03), (-0.12, 0, 1.75), 0.015, STEEL))
    parts.append(lathe([0.3, 0.28], [0.02, 0.05], DARK, 10).placed((-0.05, 0, 0)))
    mesh = Mesh.merge(parts)
    return Item.of("skeleton_model", Mesh.build(mesh.points * s, mesh.faces, mesh.normals, mesh.colours))


def _hung_cloth(rng: np.random.Generator, colour: np.ndarray, width: float, top: float, drop: float) -> Mesh:
    """A garment on a hanger: narrow shoulders, wider hem, folds."""
    rows, columns = 16, 25
    t, u = np.meshgrid(np.linspace(0, 1, rows), np.linspace(0, 2 * np.pi, columns), indexing="ij")
    folds = Noise(rng, (0.14, 0.14, 2.0))
    grow = np.minimum(1, 0.25 + 2.2 * np.sqrt(t)) * (1 + 0.25 * t)
    points = np.stack([0.09 * grow * np.cos(u), width / 2 * grow * np.sin(u), top - drop * t], -1)
    ripple = folds(points.reshape(-1, 3)).reshape(rows, columns)
    ripple[:, -1] = ripple[:, 0]
    points[..., :2] *= (1 + 0.14 * t * ripple)[..., None]
    return sheet(points[:, ::-1], np.clip(colour * (1 + 0.1 * ripple[:, ::-1, None]), 0, 255))


def hanging_aprons(rng: np.random.Generator) -> Item:
    """A rack of dark lead aprons."""
    count = int(rng.integers(2, 5))
    parts = [rod((0, -0.55, 1.65), (0, 0.55, 1.65), 0.02, STEEL)]
    parts += [rod((0, y, 0), (0, y, 1.65), 0.02, STEEL) for y in (-0.55, 0.55)]
    parts += [rod((-0.25, y, 0.04), (0.25, y, 0.04), 0.02, STEEL) for y in (-0.55, 0.55)]
    for k in range(count):
        colour = np.array(cloth_colour(rng)) * rng.uniform(0.3, 0.7)
        cloth = _hung_cloth(rng, colour, 0.5, 1.6, rng.uniform(0.9, 1.25))
        parts.append(cloth.placed((0, -0.4 + 0.8 * (k + 0.5) / count, 0), rotation_z(rng.normal(0.6, 0.5))))
    return Item.of("hanging_aprons", Mesh.merge(parts))


def hung_gown(rng: np.random.Generator) -> Item:
    """A gown with sleeves over a stand: torso, arms, no head - or a cap on top."""
    colour = np.array(cloth_colour(rng)) * rng.uniform(0.7, 1.05)
    top = rng.uniform(1.35, 1.6)
    noise = Noise(rng, (0.12, 0.12, 0.6))
    arms = [cone((0, 0.16 * y, top - 0.05), (0.06, 0.3 * y, top - 0.6), 0.07, 0.065) for y in (1, -1)]
    solid = union(
        ball((0, 0, top - 0.16), (0.11, 0.2, 0.2)),
        cone((0, 0, top - 0.3), (0, 0, 0.4), 0.13, 0.22, squash=0.8),
        *arms,
        blend=0.07,
    )
    field = common(lambda p: solid(p) + 0.01 * noise(p), half_space((0, 0, 0.35), (0, 0, -1)))
    points, faces, normals = surface(field, (-0.4, -0.45, 0.3), (0.4, 0.45, top + 0.12), 0.025)
    parts = [Mesh.build(points, faces, normals, np.clip(colour * (1 - 0.08 * noise(points)[:, None]), 0, 255))]
    parts.append(rod((0, 0, 0.03), (0, 0, top + 0.1), 0.016, STEEL))
    parts.append(lathe([0.26, 0.24], [0.02, 0.05], DARK, 10))
    if rng.random() < 0.4:
        parts.append(ellipsoid((0.1, 0.09, 0.08), cloth_colour(rng)).placed((0, 0, top + 0.14)))
    return Item.of("hung_gown", Mesh.merge(parts))


def robot_cart(rng: np.random.Generator) -> Item:
    """A surgical robot: a column with jointed arms in clear drapes."""
    colour = plastic(rng, 130, 240)
    parts = [
        box((0.8, 0.6, 0.35), colour).placed((0, 0, 0.05)),
        cylinder(0.17, 1.6, colour * 0.95, 14).placed((-0.1, 0, 0.3)),
    ]
    parts.append(box((0.35, 0.7, 0.2), colour).placed((0, 0, 1.75)))
    for y in np.linspace(-0.3, 0.3, int(rng.integers(2, 5))):
        a = np.array([0.15, y, 1.8])
        b = a + [rng.uniform(0.25, 0.5), rng.normal(0, 0.25), rng.uniform(-0.1, 0.3)]
        c = b + [rng.uniform(0.0, 0.3), rng.normal(0, 0.1), -rng.uniform(0.4, 0.7)]
        parts += [rod(a, b, 0.07, colour), ellipsoid((0.09, 0.09, 0.09), DARK).placed(b), rod(b, c, 0.06, colour * 0.9)]
        parts.append(ellipsoid((0.07, 0.07, 0.1), plastic(rng, 60, 200)).placed(c))
    return Item.of("robot_cart", Mesh.merge(parts))


def robot_arm(rng: np.random.Generator) -> Item:
    """An industrial-looking arm on a pedestal, as tall as a person."""
    colour = plastic(rng, 40, 240)
    joints = [np.array([0, 0, 0.75])]
    for length in (0.4, 0.38, 0.25):
        direction = rng.normal([0.5, 0, 0.6], 0.5)
        joints.append(joints[-1] + length * direction / np.linalg.norm(direction))
        joints[-1][2] = max(joints[-1][2], 0.6)
    parts = [cylinder(0.2, 0.75, colour * 0.8, 14, top=0.15), box((0.5, 0.5, 0.08), DARK)]
    for a, b, r in zip(joints, joints[1:], (0.09, 0.075, 0.06), strict=False):
        parts += [rod(a, b, r, colour, 10), ellipsoid((r * 1.3,) * 3, colour * 0.6).placed(a)]
    return Item.of("robot_arm", Mesh.merge(parts))


def gas_cylinders(rng: np.random.Generator) -> Item:
    """Dark bottles in a frame, head high."""
    parts = []
    for y in (-0.16, 0.16) if rng.random() < 0.6 else (0.0,):
        top = rng.uniform(1.3, 1.6)
        bottle = lathe(
            [0.11, 0.12, 0.12, 0.05, 0.04, 0.0],
            [0.02, 0.06, 0.82 * top, 0.95 * top, top, top],
            plastic(rng, 15, 120),
            14,
        )
        parts += [
            bottle.placed((0, y, 0)),
            lathe([0.122, 0.122], [0.7 * top, 0.8 * top], (220, 220, 225), 14).placed((0, y, 0)),
        ]
    return Item.of("gas_cylinders", Mesh.merge(parts))


def cabinet(rng: np.random.Generator) -> Item:
    """Tall shelving with boxes, open or closed."""
    hx, hy, top = rng.uniform(0.2, 0.28), rng.uniform(0.4, 0.8), rng.uniform(1.5, 2.1)
    colour = plastic(rng, 120, 240)
    parts = [box((0.04, 2 * hy, top), colour * 0.9).placed((-hx, 0, 0))]
    parts += [box((2 * hx, 0.03, top), colour).placed((0, s * hy, 0)) for s in (-1, 1)]
    shelves = int(rng.integers(4, 7))
    for k in range(shelves + 1):
        z = 0.05 + k * (top - 0.1) / shelves
        parts.append(box((2 * hx, 2 * hy, 0.025), colour).placed((0, 0, z)))
        y = -hy + 0.1
        while k < shelves and y < hy - 0.1:
            w = rng.uniform(0.08, 0.25)
            if rng.random() < 0.8:
                tall = rng.uniform(0.4, 0.85) * (top - 0.1) / shelves
                tint = np.array(cloth_colour(rng)) if rng.random() < 0.5 else plastic(rng)
                parts.append(box((1.5 * hx, w * 0.9, tall), tint).placed((0, y + w / 2, z + 0.02)))
            y += w
    if rng.random() < 0.35:
        parts.append(box((0.02, 2 * hy, top - 0.05), plastic(rng, 90, 220)).placed((hx, 0, 0.03)))
    return Item.of("cabinet", Mesh.merge(parts))


def ultrasound(rng: np.random.Generator) -> Item:
    """A machine with keyboard, screen and probes on a narrow column."""
    colour = plastic(rng, 50, 230)
    parts = [
        box((0.5, 0.45, 0.3), colour).placed((0, 0, 0.08)),
        cylinder(0.1, 0.6, colour * 0.9, 12).placed((0, 0, 0.35)),
    ]
    parts.append(box((0.45, 0.5, 0.12), colour * 0.85).placed((0.1, 0, 0.92)))
    parts.append(
        panel(rng.uniform(30, 230, (5, 12, 3)), 0.42, 0.3).placed(
            (0.08, 0, 1.045), np.array([[0, 0, -1], [0, 1, 0], [1, 0, 0.0]])
        )
    )
    parts.append(monitor(rng, 0.48, 0.36).placed((0.02, 0, 1.4), rotation_z(rng.normal(0, 0.3))))
    parts.append(rod((0, 0, 1.0), (0, 0, 1.35), 0.03, DARK))
    for k in range(3):
        t = np.linspace(0, 1, 8)[:, None]
        start, end = np.array([0.2, 0.26, 0.95]), np.array([0.0, 0.3 - 0.05 * k, 0.5])
        parts.append(tube(start * (1 - t) + end * t - [0, -0.06, 0.3] * (4 * t * (1 - t)), 0.012, DARK, 6))
    return Item.of("ultrasound", Mesh.merge(parts))


def linen_heap(rng: np.random.Generator) -> Item:
    """Used drapes thrown over something: a shapeless heap of cloth."""
    colour = np.array(cloth_colour(rng))
    noise = Noise(rng, 0.28)
    top = rng.uniform(0.5, 1.2)
    solid = union(
        *[ball(rng.normal([0, 0, top / 2], [0.1, 0.1, 0.1]), (0.25, 0.28, top / 2)) for _ in range(3)], blend=0.2
    )
    field = common(lambda p: solid(p) + 0.035 * noise(p), half_space((0, 0, 0.01), (0, 0, -1)))
    points, faces, normals = surface(field, (-0.6, -0.6, -0.02), (0.6, 0.6, top + 0.3), 0.035)
    shade = np.clip(colour * (1 - 0.1 * noise(points)[:, None]), 0, 255)
    return Item.of("linen_heap", Mesh.build(points, faces, normals, shade))


LOOKALIKES: dict[str, tuple[Maker, float]] = {
    "skeleton_model": (skeleton_model, 0.7),
    "hanging_aprons": (hanging_aprons, 1.2),
    "hung_gown": (hung_gown, 1.2),
    "robot_cart": (robot_cart, 0.8),
    "robot_arm": (robot_arm, 0.8),
    "gas_cylinders": (gas_cylinders, 0.8),
    "cabinet": (cabinet, 1.5),
    "ultrasound": (ultrasound, 1.3),
    "linen_heap": (linen_heap, 0.8),
}
