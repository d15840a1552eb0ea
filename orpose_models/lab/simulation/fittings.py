"""What equipment is made of: plastics, screens, castors, sheets, and the things that lie on tables."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from typing_extensions import Self

from orpose_models.lab.simulation.clothing import cloth_colour
from orpose_models.lab.simulation.geometry import (
    Mesh,
    box,
    cylinder,
    lathe,
    panel,
    rod,
    rotation_z,
    sheet,
)
from orpose_models.lab.simulation.solids import Noise


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


def castors(half_x: float, half_y: float) -> list[Mesh]:
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


def clutter(rng: np.random.Generator, half_x: float, half_y: float, z: float, count: int) -> list[Mesh]:
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
