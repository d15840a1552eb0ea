"""What people do, in an operating room and elsewhere, as short continuous sequences.

A motion is a walk, or a stance held while hands, trunk and gaze go from one key moment to the next. The pool number
of a motion decides it; table height and the person's size only scale it.
"""

import numpy as np
from numpy.typing import NDArray

from orpose_models.lab.simulation.keyposes import KEYS, at_ease
from orpose_models.lab.simulation.mannequins import Body
from orpose_models.lab.simulation.posing import Motion, Posture, solve
from orpose_models.lab.simulation.splits import member

Array = NDArray[np.float64]

# Actions at a table or trolley, and away from one, with how often each is drawn.
AT_TABLE: dict[str, float] = {"operate": 5, "reach": 3, "hand_over": 2, "lean": 0.8, "watch": 2}
FREE: dict[str, float] = {
    "stand": 2,
    "fold": 2,
    "carry": 1.5,
    "walk": 2.5,
    "bend": 0.5,
    "raise": 1.5,
    "type": 2,
    "talk": 2,
}
SEATED: dict[str, float] = {"sit": 2, "sit_type": 1}
# In everyday scenes.
EVERYDAY: dict[str, float] = {
    "stand": 3,
    "walk": 4,
    "talk": 3,
    "wave": 1.5,
    "phone": 1.5,
    "hips": 1.5,
    "point": 1,
    "stretch": 0.8,
    "fold": 1,
    "carry": 1,
    "bend": 0.6,
    "squat": 0.4,
}
EVERYDAY_SEATED: dict[str, float] = {"sit": 2, "sit_talk": 2, "sit_phone": 1}

_KEY_PERIOD = 0.9  # seconds from one key moment to the next


def choose_action(motion: int, actions: dict[str, float]) -> str:
    """The action that a pool number stands for among `actions`."""
    rng = member("motion", motion)
    weights = np.array(list(actions.values()), float)
    return str(rng.choice(list(actions), p=weights / weights.sum()))


STOOL_HEIGHT = 0.52


def perform(action: str, motion: int, body: Body, times: Array, table: float = 0.9) -> Motion:
    """A body doing an action at moments `times` (f,) in seconds, in the frame of its place, facing +x.

    Args:
        action: a key of one of the dictionaries of actions above.
        motion: pool number; decides stance, key moments and speed.
        body: who does it.
        times: ascending, from 0.
        table: height of the surface worked at, metres.
    """
    rng = member("motion", motion)
    rng.random(8)  # leave the stream of `choose_action` behind
    if action == "walk":
        return solve(body, walk(body, rng, times))
    return solve(body, stance(action, body, rng, times, table))


def stance(action: str, body: Body, rng: np.random.Generator, times: Array, table: float) -> Posture:
    maker = KEYS[action]
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
    if action in SEATED or action in EVERYDAY_SEATED:
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


def walk(body: Body, rng: np.random.Generator, times: Array) -> Posture:
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
    base = at_ease(body, rng)
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
