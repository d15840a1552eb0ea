"""What detectors and lifters call joints, on the figure: COCO-17 landmarks and Human3.6M-17 targets.

People who annotate images do not mark the joint centres that a kinematic figure has: a "hip" is
marked on the clothed body, wider than the joint centres (0.12 m apart in SMPL-X) and above them.
"""

from dataclasses import dataclass

import numpy as np

from orpose_models.lifting.synthesis.kinematics import Array, rotate
from orpose_models.lifting.synthesis.postures import Postures
from orpose_models.lifting.synthesis.synthetic_bodies import joint
from orpose_models.vocabulary.skeletons import COCO17, COCO17_TO_H36M17

# Positions on the head relative to its joint (the base of the skull), in the head's axes, metres.
_FACE = {
    "nose": (0.0, 0.055, 0.120),
    "left_eye": (0.032, 0.085, 0.098),
    "right_eye": (-0.032, 0.085, 0.098),
    "left_ear": (0.075, 0.060, 0.010),
    "right_ear": (-0.075, 0.060, 0.010),
}
_AVERAGE_HEAD = 0.16  # neck to head joint, metres


@dataclass(frozen=True)
class Definition:
    """Where hips and shoulders lie, relative to the figure's joint centres.

    The default lies half-way between two definitions that truths in use have. Detectors trained on COCO put hips about
    0.20 m apart and 7 % of the trunk above the joint centres (see `samples.DETECTED`). Annotators of clothed people
    mark the pelvis where it can be made out, at its front upper corners. These lie 0.075 m above the hip joints
    (30 % of the distance between them; Bell et al. 1990), thus 0.41 m below the shoulders of an adult 1.69 m tall,
    whose trunk is 0.288 and whose hips' breadth 0.191 of the stature (Drillis and Contini 1966): 21 % and 0.32 m.
    Shoulders lie between the joint centre and the acromion, where they are marked.

    Attributes:
        hip_width: hip distance as a multiple of that of the joint centres.
        hip_lift: how far the hips are moved towards the mid-shoulders, as a share of that distance.
        shoulder_width: shoulder distance as a multiple of that of the joint centres.
    """

    hip_width: float = 2.2
    hip_lift: float = 0.14
    shoulder_width: float = 1.05


def coco_landmarks(
    postures: Postures, definition: Definition, rng: np.random.Generator | None = None, spread: float = 0.0
) -> Array:
    """(n, 17, 3) COCO-17 landmarks in the figure's axes, metres.

    With `rng` and `spread` the hips of each figure vary about the definition, as annotators do: the
    width by a relative standard deviation of `spread`, the lift by `spread` x 0.3.
    """
    n = len(postures)
    points = np.empty((n, len(COCO17), 3))
    for index, name in enumerate(COCO17.joints):
        if name not in _FACE:
            points[:, index] = postures.joints[:, joint(name)]
    head, neck = postures.joints[:, joint("head")], postures.joints[:, joint("neck")]
    size = np.linalg.norm(head - neck, axis=-1, keepdims=True) / _AVERAGE_HEAD
    size = np.clip(size, 0.85, 1.15)
    for name, place in _FACE.items():
        turned = rotate(postures.rotations[:, joint("head")], np.tile(place, (n, 1)))
        points[:, COCO17.index(name)] = head + turned * size
    width = np.full((n, 1), definition.hip_width)
    lift = np.full((n, 1), definition.hip_lift)
    if rng is not None:
        width = width * rng.normal(1, spread, (n, 1))
        lift = lift + rng.normal(0, spread * 0.3, (n, 1))
    shoulders = [COCO17.index("left_shoulder"), COCO17.index("right_shoulder")]
    hips = [COCO17.index("left_hip"), COCO17.index("right_hip")]
    mid_shoulder = points[:, shoulders].mean(axis=1)
    mid_hip = points[:, hips].mean(axis=1)
    lifted = mid_hip + (mid_shoulder - mid_hip) * lift
    points[:, hips] = lifted[:, None] + (points[:, hips] - mid_hip[:, None]) * width[..., None]
    points[:, shoulders] = mid_shoulder[:, None] + (points[:, shoulders] - mid_shoulder[:, None]) * (
        definition.shoulder_width
    )
    return points


def h36m_targets(landmarks: Array) -> tuple[Array, Array]:
    """Human3.6M-17 joints (n, 17, 3) relative to joint 0, and the place of joint 0 (n, 3), of COCO-17 landmarks."""
    joints = np.asarray(COCO17_TO_H36M17.points(landmarks), np.float64)
    root = joints[:, 0].copy()
    return joints - root[:, None], root
