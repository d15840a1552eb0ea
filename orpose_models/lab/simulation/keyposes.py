"""Key moments of what people do: where trunk, hands and gaze are. `motions` goes smoothly from one to the next.

Lengths are metres, angles rad, in the frame of the place (x forward, y left, z up); the fields are those of
`posing.Posture`.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from orpose_models.lab.simulation.mannequins import Body

Array = NDArray[np.float64]
Key = dict[str, Array]
KeyMaker = Callable[[Body, np.random.Generator, float], Key]


def _sides(left: tuple[float, float, float], right: tuple[float, float, float]) -> Array:
    return np.array([left, right], float)


def at_ease(body: Body, rng: np.random.Generator) -> Key:
    """Somebody at ease: arms hanging, gaze a little down."""
    h = body.stature
    hang = [(0.04 * h + rng.normal(0, 0.03), sign * (0.16 * h + rng.uniform(0, 0.06)), 0.47 * h) for sign in (1, -1)]
    return {
        "sway": rng.normal(0, 0.015, 2),
        "turn": rng.normal(0, 0.08, 1),
        "tilt": np.abs(rng.normal(0.02, 0.04, 1)),
        "bend": rng.normal([0.06, 0, 0], [0.06, 0.05, 0.12]),
        "gaze": rng.normal([0.15, 0, 0], [0.15, 0.06, 0.3]),
        "hands": np.array(hang),
        "elbow_out": rng.uniform(0.1, 0.5, 2),
        "palm": rng.normal(0, 0.3, 2) + [-1.2, 1.2],
        "crouch": np.abs(rng.normal(0, 0.01, 1)),
        "seat": np.array([np.nan]),
    }


def _over_table(body: Body, rng: np.random.Generator, height: float, near: float, far: float, apart: float) -> Array:
    """Both wrists over a surface of `height`, `near` to `far` metres in front."""
    x = rng.uniform(near, far)
    y = rng.normal(0, 0.1)
    offsets = [(rng.normal(0, 0.05), sign * rng.uniform(0.04, apart), rng.uniform(0.06, 0.2)) for sign in (1, -1)]
    return np.array([(x + dx, y + dy, height + dz) for dx, dy, dz in offsets])


def _operate(body: Body, rng: np.random.Generator, table: float) -> Key:
    key = at_ease(body, rng)
    key["hands"] = _over_table(body, rng, table, 0.33, 0.52, 0.2)
    key["bend"] = rng.normal([0.3, 0, 0], [0.12, 0.08, 0.1])
    key["gaze"] = rng.normal([0.55, 0, 0], [0.18, 0.08, 0.15])
    key["tilt"] = rng.uniform(0.05, 0.2, 1)
    key["elbow_out"] = rng.uniform(0.3, 0.9, 2)
    key["palm"] = rng.normal(0, 0.4, 2)
    return key


def _reach(body: Body, rng: np.random.Generator, table: float) -> Key:
    key = _operate(body, rng, table)
    arm = rng.integers(2)
    key["hands"][arm] = (
        rng.uniform(0.55, 0.75),
        (1 - 2 * arm) * rng.uniform(-0.1, 0.5),
        table + rng.uniform(0.05, 0.3),
    )
    key["bend"] = rng.normal([0.4, 0, (2 * arm - 1) * 0.25], [0.12, 0.1, 0.1])
    return key


def _hand_over(body: Body, rng: np.random.Generator, table: float) -> Key:
    key = at_ease(body, rng)
    key["hands"] = _over_table(body, rng, table, 0.3, 0.45, 0.2)
    arm = rng.integers(2)
    side = 1 - 2 * arm
    key["hands"][arm] = (rng.uniform(0.2, 0.5), side * rng.uniform(0.3, 0.65), rng.uniform(1.05, 1.3))
    key["bend"][2] = side * rng.uniform(0.1, 0.5)
    key["gaze"][2] = side * rng.uniform(0.2, 0.8)
    return key


def _lean(body: Body, rng: np.random.Generator, table: float) -> Key:
    key = _operate(body, rng, table)
    key["bend"] = rng.normal([0.45, 0, 0], [0.15, 0.12, 0.15])
    key["tilt"] = rng.uniform(0.1, 0.3, 1)
    key["gaze"] = rng.normal([0.2, 0, 0], [0.2, 0.1, 0.3])
    return key


def _watch(body: Body, rng: np.random.Generator, table: float) -> Key:
    """Hands resting on the table or held at the chest, looking up at a monitor or down at the work."""
    key = at_ease(body, rng)
    key["hands"] = _sides((0.28, 0.1, 1.12), (0.3, -0.08, 1.14)) + rng.normal(0, 0.04, (2, 3))
    if rng.random() < 0.5:
        key["hands"] = _over_table(body, rng, table, 0.32, 0.42, 0.25)
    key["gaze"] = rng.normal([0.1, 0, 0], [0.3, 0.08, 0.5])
    return key


def _fold(body: Body, rng: np.random.Generator, _: float) -> Key:
    key = at_ease(body, rng)
    z = 0.66 * body.stature
    key["hands"] = _sides((0.2, -0.11, z), (0.24, 0.11, z - 0.05)) + rng.normal(0, 0.015, (2, 3))
    key["elbow_out"] = rng.uniform(0.5, 0.8, 2)
    return key


def _carry(body: Body, rng: np.random.Generator, _: float) -> Key:
    key = at_ease(body, rng)
    z = rng.uniform(0.55, 0.68) * body.stature
    key["hands"] = _sides((0.36, 0.16, z), (0.36, -0.16, z)) + rng.normal(0, 0.03, (2, 3))
    return key


def _bend(body: Body, rng: np.random.Generator, _: float) -> Key:
    key = at_ease(body, rng)
    key["bend"] = rng.normal([0.7, 0, 0], [0.2, 0.12, 0.2])
    key["tilt"] = rng.uniform(0.15, 0.45, 1)
    key["hands"] = _sides((0.55, 0.2, 0.6), (0.55, -0.15, 0.55)) + rng.normal(0, 0.12, (2, 3))
    key["crouch"] = rng.uniform(0, 0.15, 1)
    return key


def _raise(body: Body, rng: np.random.Generator, _: float) -> Key:
    """One hand up at a lamp handle, a screen or an infusion."""
    key = at_ease(body, rng)
    arm = rng.integers(2)
    key["hands"][arm] = (
        rng.uniform(0.25, 0.5),
        (1 - 2 * arm) * rng.uniform(0, 0.35),
        rng.uniform(0.8, 1.08) * body.stature,
    )
    key["gaze"][0] = rng.uniform(-0.5, 0.0)
    return key


def _type(body: Body, rng: np.random.Generator, _: float) -> Key:
    key = at_ease(body, rng)
    key["hands"] = _sides((0.42, 0.12, 1.05), (0.42, -0.12, 1.05)) + rng.normal(0, 0.04, (2, 3))
    key["gaze"] = rng.normal([0.25, 0, 0], [0.15, 0.05, 0.25])
    key["palm"] = rng.normal(0, 0.2, 2)
    return key


def _talk(body: Body, rng: np.random.Generator, _: float) -> Key:
    key = at_ease(body, rng)
    for arm in range(2):
        if rng.random() < 0.6:
            key["hands"][arm] = (rng.uniform(0.15, 0.42), (1 - 2 * arm) * rng.uniform(0.1, 0.4), rng.uniform(0.9, 1.3))
    key["gaze"][2] = rng.normal(0, 0.6)
    return key


def _sit(body: Body, rng: np.random.Generator, _: float) -> Key:
    key = at_ease(body, rng)
    key["hands"] = _sides((0.35, 0.12, 0.75), (0.35, -0.12, 0.75)) + rng.normal(0, 0.06, (2, 3))
    key["bend"][0] = rng.uniform(0.05, 0.4)
    return key


def _sit_type(body: Body, rng: np.random.Generator, table: float) -> Key:
    key = _sit(body, rng, table)
    key["hands"][:, 0] += 0.12
    key["hands"][:, 2] += 0.12
    return key


def _phone(body: Body, rng: np.random.Generator, _: float) -> Key:
    """A telephone at the ear, or held up and read."""
    key = at_ease(body, rng)
    arm = rng.integers(2)
    side = 1 - 2 * arm
    if rng.random() < 0.5:
        key["hands"][arm] = (0.1, side * 0.13, 0.88 * body.stature)
        key["elbow_out"][arm] = rng.uniform(0.5, 1.0)
    else:
        key["hands"][arm] = (rng.uniform(0.24, 0.34), side * rng.uniform(0.0, 0.12), 0.7 * body.stature)
        key["gaze"][0] = rng.uniform(0.4, 0.8)
    return key


def _wave(body: Body, rng: np.random.Generator, _: float) -> Key:
    key = at_ease(body, rng)
    for arm in [rng.integers(2)] if rng.random() < 0.8 else [0, 1]:
        side = 1 - 2 * arm
        key["hands"][arm] = (
            rng.uniform(0.0, 0.25),
            side * rng.uniform(0.22, 0.6),
            rng.uniform(0.85, 1.15) * body.stature,
        )
        key["elbow_out"][arm] = rng.uniform(0.7, 1.2)
    return key


def _hips(body: Body, rng: np.random.Generator, _: float) -> Key:
    """Hands on the hips, in the pockets or behind the back."""
    key = at_ease(body, rng)
    x, y, z = ((0.02, 0.2, 0.57), (0.06, 0.17, 0.51), (-0.17, 0.05, 0.55))[rng.integers(3)]
    for arm in range(2) if rng.random() < 0.7 else [rng.integers(2)]:
        key["hands"][arm] = (x + rng.normal(0, 0.02), (1 - 2 * arm) * (y + rng.normal(0, 0.015)), z * body.stature)
        key["elbow_out"][arm] = rng.uniform(0.8, 1.4)
    return key


def _point(body: Body, rng: np.random.Generator, _: float) -> Key:
    key = at_ease(body, rng)
    arm = rng.integers(2)
    side = 1 - 2 * arm
    away = rng.uniform(-0.3, 1.4)
    reach = rng.uniform(0.5, 0.7)
    key["hands"][arm] = (
        reach * np.cos(away),
        side * (0.1 + reach * np.sin(away)),
        rng.uniform(0.68, 0.95) * body.stature,
    )
    key["gaze"][2] = side * 0.6 * away
    key["bend"][2] = side * 0.3 * away
    return key


def _stretch(body: Body, rng: np.random.Generator, _: float) -> Key:
    """Both arms up or wide."""
    key = at_ease(body, rng)
    up = rng.uniform(0.75, 1.25)
    wide = rng.uniform(0.15, 0.75) if up > 0.95 else rng.uniform(0.5, 0.8)
    key["hands"] = _sides((0.1, wide, up * body.stature), (0.1, -wide, up * body.stature)) + rng.normal(0, 0.06, (2, 3))
    key["gaze"][0] = rng.uniform(-0.4, 0.2)
    key["bend"][1] = rng.normal(0, 0.15)
    return key


def _squat(body: Body, rng: np.random.Generator, _: float) -> Key:
    key = at_ease(body, rng)
    key["crouch"] = rng.uniform(0.15, 0.42, 1)
    key["tilt"] = rng.uniform(0.2, 0.5, 1)
    key["bend"] = rng.normal([0.4, 0, 0], [0.15, 0.1, 0.2])
    key["hands"] = _sides((0.4, 0.16, 0.55), (0.4, -0.16, 0.55)) + rng.normal(0, 0.1, (2, 3))
    return key


def _sit_talk(body: Body, rng: np.random.Generator, table: float) -> Key:
    key = _sit(body, rng, table)
    for arm in range(2):
        if rng.random() < 0.6:
            key["hands"][arm] = (rng.uniform(0.2, 0.45), (1 - 2 * arm) * rng.uniform(0.05, 0.45), rng.uniform(0.8, 1.2))
    key["gaze"][2] = rng.normal(0, 0.6)
    key["bend"][0] = rng.uniform(-0.15, 0.3)
    return key


def _sit_phone(body: Body, rng: np.random.Generator, table: float) -> Key:
    key = _sit(body, rng, table)
    arm = rng.integers(2)
    key["hands"][arm] = (0.34, (1 - 2 * arm) * 0.03, rng.uniform(0.95, 1.1))
    key["gaze"][0] = rng.uniform(0.3, 0.7)
    return key


KEYS: dict[str, KeyMaker] = {
    "operate": _operate,
    "reach": _reach,
    "hand_over": _hand_over,
    "lean": _lean,
    "watch": _watch,
    "stand": lambda body, rng, _: at_ease(body, rng),
    "fold": _fold,
    "carry": _carry,
    "bend": _bend,
    "raise": _raise,
    "type": _type,
    "talk": _talk,
    "sit": _sit,
    "sit_type": _sit_type,
    "phone": _phone,
    "wave": _wave,
    "hips": _hips,
    "point": _point,
    "stretch": _stretch,
    "squat": _squat,
    "sit_talk": _sit_talk,
    "sit_phone": _sit_phone,
}
