"""How a scene is lit: lamp spots, ceiling panels, what bounces off the walls, and their colours."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from orpose_models.lab.simulation.rooms import Room
from orpose_models.lab.simulation.splits import member

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Beam:
    """A light that throws shadows.

    Attributes:
        position, target: (3,) metres.
        cone: half angle in degrees.
        colour: (3,) linear strength per channel, 1 = a white wall facing it is just white.
        softness: width of the shadow's edge in metres.
    """

    position: Array
    target: Array
    cone: float
    colour: Array
    softness: float


@dataclass(frozen=True, eq=False)
class Lighting:
    """All light of a scene.

    Attributes:
        number: pool number.
        beams: at most two shadow-throwing lights, the strongest first.
        fill: (3,) strength of the shadowless light from all over the ceiling.
        bounce: (3,) strength of light from everywhere.
    """

    number: int
    beams: list[Beam]
    fill: Array
    bounce: Array


def _white(rng: np.random.Generator, spread: float) -> Array:
    """A whitish colour, warm to cool."""
    warmth = rng.normal(0, spread)
    return np.array([1 + warmth, 1 + rng.normal(0, 0.25 * spread), 1 - warmth])


def draw_lighting(number: int, room: Room) -> Lighting:
    """The lighting of a pool number, in a room."""
    rng = member("light", number)
    mood = rng.choice(["bright", "even", "dim"], p=[0.5, 0.3, 0.2])
    panel_strength = {"bright": rng.uniform(0.45, 0.7), "even": rng.uniform(0.3, 0.5), "dim": rng.uniform(0.06, 0.2)}[
        str(mood)
    ]
    lamp_strength = {"bright": rng.uniform(0.3, 0.9), "even": rng.uniform(0, 0.3), "dim": rng.uniform(0.5, 1.1)}[
        str(mood)
    ]
    tint = _white(rng, 0.06)
    if mood == "dim" and rng.random() < 0.5:
        tint = tint * np.array([0.8, 1.0, 1.15]) if rng.random() < 0.7 else tint * np.array([0.9, 1.15, 0.85])
    where = rng.uniform(-0.25, 0.25, 2) * room.size
    middle = np.array([*room.table.centre, 0.9])
    panel = Beam(
        np.array([*where, room.ceiling - 0.1]), middle * [1, 1, 0], 80.0, panel_strength * tint, rng.uniform(0.06, 0.15)
    )
    beams = [panel]
    if lamp_strength > 0.05 and room.lamps:
        one = room.lamps[int(rng.integers(len(room.lamps)))]
        colour = lamp_strength * _white(rng, 0.05)
        beams.insert(
            0,
            Beam(one.position + 0.05 * one.direction, one.position + one.direction, rng.uniform(32, 55), colour, 0.04),
        )
    fill = (0.12 + panel_strength * rng.uniform(0.6, 0.9)) * tint
    bounce = (0.16 * panel_strength + 0.05 + 0.05 * lamp_strength) * rng.uniform(0.8, 1.5) * (0.5 + 0.5 * tint)
    return Lighting(number, beams, fill, bounce)
