"""Soft solids: distance fields, their smooth unions, and the surfaces drawn around them.

People's skin and clothes are unions of round bones; a smooth union makes shoulders, armpits and
necks flow into each other as no set of separate tubes would.
"""

from collections.abc import Callable

import numpy as np
import pyvista as pv
from numpy.typing import ArrayLike, NDArray

from orpose_models.lab.simulation.geometry import point_normals

Array = NDArray[np.float32]
Field = Callable[[Array], Array]
"""Distance in metres, (n, 3) -> (n,), negative inside."""


def cone(start: ArrayLike, end: ArrayLike, radius: float, end_radius: float, squash: float = 1.0) -> Field:
    """A tapered bone with round ends; `squash` < 1 flattens it along x (front to back)."""
    scale = np.array([1 / squash, 1, 1], np.float32)
    a, b = np.asarray(start, np.float32) * scale, np.asarray(end, np.float32) * scale
    axis = b - a
    length2 = max(float(axis @ axis), 1e-9)

    def field(points: Array) -> Array:
        relative = points * scale - a
        along = np.clip(relative @ axis / length2, 0, 1)
        distance = np.linalg.norm(relative - along[:, None] * axis, axis=1)
        return distance - (radius + (end_radius - radius) * along)

    return field


def ball(centre: ArrayLike, radii: ArrayLike) -> Field:
    """An ellipsoid (distance is approximate away from its surface)."""
    c, r = np.asarray(centre, np.float32), np.broadcast_to(np.asarray(radii, np.float32), 3)

    def field(points: Array) -> Array:
        scaled = (points - c) / r
        k0 = np.linalg.norm(scaled, axis=1)
        k1 = np.linalg.norm(scaled / r, axis=1)
        return k0 * (k0 - 1) / np.maximum(k1, 1e-6)

    return field


def half_space(point: ArrayLike, normal: ArrayLike) -> Field:
    """Everything behind a plane; `normal` points out of it."""
    n = np.asarray(normal, np.float32)
    n = n / np.linalg.norm(n)
    p = np.asarray(point, np.float32)
    return lambda points: np.asarray((points - p) @ n, np.float32)


def union(*fields: Field, blend: float = 0.03) -> Field:
    """Smooth union: surfaces closer than about `blend` metres flow together."""

    def field(points: Array) -> Array:
        total = fields[0](points)
        for other in fields[1:]:
            distance = other(points)
            h = np.maximum(blend - np.abs(total - distance), 0) / blend
            total = np.minimum(total, distance) - h * h * blend / 4
        return total

    return field


def common(*fields: Field) -> Field:
    """Intersection."""
    return lambda points: np.max([f(points) for f in fields], axis=0)


def without(field: Field, hole: Field, blend: float = 0.01) -> Field:
    """`field` with `hole` smoothly carved out."""

    def carved(points: Array) -> Array:
        first, second = field(points), -hole(points)
        h = np.maximum(blend - np.abs(first - second), 0) / blend
        return np.maximum(first, second) + h * h * blend / 4

    return carved


def grown(field: Field, by: float) -> Field:
    """Thickened by `by` metres."""
    return lambda points: field(points) - by


_COARSE = 4


def _lattice(low: NDArray, counts: NDArray, step: float) -> Array:
    """Points (n, 3) of a regular grid, x running fastest."""
    axes = [low[k] + step * np.arange(counts[k]) for k in range(3)]
    z, y, x = np.meshgrid(axes[2], axes[1], axes[0], indexing="ij")
    return np.stack([x.ravel(), y.ravel(), z.ravel()], axis=1).astype(np.float32)


def surface(field: Field, low: ArrayLike, high: ArrayLike, step: float) -> tuple[Array, NDArray[np.int32], Array]:
    """The zero level inside a box: points (n, 3), faces (m, 3), normals (n, 3); `step` is the cell size in metres."""
    low, high = np.asarray(low, np.float64), np.asarray(high, np.float64)
    blocks = np.maximum(np.ceil((high - low) / (step * _COARSE)).astype(int), 1)
    counts = blocks * _COARSE
    grid = pv.ImageData(dimensions=tuple(counts), spacing=(step, step, step), origin=tuple(low))
    # Far from the surface one value per block of cells will do; the field is worked out only near it.
    middles = _lattice(low + step * (_COARSE - 1) / 2, blocks, step * _COARSE)
    coarse = field(middles).reshape(blocks[::-1])
    values = coarse.repeat(_COARSE, 0).repeat(_COARSE, 1).repeat(_COARSE, 2).ravel()
    near = np.flatnonzero(np.abs(values) < 1.5 * step * _COARSE)
    values[near] = field(_lattice(low, counts, step)[near])
    grid["distance"] = values
    skin = grid.contour([0.0], scalars="distance", method="flying_edges", compute_normals=False)
    if skin.n_points == 0:
        return np.zeros((0, 3), np.float32), np.zeros((0, 3), np.int32), np.zeros((0, 3), np.float32)
    faces = np.asarray(skin.faces).reshape(-1, 4)[:, 1:].astype(np.int32)
    points = np.asarray(skin.points, np.float32)
    normals = point_normals(points, faces)
    outward = field(points + normals * np.float32(step / 2)) - field(points - normals * np.float32(step / 2))
    if np.median(outward) < 0:
        faces, normals = faces[:, ::-1], -normals
    return points, np.ascontiguousarray(faces), normals


class Noise:
    """Smooth random scalar field: a sum of sinusoids with warped phases; cheap, and reproducible.

    Args:
        rng: decides everything.
        wavelength: typical size of its features in metres, one number or one per axis.
        octaves: each adds features of half the size and half the strength.
    """

    def __init__(self, rng: np.random.Generator, wavelength: ArrayLike, octaves: int = 2, waves: int = 5) -> None:
        size = np.broadcast_to(np.asarray(wavelength, np.float64), 3)
        direction = rng.normal(size=(octaves, waves, 3))
        direction /= np.linalg.norm(direction, axis=-1, keepdims=True)
        octave = 2.0 ** np.arange(octaves)
        self._vectors = (2 * np.pi * direction * octave[:, None, None] / size).reshape(-1, 3).astype(np.float32)
        self._phases = rng.uniform(0, 2 * np.pi, octaves * waves).astype(np.float32)
        weights = np.repeat(1 / octave, waves)
        self._weights = (weights / np.sqrt((weights**2).sum() / 2)).astype(np.float32)

    def __call__(self, points: ArrayLike) -> Array:
        """Values (n,) at (n, 3), zero mean and unit variance about."""
        phase = np.asarray(points, np.float32) @ self._vectors.T + self._phases
        phase += 0.8 * np.sin(phase[:, ::-1] * 0.37)
        return np.sin(phase) @ self._weights
