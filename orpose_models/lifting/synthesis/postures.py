"""Postures of operating-room staff: standing, leaning, stepping or sitting, with arms that work, rest or reach.

Arms are placed by inverse kinematics from where the hands are, which is what the work in an
operating room prescribes; a share of random arms within the joints' limits keeps the rest possible.
"""

from dataclasses import dataclass

import numpy as np

from orpose_models.lifting.synthesis.kinematics import Array, align, forward, reach, rotate, rotation, unit
from orpose_models.lifting.synthesis.synthetic_bodies import JOINTS, PARENTS, Bodies, joint

# What both arms do; and how often.
_ARM_TASKS = {"work": 0.40, "each": 0.42, "random": 0.18}
# Where a single hand is when the arms are not at work together: (share, low, high) with the corners of a
# box relative to the shoulder, metres for an average body: outwards, up, forwards.
_HAND_PLACES = (
    (0.34, (-0.30, -0.52, 0.18), (0.15, -0.12, 0.60)),  # at the table, on an instrument or a keyboard
    (0.24, (-0.02, -0.62, -0.12), (0.18, -0.46, 0.20)),  # hanging
    (0.10, (-0.34, -0.34, 0.12), (-0.12, -0.16, 0.26)),  # folded, or holding the other arm
    (0.14, (-0.22, -0.40, 0.14), (-0.02, 0.00, 0.34)),  # kept sterile in front of the chest
    (0.07, (-0.05, -0.50, -0.15), (0.16, -0.34, 0.12)),  # on the hip or at the belt
    (0.03, (-0.25, -0.55, -0.25), (-0.05, -0.40, -0.12)),  # behind the back
    (0.08, (-0.30, -0.10, 0.00), (0.40, 0.45, 0.50)),  # raised: to a lamp, a screen, the face
)
_SITTING = 0.07
_STEPPING = 0.25


@dataclass(frozen=True, eq=False)
class Postures:
    """Figures with the pelvis at the origin; x to the figure's left before it turns, y up, z forward; metres.

    Attributes:
        joints: (n, 22, 3) positions, SMPL-X order.
        rotations: (n, 22, 3, 3) of each joint from the rest pose, in the figure's axes (not relative to the parent).
        floor: (n,) height of the floor, below the lower foot; for a sitting figure too.
    """

    joints: Array
    rotations: Array
    floor: Array

    def __len__(self) -> int:
        return len(self.joints)


def sample_postures(bodies: Bodies, rng: np.random.Generator) -> Postures:
    """One random posture for each body."""
    n = len(bodies)
    rotations = np.broadcast_to(np.eye(3), (n, len(JOINTS), 3, 3)).copy()
    _trunk(rotations, rng)
    _legs(bodies, rotations, rng)
    positions = forward(bodies.offsets, PARENTS, rotations)
    _arms(bodies, rotations, positions, rng)
    positions = forward(bodies.offsets, PARENTS, rotations)
    sole = positions[:, [joint("left_ankle"), joint("right_ankle")], 1].min(axis=1) - 0.08
    toe = positions[:, [joint("left_foot"), joint("right_foot")], 1].min(axis=1) - 0.02
    return Postures(positions, rotations, np.minimum(sole, toe))


def _trunk(rotations: Array, rng: np.random.Generator) -> None:
    """Lean forward (half from the hips, half in the back), twist and bend; turn the head."""
    n = len(rotations)
    lean = np.abs(rng.normal(0, 0.32, n)) * (rng.random(n) < 0.75)
    share = rng.uniform(0.25, 0.75, n)
    pelvis = (
        rotation(1, rng.normal(0, 0.10, n))
        @ rotation(0, lean * share + rng.normal(0, 0.06, n))
        @ rotation(2, rng.normal(0, 0.06, n))
    )
    back = (lean * (1 - share) + rng.normal(0, 0.08, n), rng.normal(0, 0.24, n), rng.normal(0, 0.12, n))
    step = rotation(1, back[1] / 3) @ rotation(0, back[0] / 3) @ rotation(2, back[2] / 3)
    turned = pelvis
    rotations[:, joint("pelvis")] = turned
    for name in ("spine1", "spine2", "spine3"):
        turned = turned @ step
        rotations[:, joint(name)] = turned
    nod = np.abs(rng.normal(0, 0.35, n)) - 0.05
    yaw, tilt = rng.normal(0, 0.40, n), rng.normal(0, 0.12, n)
    half = rotation(1, yaw / 2) @ rotation(0, nod / 2) @ rotation(2, tilt / 2)
    rotations[:, joint("neck")] = turned @ half
    rotations[:, joint("head")] = turned @ half @ half
    for side, sign in (("left", 1), ("right", -1)):
        shrug, protract = rng.normal(0.02, 0.10, n), rng.normal(0.05, 0.12, n)
        rotations[:, joint(f"{side}_collar")] = turned @ rotation(1, -sign * protract) @ rotation(2, sign * shrug)


def _legs(bodies: Bodies, rotations: Array, rng: np.random.Generator) -> None:
    """Stand with the feet below the hips, step, or sit. A standing leg does not follow the trunk's lean."""
    n = len(bodies)
    sitting = rng.random(n) < _SITTING
    stride = rng.normal(0, 0.25, n) * (rng.random(n) < _STEPPING)
    heading = rotation(1, np.arctan2(rotations[:, 0, 0, 2], rotations[:, 0, 2, 2]))
    for side, sign in (("left", 1), ("right", -1)):
        hip, knee, ankle = (joint(f"{side}_{name}") for name in ("hip", "knee", "ankle"))
        raise_ = np.where(sitting, rng.normal(1.4, 0.15, n), rng.normal(0.03, 0.13, n) + sign * stride)
        flex = np.where(sitting, rng.normal(1.4, 0.25, n), np.abs(rng.normal(0, 0.18, n)) + 0.4 * np.maximum(raise_, 0))
        spread = np.where(sitting, rng.normal(0.15, 0.12, n), rng.normal(0.05, 0.06, n))
        turn = heading @ rotation(1, sign * np.abs(rng.normal(0.10, 0.15, n)))
        down = np.tile([0.0, -1.0, 0.0], (n, 1))
        thigh = rotate(turn @ rotation(2, sign * spread) @ rotation(0, -raise_), down)
        shin = rotate(turn @ rotation(2, sign * spread * 0.5) @ rotation(0, flex - raise_), down)
        hinge = turn[:, :, 0]
        rest_hinge = np.tile([1.0, 0.0, 0.0], (n, 1))
        rotations[:, hip] = align(bodies.offsets[:, knee], rest_hinge, thigh, hinge)
        rotations[:, knee] = align(bodies.offsets[:, ankle], rest_hinge, shin, hinge)
        rotations[:, ankle] = rotations[:, joint(f"{side}_foot")] = turn


def _arms(bodies: Bodies, rotations: Array, positions: Array, rng: np.random.Generator) -> None:
    n = len(bodies)
    chest = rotations[:, joint("spine3")]
    # Hands keep to the level table for most people and to their own chest for the others.
    level = rotation(1, np.arctan2(chest[:, 0, 2], chest[:, 2, 2]))
    axes = np.where((rng.random(n) < 0.6)[:, None, None], level, chest)
    shoulders = {side: positions[:, joint(f"{side}_shoulder")] for side in ("left", "right")}
    size = np.linalg.norm(shoulders["left"] - shoulders["right"], axis=-1)[:, None] / 0.32
    task = rng.choice(len(_ARM_TASKS), size=n, p=list(_ARM_TASKS.values()))[:, None]
    middle = (shoulders["left"] + shoulders["right"]) / 2
    field = np.stack([rng.normal(0, 0.12, n), rng.uniform(-0.55, -0.08, n), rng.uniform(0.18, 0.55, n)], axis=1)
    apart = rng.gamma(2.0, 0.06, n)
    for side, sign in (("left", 1), ("right", -1)):
        shoulder, elbow, wrist = (joint(f"{side}_{name}") for name in ("shoulder", "elbow", "wrist"))
        upper = np.linalg.norm(bodies.offsets[:, elbow], axis=-1)
        lower = np.linalg.norm(bodies.offsets[:, wrist], axis=-1)
        hand = field + rng.normal(0, 0.05, (n, 3))
        hand[:, 0] += sign * apart
        together = middle + rotate(axes, hand * size)
        alone = shoulders[side] + rotate(axes, _place(n, sign, rng) * size)
        pole = np.stack(
            [sign * rng.uniform(0.1, 1.0, n), -rng.uniform(0.3, 1.0, n), -rng.uniform(-0.1, 0.8, n)], axis=1
        )
        target = np.where(task == 0, together, alone)
        bent, end = reach(shoulders[side], target, upper, lower, rotate(axes, pole))
        bent_random, end_random = _random_arm(shoulders[side], upper, lower, chest, sign, rng)
        bent, end = np.where(task == 2, bent_random, bent), np.where(task == 2, end_random, end)
        first, second = bent - shoulders[side], end - bent
        # The elbow folds the forearm towards the front of the outstretched arm.
        hinge = np.cross(first, second)
        straight = np.linalg.norm(hinge, axis=-1, keepdims=True) < 1e-6
        hinge = np.where(straight, rotate(axes, np.tile([1.0, 0.0, 0.0], (n, 1))), hinge)
        rest_hinge = np.tile([0.0, -float(sign), 0.0], (n, 1))
        rotations[:, shoulder] = align(bodies.offsets[:, elbow], rest_hinge, first, hinge)
        rotations[:, elbow] = rotations[:, wrist] = align(bodies.offsets[:, wrist], rest_hinge, second, hinge)


def _place(n: int, sign: int, rng: np.random.Generator) -> Array:
    """(n, 3) hand positions relative to the shoulder, in chest axes."""
    shares = np.array([share for share, _, _ in _HAND_PLACES])
    choice = rng.choice(len(shares), size=n, p=shares / shares.sum())
    low = np.array([low for _, low, _ in _HAND_PLACES])[choice]
    high = np.array([high for _, _, high in _HAND_PLACES])[choice]
    place = rng.uniform(low, high) + rng.normal(0, 0.03, (n, 3))
    place[:, 0] *= sign
    return place


def _random_arm(
    shoulder: Array, upper: Array, lower: Array, chest: Array, sign: int, rng: np.random.Generator
) -> tuple[Array, Array]:
    """Elbow and wrist (n, 3) of arms anywhere within the limits of the joints."""
    n = len(shoulder)
    down = np.tile([0.0, -1.0, 0.0], (n, 1))
    raised, abducted = rng.uniform(-0.4, 1.9, n), np.abs(rng.normal(0, 0.6, n))
    twist = rng.normal(-0.3 * sign, 0.6, n)
    turned = chest @ rotation(2, sign * abducted) @ rotation(0, -raised) @ rotation(1, twist)
    elbow = shoulder + rotate(turned, down) * upper[:, None]
    flexed = rng.beta(1.3, 1.5, n) * 2.4
    forearm = unit(rotate(turned @ rotation(0, -flexed), down))
    return elbow, elbow + forearm * lower[:, None]
