"""What hangs from the ceiling: surgical lamps, monitors on arms, supply pendants, and the light panels in it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from orpose_models.lab.simulation.fittings import DARK, monitor
from orpose_models.lab.simulation.geometry import (
    Mesh,
    box,
    cylinder,
    ellipsoid,
    frame_along,
    lathe,
    rod,
    rotation_z,
    tube,
)


@dataclass(frozen=True, eq=False)
class Lamp:
    """A surgical lamp.

    Attributes:
        mesh: head, arms and ceiling flange.
        position: (3,) centre of its disc.
        direction: (3,) unit, where it shines.
    """

    mesh: Mesh
    position: NDArray[np.float64]
    direction: NDArray[np.float64]


def lamp(rng: np.random.Generator, ceiling: float, target: NDArray) -> Lamp:
    """A lamp on a two-part arm, shining at `target`."""
    angle, out = rng.uniform(0, 2 * np.pi), rng.uniform(0.15, 0.9)
    position = target + [out * np.cos(angle), out * np.sin(angle), rng.uniform(0.95, 1.25)]
    position[2] = min(position[2], ceiling - 0.45)
    direction = target - position
    direction /= np.linalg.norm(direction)
    radius, colour = rng.uniform(0.25, 0.38), np.array([1, 1, 1]) * rng.uniform(170, 240)
    lit = rng.random() < 0.8
    head = [
        lathe([0.05, radius * 0.8, radius, radius * 0.97], [0.16, 0.12, 0.03, 0.0], colour, 20),
        lathe([radius * 0.97, 0.0], [0.005, 0.0], (255, 255, 250) if lit else (120, 125, 130), 20),
    ]
    if rng.random() < 0.5:  # petals instead of one disc
        head = [
            Mesh.merge(
                [
                    cylinder(radius * 0.42, 0.1, colour, 12),
                    cylinder(radius * 0.36, 0.004, (255, 255, 250), 12).placed((0, 0, -0.005)),
                ]
            ).placed((radius * 0.62 * np.cos(a), radius * 0.62 * np.sin(a), 0))
            for a in np.arange(5) * 2 * np.pi / 5
        ]
        head.append(cylinder(radius * 0.3, 0.12, colour, 12))
    # The disc's underside looks down its own -z.
    parts = [
        Mesh.merge(head).placed(position, frame_along(-direction)),
        rod(position, position + direction * 0.12, 0.025, colour * 0.9),
    ]
    back = position - direction * 0.14
    base = np.array([*(target[:2] + rng.normal(0, 0.5, 2)), ceiling])
    elbow = np.array([*(base[:2] + rng.normal(0, 0.6, 2)), ceiling - rng.uniform(0.25, 0.45)])
    parts += [
        cylinder(0.16, 0.08, colour, 14).placed(base - [0, 0, 0.08]),
        rod(base, [base[0], base[1], elbow[2]], 0.05, colour * 0.95),
        rod([base[0], base[1], elbow[2]], elbow, 0.045, colour * 0.95),
        ellipsoid((0.06, 0.06, 0.08), colour * 0.8).placed(elbow),
        tube([elbow, (elbow + back) / 2 + [0, 0, 0.06], back], 0.035, colour * 0.95),
    ]
    return Lamp(Mesh.merge(parts), position, direction)


def hanging_monitors(rng: np.random.Generator, ceiling: float, at: NDArray, look_at: NDArray) -> Mesh:
    """One to four screens on an arm, turned towards `look_at`."""
    low = rng.uniform(1.75, 2.05)
    facing = np.arctan2(look_at[1] - at[1], look_at[0] - at[0]) + rng.normal(0, 0.2)
    count = int(rng.choice([1, 2, 2, 4]))
    width, height = rng.uniform(0.4, 0.65), rng.uniform(0.3, 0.42)
    screens = []
    for k in range(count):
        column, row = (k % 2, k // 2)
        y = 0 if count == 1 else (column - 0.5) * (width + 0.02)
        screens.append(monitor(rng, width, height).placed((0.06, y, row * (height + 0.03))))
    frame = box((0.05, width * min(count, 2), 0.08), DARK).placed((0, 0, -0.04))
    turned = Mesh.merge([*screens, frame]).placed((at[0], at[1], low), rotation_z(facing))
    grey = np.array([1, 1, 1]) * rng.uniform(130, 230)
    pole = rod((at[0], at[1], low), (at[0], at[1], ceiling), 0.05, grey)
    return Mesh.merge([turned, pole, cylinder(0.15, 0.08, grey).placed((at[0], at[1], ceiling - 0.08))])


def pendant(rng: np.random.Generator, ceiling: float, at: NDArray) -> Mesh:
    """A supply column with shelves, sockets and cables."""
    grey = np.array([1, 1, 1]) * rng.uniform(140, 235)
    low = rng.uniform(1.0, 1.45)
    parts = [
        box((0.3, 0.3, ceiling - low), grey).placed((0, 0, low)),
        box((0.32, 0.22, 0.5), grey * 0.85).placed((0, 0, low + 0.1)),
    ]
    for k in range(int(rng.integers(1, 4))):
        z = low + 0.05 + 0.3 * k
        parts.append(box((0.45, 0.5, 0.03), grey).placed((0.1, 0, z)))
        parts.append(
            box(rng.uniform([0.2, 0.25, 0.08], [0.35, 0.42, 0.2]), grey * rng.uniform(0.2, 0.9)).placed(
                (0.12, 0, z + 0.03)
            )
        )
    for _ in range(int(rng.integers(2, 6))):
        t = np.linspace(0, 1, 9)[:, None]
        start = np.array([0.1, rng.uniform(-0.15, 0.15), low + 0.2])
        end = start + [rng.uniform(0.2, 0.9), rng.normal(0, 0.4), -rng.uniform(0.3, low)]
        colour = [DARK, (200, 200, 205), (60, 110, 70), (160, 50, 45)][rng.integers(4)]
        parts.append(tube(start + t * (end - start) - [0, 0, 0.3] * (4 * t * (1 - t)), 0.012, colour, 6))
    return Mesh.merge(parts).placed((at[0], at[1], 0), rotation_z(rng.uniform(0, 2 * np.pi)))


def light_panels(rng: np.random.Generator, size: NDArray, ceiling: float) -> Mesh:
    """Bright rectangles in the ceiling."""
    nx, ny = int(rng.integers(2, 4)), int(rng.integers(2, 4))
    glow = rng.uniform(225, 255)
    panels = []
    for x in (np.arange(nx) + 0.5) / nx - 0.5:
        for y in (np.arange(ny) + 0.5) / ny - 0.5:
            panels.append(box((0.6, 1.2, 0.02), (glow, glow, glow)).placed((x * size[0], y * size[1], ceiling - 0.03)))
    return Mesh.merge(panels)
