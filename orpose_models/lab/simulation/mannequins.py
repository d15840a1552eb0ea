"""Bodies: bones, girths and hands of a mannequin-x figure, and where its joints are.

Body frame: x forward, y to the person's left, z up, metres (REP 103); the rest pose has the arms stretched out
sideways. The ten shape coefficients follow SMPL-X.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from orpose_models.lab.simulation.geometry import Mesh, point_normals
from orpose_models.lab.simulation.splits import member
from orpose_models.vocabulary.installing import needed_for
from orpose_models.vocabulary.skeletons import SMPLX22, SMPLX22_PARENTS

Array = NDArray[np.float64]

JOINTS, PARENTS = SMPLX22.joints, SMPLX22_PARENTS
J = {name: index for index, name in enumerate(JOINTS)}
_MIRROR = list(SMPLX22.flip)
# The figure's axes are x left, y up, z forward.
_TO_BODY = np.array([[0, 0, 1.0], [1, 0, 0], [0, 1, 0]])


@dataclass(frozen=True, eq=False)
class Body:
    """One person's build.

    Attributes:
        number: pool number of the body.
        rest: (22, 3) joint positions of the rest pose, pelvis at the origin.
        stature: height in metres, soles to crown.
        ankle_height: height of the ankle joint above the sole.
        head_size: (3,) depth, width and height of the head from chin to crown.
        girth: a factor on all radii, about 1: how stout the person is.
        hands: left and right hand, each a mesh relative to its wrist in rest orientation.
    """

    number: int
    rest: Array
    stature: float
    ankle_height: float
    head_size: Array
    girth: float
    hands: tuple[Mesh, Mesh]

    def bone(self, joint: str) -> Array:
        """Rest vector (3,) from a joint's parent to it."""
        index = J[joint]
        return self.rest[index] - self.rest[PARENTS[index]]

    def length(self, joint: str) -> float:
        """Length of the bone that ends in `joint`."""
        return float(np.linalg.norm(self.bone(joint)))

    @property
    def leg(self) -> float:
        """Hip to sole, upright."""
        return self.length("left_knee") + self.length("left_ankle") + self.ankle_height


def _figure(shape: NDArray[np.float32]):  # type: ignore[no-untyped-def]  # mannequin is imported late
    with needed_for("simulation", "lab"):
        from mannequin import Mannequin
    return Mannequin("wooden", shape=shape)


def _hand(points: Array, faces: NDArray, wrist: Array, forearm: Array) -> Mesh:
    """The part of the figure beyond a wrist, relative to it."""
    beyond = (points - wrist) @ forearm > 0.0
    near = np.linalg.norm(points - wrist, axis=1) < 0.26
    chosen = faces[(beyond & near)[faces].all(axis=1)]
    used, index = np.unique(chosen, return_inverse=True)
    local, tris = points[used] - wrist, index.reshape(-1, 3)
    return Mesh.build(local, tris, point_normals(local, tris), (255, 255, 255))


@lru_cache(maxsize=64)
def load_body(number: int) -> Body:
    """The body of a pool number; the same number gives the same body.

    Raises:
        OrposeError: mannequin-x is not installed.
    """
    rng = member("body", number)
    female = rng.random() < 0.5
    figure = _figure(rng.normal(0, 1.0, 10).astype(np.float32))
    pose = figure.rest_pose()
    pose["hand_pose"] = pose["hand_pose"] + rng.normal(0, 0.08, pose["hand_pose"].shape).astype(np.float32)
    rest = np.asarray(figure.joint_transforms(pose), np.float64)[: len(JOINTS), :3, 3] @ _TO_BODY.T
    points = np.asarray(figure.vertices(pose), np.float64) @ _TO_BODY.T
    faces = np.asarray(figure.faces)
    stature = float(np.clip(rng.normal(1.66 if female else 1.78, 0.07), 1.50, 2.0))
    scale = stature / float(np.ptp(points[:, 2]))
    points, rest = points * scale, rest * scale
    hands = []
    for side in ("left", "right"):
        wrist = rest[J[f"{side}_wrist"]]
        forearm = wrist - rest[J[f"{side}_elbow"]]
        hands.append(_hand(points, faces, wrist, forearm / np.linalg.norm(forearm)))
    floor = points[:, 2].min()
    rest = (rest + (rest * [1, -1, 1])[_MIRROR]) / 2
    head_size = np.array([0.193, 0.153, 0.232]) * (stature / 1.72) ** 0.5 * rng.normal(1, 0.025, 3)
    return Body(
        number,
        rest - rest[0],
        stature,
        float(np.clip(rest[J["left_ankle"], 2] - floor, 0.07, 0.11)),
        head_size,
        float(np.clip(rng.normal(1.0, 0.09), 0.82, 1.25)),
        (hands[0], hands[1]),
    )


# Head landmarks in head sizes (depth, width, height) from the centre of the skull; the surface points are where an
# annotator would click.
HEAD_CENTRE_ABOVE_JOINT = 0.18
FACE_POINTS = {
    "nose": (0.645, 0.0, -0.085),
    "left_eye": (0.475, 0.205, 0.065),
    "right_eye": (0.475, -0.205, 0.065),
    "left_ear": (-0.03, 0.53, -0.01),
    "right_ear": (-0.03, -0.53, -0.01),
}


def head_centre(body: Body) -> Array:
    """Centre of the head (3,) relative to the head joint, rest orientation."""
    return np.array([0.012, 0, HEAD_CENTRE_ABOVE_JOINT * body.head_size[2]])


def coco_joints(body: Body, positions: Array, rotations: Array) -> Array:
    """COCO-17 keypoints (..., 17, 3) of posed joints (..., 22, 3) and their rotations (..., 22, 3, 3).

    Elbows, wrists, knees and ankles are the figure's joints. Annotators click the shoulder on its top and
    outer side, 3.5 cm above and 1.5 cm outside the centre of the joint, and the hip beside the crease of
    the groin, higher and wider than the ball of the femur: 2 cm up and 0.068 of the stature from the body's
    middle. Eyes, ears and nose lie on the surface of the face.
    """
    out = np.empty((*positions.shape[:-2], 17, 3))
    head, turn = positions[..., J["head"], :], rotations[..., J["head"], :, :]
    for k, point in enumerate(FACE_POINTS.values()):
        out[..., k, :] = head + turn @ (head_centre(body) + np.array(point) * body.head_size)
    limbs = ("shoulder", "elbow", "wrist", "hip", "knee", "ankle")
    for i, limb in enumerate(limbs):
        for s, side in enumerate(("left", "right")):
            out[..., 5 + 2 * i + s, :] = positions[..., J[f"{side}_{limb}"], :]
    for s, sign in enumerate((1, -1)):
        out[..., 5 + s, :] += rotations[..., J["spine3"], :, :] @ np.array([0.0, 0.015 * sign, 0.035])
    middle = out[..., 11:13, :].mean(axis=-2)
    for s, sign in enumerate((1, -1)):
        offset = np.array([0.0, sign * 0.068 * body.stature, 0.02])
        out[..., 11 + s, :] = middle + rotations[..., 0, :, :] @ offset
    return out
