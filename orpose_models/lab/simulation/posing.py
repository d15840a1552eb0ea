"""From a few numbers that say what a person does to all joints: a spine, arms and legs by inverse kinematics.

Feet are put where they are asked to be, flat on the floor; the pelvis goes as high as the legs allow.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from orpose_models.lab.simulation.geometry import rotation_z
from orpose_models.lab.simulation.mannequins import JOINTS, PARENTS, Body, J

Array = NDArray[np.float64]

_SIDES = ("left", "right")
_REACH = 0.985  # of the straight limb: knees and elbows are never quite locked


@dataclass
class Posture:
    """What a person does over f moments, in the frame of the place they stand at (x forward, y left, z up; metres).

    Attributes:
        sway: (f, 2) pelvis in the plane, relative to the place.
        turn: (f,) yaw of the pelvis, rad.
        tilt: (f,) pelvis pitched forward, rad.
        bend: (f, 3) spine: forward, sideways (to the left), turn (to the left), rad, shared by three vertebrae.
        gaze: (f, 3) neck and head together: down, sideways, turn to the left, rad.
        hands: (f, 2, 3) wrist targets of left and right.
        elbow_out: (f, 2) rad; 0 lets the elbow hang, positive lifts it sideways.
        palm: (f, 2) forearm twist, rad.
        feet: (f, 2, 3) sole targets of left and right; z > 0 for a lifted foot.
        toes_out: (f, 2) rad.
        seat: (f,) height of the pelvis joint above the floor for somebody seated; NaN for standing.
        crouch: (f,) metres the pelvis is lower than straight legs would hold it.
    """

    sway: Array
    turn: Array
    tilt: Array
    bend: Array
    gaze: Array
    hands: Array
    elbow_out: Array
    palm: Array
    feet: Array
    toes_out: Array
    seat: Array
    crouch: Array


@dataclass(frozen=True, eq=False)
class Motion:
    """Joints of one person over f moments, in the world frame.

    Attributes:
        positions: (f, 22, 3) metres.
        rotations: (f, 22, 3, 3), from the rest pose's axes to the world's.
    """

    positions: Array
    rotations: Array

    def placed(self, x: float, y: float, yaw: float, z: float = 0.0) -> "Motion":
        """Moved to a place in the room."""
        turn = rotation_z(yaw)
        return Motion(self.positions @ turn.T + [x, y, z], turn @ self.rotations)


def _axis_rotation(axis: int, angle: Array) -> Array:
    c, s = np.cos(angle), np.sin(angle)
    out = np.zeros((*angle.shape, 3, 3))
    i, j = ((1, 2), (2, 0), (0, 1))[axis]
    out[..., axis, axis] = 1
    out[..., i, i] = out[..., j, j] = c
    out[..., i, j], out[..., j, i] = -s, s
    return out


def _turns(down: Array, side: Array, twist: Array) -> Array:
    """Forward about y, to the left about -x, twist about z."""
    return _axis_rotation(2, twist) @ _axis_rotation(1, down) @ _axis_rotation(0, -side)


def _unit(vectors: Array) -> Array:
    return vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-9)


def _limb_frame(direction: Array, hinge: Array) -> Array:
    """Rotations (..., 3, 3) whose first axis is the bone, whose second is the hinge made perpendicular to it."""
    x = _unit(direction)
    y = _unit(hinge - (hinge * x).sum(-1, keepdims=True) * x)
    return np.stack([x, y, np.cross(x, y)], axis=-1)


def _two_bones(start: Array, target: Array, upper: float, lower: float, pole: Array) -> tuple[Array, Array, Array]:
    """Middle joint, end joint and hinge axis (f, 3) of a limb that reaches for `target`, bent towards `pole`."""
    gap = target - start
    distance = np.linalg.norm(gap, axis=-1, keepdims=True)
    shortest = abs(upper - lower) + 0.25 * min(upper, lower)
    reach = np.clip(distance, shortest, _REACH * (upper + lower))
    along = gap / np.maximum(distance, 1e-9)
    end = start + along * reach
    a = (upper**2 - lower**2 + reach**2) / (2 * reach)
    out = _unit(pole - (pole * along).sum(-1, keepdims=True) * along)
    middle = start + along * a + out * np.sqrt(np.maximum(upper**2 - a**2, 1e-8))
    hinge = np.cross(middle - start, end - middle)
    return middle, end, _unit(hinge)


def _bone_rotation(rest: Array, rest_hinge: Array, direction: Array, hinge: Array) -> Array:
    return _limb_frame(direction, hinge) @ _limb_frame(rest, rest_hinge).T


def solve(body: Body, posture: Posture) -> Motion:
    """All joints of a body in a posture, in the frame of the place."""
    frames = len(posture.turn)
    rotations = np.tile(np.eye(3), (frames, len(JOINTS), 1, 1))
    positions = np.zeros((frames, len(JOINTS), 3))
    pelvis_turn = _axis_rotation(2, posture.turn) @ _axis_rotation(1, posture.tilt)
    rotations[:, J["pelvis"]] = pelvis_turn
    hips = {side: (pelvis_turn @ body.bone(f"{side}_hip")) for side in _SIDES}
    pelvis = np.concatenate([posture.sway, _pelvis_height(body, posture, hips)[:, None]], axis=1)
    positions[:, 0] = pelvis

    share = _turns(*(posture.bend[:, k] / 3 for k in range(3)))
    turn = pelvis_turn
    for joint in ("spine1", "spine2", "spine3"):
        positions[:, J[joint]] = positions[:, PARENTS[J[joint]]] + turn @ body.bone(joint)
        turn = turn @ share
        rotations[:, J[joint]] = turn
    half = _turns(*(posture.gaze[:, k] / 2 for k in range(3)))
    for joint in ("neck", "head"):
        positions[:, J[joint]] = positions[:, PARENTS[J[joint]]] + turn @ body.bone(joint)
        turn = turn @ half
        rotations[:, J[joint]] = turn

    for s, side in enumerate(_SIDES):
        _solve_arm(body, posture, positions, rotations, side, s)
        _solve_leg(body, posture, positions, rotations, side, s, hips[side])
    return Motion(positions, rotations)


def _pelvis_height(body: Body, posture: Posture, hips: dict[str, Array]) -> Array:
    """Highest pelvis (f,) from which both feet are reached."""
    reach = _REACH * (body.length("left_knee") + body.length("left_ankle"))
    heights = []
    for s, side in enumerate(_SIDES):
        hip = posture.sway + hips[side][:, :2]
        apart = np.linalg.norm(posture.feet[:, s, :2] - hip, axis=-1)
        up = np.sqrt(np.maximum(reach**2 - apart**2, (0.3 * reach) ** 2))
        heights.append(posture.feet[:, s, 2] + body.ankle_height + up - hips[side][:, 2])
    standing = np.min(heights, axis=0) - posture.crouch
    return np.where(np.isnan(posture.seat), standing, np.minimum(posture.seat, standing))


def _solve_arm(body: Body, posture: Posture, positions: Array, rotations: Array, side: str, s: int) -> None:
    sign = 1 - 2 * s
    chest = rotations[:, J["spine3"]]
    collar, shoulder, elbow, wrist = (J[f"{side}_{part}"] for part in ("collar", "shoulder", "elbow", "wrist"))
    positions[:, collar] = positions[:, J["spine3"]] + chest @ body.bone(f"{side}_collar")
    rotations[:, collar] = chest
    positions[:, shoulder] = positions[:, collar] + chest @ body.bone(f"{side}_shoulder")
    out = posture.elbow_out[:, s]
    # The elbow hangs down and back, and opens to the side.
    local = np.stack([-0.45 * np.cos(out), sign * np.sin(out), -np.cos(out)], axis=-1)
    pole = (chest @ local[..., None])[..., 0]
    middle, end, hinge = _two_bones(
        positions[:, shoulder],
        posture.hands[:, s],
        body.length(f"{side}_elbow"),
        body.length(f"{side}_wrist"),
        pole,
    )
    positions[:, elbow], positions[:, wrist] = middle, end
    rest_hinge = np.array([0, 0, -sign], float)
    rotations[:, shoulder] = _bone_rotation(
        body.bone(f"{side}_elbow"), rest_hinge, middle - positions[:, shoulder], hinge
    )
    forearm = body.bone(f"{side}_wrist")
    rotations[:, elbow] = _bone_rotation(forearm, rest_hinge, end - middle, hinge)
    twisted = _axis_rotation(1, posture.palm[:, s])  # the rest forearm lies along y
    rotations[:, wrist] = rotations[:, elbow] @ twisted


def _solve_leg(
    body: Body, posture: Posture, positions: Array, rotations: Array, side: str, s: int, hip_offset: Array
) -> None:
    sign = 1 - 2 * s
    hip, knee, ankle, foot = (J[f"{side}_{part}"] for part in ("hip", "knee", "ankle", "foot"))
    positions[:, hip] = positions[:, 0] + hip_offset
    toe_yaw = posture.turn + sign * posture.toes_out[:, s]
    forward = np.stack([np.cos(toe_yaw), np.sin(toe_yaw), np.zeros_like(toe_yaw)], axis=-1)
    target = posture.feet[:, s] + [0, 0, body.ankle_height]
    middle, end, hinge = _two_bones(
        positions[:, hip], target, body.length(f"{side}_knee"), body.length(f"{side}_ankle"), forward
    )
    positions[:, knee], positions[:, ankle] = middle, end
    rest_hinge = np.array([0, 1.0, 0])
    rotations[:, hip] = _bone_rotation(body.bone(f"{side}_knee"), rest_hinge, middle - positions[:, hip], hinge)
    rotations[:, knee] = _bone_rotation(body.bone(f"{side}_ankle"), rest_hinge, end - middle, hinge)
    rotations[:, ankle] = rotations[:, foot] = _axis_rotation(2, toe_yaw)
    positions[:, foot] = end + rotations[:, ankle] @ body.bone(f"{side}_foot")
