"""What people in an operating room do, as short continuous sequences.

A motion is a walk, or a stance held while hands, trunk and gaze go from one key moment to the next. The pool number
of a motion decides it; table height and the person's size only scale it.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from orpose_models.simulation.bodies import Body
from orpose_models.simulation.posing import Motion, Posture, solve
from orpose_models.simulation.splits import member

Array = NDArray[np.float64]
Key = dict[str, Array]
KeyMaker = Callable[[Body, np.random.Generator, float], Key]

# Actions at a table or trolley, and away from one, with how often each is drawn.
AT_TABLE = {"operate": 5, "reach": 3, "hand_over": 2, "lean": 0.8, "watch": 2}
FREE = {"stand": 2, "fold": 2, "carry": 1.5, "walk": 2.5, "bend": 0.5, "raise": 1.5, "type": 2, "talk": 2}
SEATED = {"sit": 2, "sit_type": 1}

_KEY_PERIOD = 0.9  # seconds from one key moment to the next


def choose_action(motion: int, actions: dict[str, float]) -> str:
    """The action that a pool number stands for among `actions`."""
    rng = member("motion", motion)
    weights = np.array(list(actions.values()), float)
    return str(rng.choice(list(actions), p=weights / weights.sum()))


def _sides(left: tuple[float, float, float], right: tuple[float, float, float]) -> Array:
    return np.array([left, right], float)


def _base(body: Body, rng: np.random.Generator) -> Key:
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
    key = _base(body, rng)
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
    key = _base(body, rng)
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
    key = _base(body, rng)
    key["hands"] = _sides((0.28, 0.1, 1.12), (0.3, -0.08, 1.14)) + rng.normal(0, 0.04, (2, 3))
    if rng.random() < 0.5:
        key["hands"] = _over_table(body, rng, table, 0.32, 0.42, 0.25)
    key["gaze"] = rng.normal([0.1, 0, 0], [0.3, 0.08, 0.5])
    return key


def _fold(body: Body, rng: np.random.Generator, _: float) -> Key:
    key = _base(body, rng)
    z = 0.66 * body.stature
    key["hands"] = _sides((0.2, -0.11, z), (0.24, 0.11, z - 0.05)) + rng.normal(0, 0.015, (2, 3))
    key["elbow_out"] = rng.uniform(0.5, 0.8, 2)
    return key


def _carry(body: Body, rng: np.random.Generator, _: float) -> Key:
    key = _base(body, rng)
    z = rng.uniform(0.55, 0.68) * body.stature
    key["hands"] = _sides((0.36, 0.16, z), (0.36, -0.16, z)) + rng.normal(0, 0.03, (2, 3))
    return key


def _bend(body: Body, rng: np.random.Generator, _: float) -> Key:
    key = _base(body, rng)
    key["bend"] = rng.normal([0.7, 0, 0], [0.2, 0.12, 0.2])
    key["tilt"] = rng.uniform(0.15, 0.45, 1)
    key["hands"] = _sides((0.55, 0.2, 0.6), (0.55, -0.15, 0.55)) + rng.normal(0, 0.12, (2, 3))
    key["crouch"] = rng.uniform(0, 0.15, 1)
    return key


def _raise(body: Body, rng: np.random.Generator, _: float) -> Key:
    """One hand up at a lamp handle, a screen or an infusion."""
    key = _base(body, rng)
    arm = rng.integers(2)
    key["hands"][arm] = (
        rng.uniform(0.25, 0.5),
        (1 - 2 * arm) * rng.uniform(0, 0.35),
        rng.uniform(0.8, 1.08) * body.stature,
    )
    key["gaze"][0] = rng.uniform(-0.5, 0.0)
    return key


def _type(body: Body, rng: np.random.Generator, _: float) -> Key:
    key = _base(body, rng)
    key["hands"] = _sides((0.42, 0.12, 1.05), (0.42, -0.12, 1.05)) + rng.normal(0, 0.04, (2, 3))
    key["gaze"] = rng.normal([0.25, 0, 0], [0.15, 0.05, 0.25])
    key["palm"] = rng.normal(0, 0.2, 2)
    return key


def _talk(body: Body, rng: np.random.Generator, _: float) -> Key:
    key = _base(body, rng)
    for arm in range(2):
        if rng.random() < 0.6:
            key["hands"][arm] = (rng.uniform(0.15, 0.42), (1 - 2 * arm) * rng.uniform(0.1, 0.4), rng.uniform(0.9, 1.3))
    key["gaze"][2] = rng.normal(0, 0.6)
    return key


def _sit(body: Body, rng: np.random.Generator, _: float) -> Key:
    key = _base(body, rng)
    key["hands"] = _sides((0.35, 0.12, 0.75), (0.35, -0.12, 0.75)) + rng.normal(0, 0.06, (2, 3))
    key["bend"][0] = rng.uniform(0.05, 0.4)
    return key


def _sit_type(body: Body, rng: np.random.Generator, table: float) -> Key:
    key = _sit(body, rng, table)
    key["hands"][:, 0] += 0.12
    key["hands"][:, 2] += 0.12
    return key


_KEYS: dict[str, KeyMaker] = {
    "operate": _operate,
    "reach": _reach,
    "hand_over": _hand_over,
    "lean": _lean,
    "watch": _watch,
    "stand": lambda body, rng, _: _base(body, rng),
    "fold": _fold,
    "carry": _carry,
    "bend": _bend,
    "raise": _raise,
    "type": _type,
    "talk": _talk,
    "sit": _sit,
    "sit_type": _sit_type,
}

STOOL_HEIGHT = 0.52


def perform(action: str, motion: int, body: Body, times: Array, table: float = 0.9) -> Motion:
    """A body doing an action at moments `times` (f,) in seconds, in the frame of its place, facing +x.

    Args:
        action: a key of `AT_TABLE`, `FREE` or `SEATED`.
        motion: pool number; decides stance, key moments and speed.
        body: who does it.
        times: ascending, from 0.
        table: height of the surface worked at, metres.
    """
    rng = member("motion", motion)
    rng.random(8)  # leave the stream of `choose_action` behind
    if action == "walk":
        return solve(body, _walk(body, rng, times))
    return solve(body, _stance(action, body, rng, times, table))


def _stance(action: str, body: Body, rng: np.random.Generator, times: Array, table: float) -> Posture:
    maker = _KEYS[action]
    count = int(np.ceil(times[-1] / _KEY_PERIOD)) + 2
    keys = [maker(body, rng, table) for _ in range(count)]
    start = rng.uniform(0, 1)
    place = times / _KEY_PERIOD + start
    before = np.minimum(place.astype(int), count - 2)
    t = np.clip(place - before, 0, 1)
    ease = t * t * (3 - 2 * t)

    def over(name: str) -> Array:
        values = np.stack([key[name] for key in keys])
        weight = ease.reshape(-1, *([1] * (values.ndim - 1)))
        return values[before] * (1 - weight) + values[before + 1] * weight

    frames = len(times)
    width = rng.uniform(0.09, 0.17)
    stagger = rng.normal(0, 0.05)
    feet = np.array([[stagger, width, 0], [-stagger, -width, 0]])
    seat = np.full(frames, np.nan)
    if action in SEATED:
        seat[:] = STOOL_HEIGHT + 0.08
        feet[:, 0] += rng.uniform(0.32, 0.45)
        feet[:, 1] *= 1.4
    sway = over("sway")
    lean = over("bend")[:, 0] + 1.5 * over("tilt")[:, 0]
    sway[:, 0] -= 0.16 * np.maximum(lean, 0)  # the hips go back as the trunk goes forward
    return Posture(
        sway=sway,
        turn=over("turn")[:, 0],
        tilt=over("tilt")[:, 0],
        bend=over("bend"),
        gaze=over("gaze"),
        hands=over("hands"),
        elbow_out=over("elbow_out"),
        palm=over("palm"),
        feet=np.tile(feet, (frames, 1, 1)),
        toes_out=np.tile(np.abs(rng.normal(0.15, 0.1, 2)), (frames, 1)),
        seat=seat,
        crouch=over("crouch")[:, 0],
    )


def _walk(body: Body, rng: np.random.Generator, times: Array) -> Posture:
    """Along +x through the place, which is reached half-way; stance feet do not slide."""
    speed = rng.uniform(0.5, 1.1)
    step = rng.uniform(0.3, 0.38) * body.leg * (0.7 + 0.5 * speed)
    cycle = 2 * step / speed  # seconds of two steps
    x = speed * (times - times[-1] / 2)
    phase = times / cycle + rng.random()
    feet = np.zeros((len(times), 2, 3))
    hands = np.zeros((len(times), 2, 3))
    for s, sign in enumerate((1, -1)):
        p = (phase + 0.5 * s) % 1.0
        stance = p < 0.6  # 60 % of a cycle on the ground, moving back relative to the pelvis at walking speed
        swing = np.clip((p - 0.6) / 0.4, 0, 1)
        back = 0.3 * speed * cycle
        feet[:, s, 0] = x + np.where(
            stance, back - p * speed * cycle, -back + swing * swing * (3 - 2 * swing) * 2 * back
        )
        feet[:, s, 1] = sign * 0.075
        feet[:, s, 2] = np.where(stance, 0, 0.07 * np.sin(np.pi * swing))
        swinging = 0.2 * speed * np.cos(2 * np.pi * p + np.pi)
        hands[:, s] = np.stack(
            [
                x + 0.06 + swinging,
                np.full_like(x, sign * 0.17 * body.stature),
                0.47 * body.stature + 0.15 * swinging**2,
            ],
            -1,
        )
    if rng.random() < 0.4:  # carrying something, or pushing a trolley
        hands = np.stack(
            [np.stack([x + 0.35, np.full_like(x, 0.16 * sign), np.full_like(x, 1.03)], -1) for sign in (1, -1)], 1
        )
    base = _base(body, rng)
    frames = len(times)

    def hold(name: str) -> Array:
        return np.tile(base[name], (frames, 1))

    return Posture(
        sway=np.stack([x, 0.015 * np.sin(2 * np.pi * phase)], -1),
        turn=0.08 * np.sin(2 * np.pi * phase),
        tilt=hold("tilt")[:, 0],
        bend=hold("bend"),
        gaze=hold("gaze"),
        hands=hands,
        elbow_out=hold("elbow_out"),
        palm=hold("palm"),
        feet=feet,
        toes_out=np.full((frames, 2), 0.1),
        seat=np.full(frames, np.nan),
        crouch=np.full(frames, 0.015),
    )
