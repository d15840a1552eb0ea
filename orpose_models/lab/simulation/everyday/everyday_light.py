"""Everyday light: lamps and windows indoors, sun and sky outdoors."""

import numpy as np
from numpy.typing import NDArray

from orpose_models.lab.simulation.lights import Beam, Lighting
from orpose_models.lab.simulation.rooms import Place
from orpose_models.lab.simulation.splits import member

Array = NDArray[np.float64]


def draw_everyday_lighting(number: int, place: Place, outdoors: bool) -> Lighting:
    """The light of a pool number, in a place."""
    rng = member("light", number)
    warmth = rng.normal(0.0, 0.05) if outdoors else rng.normal(0.05, 0.08)
    tint = np.array([1 + warmth, 1 + rng.normal(0, 0.015), 1 - warmth])
    angle = rng.uniform(0, 2 * np.pi)
    side = np.array([np.cos(angle), np.sin(angle)])
    if outdoors:
        return _sun(number, place, rng, tint, side)
    strength = rng.uniform(0.15, 0.7)
    lamp = Beam(
        np.array([*(rng.uniform(-0.25, 0.25, 2) * place.size), place.ceiling - 0.12]), np.zeros(3), 80.0,
        strength * tint, rng.uniform(0.03, 0.12),
    )  # fmt: skip
    beams = [lamp]
    day = rng.uniform(0.2, 0.9) if rng.random() < 0.6 else 0.0
    if day:  # a window in one of the walls
        at = np.array([*(side * (place.size / 2 - 0.15)), rng.uniform(1.5, place.ceiling - 0.3)])
        cool = np.array([0.95, 1.0, 1.07]) ** rng.uniform(-0.5, 1.5)
        beams.insert(0, Beam(at, np.array([*(-0.4 * at[:2]), 0.3]), 75.0, day * cool, rng.uniform(0.05, 0.15)))
    fill = (0.1 + strength * rng.uniform(0.4, 0.9)) * tint
    bounce = (0.1 + 0.2 * strength + 0.2 * day) * rng.uniform(0.8, 1.4) * (0.5 + 0.5 * tint)
    return Lighting(number, beams, fill, bounce)


def _sun(number: int, place: Place, rng: np.random.Generator, tint: Array, side: Array) -> Lighting:
    sun, sky = rng.uniform(0.0, 0.8), rng.uniform(0.35, 0.7)
    at = np.array([*(side * place.size * rng.uniform(0.2, 0.46)), place.ceiling - 0.4])
    beam = Beam(at, np.array([*(-0.1 * at[:2]), 0.0]), 80.0, sun * tint, 0.04)
    blue = np.array([0.95, 1.0, 1.06]) ** rng.uniform(0, 1.5)
    return Lighting(number, [beam] if sun > 0.15 else [], sky * blue, sky * rng.uniform(0.4, 0.65) * blue)
