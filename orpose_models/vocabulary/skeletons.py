"""Joint sets and the maps between them, as data.

A joint set is a `Skeleton`; a `JointMap` makes the joints of one set from those of another, each
target joint being the mean of some source joints (so a pelvis is the mean of two hips).
"""

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Skeleton:
    """A joint set.

    Attributes:
        name: identifier used in files and messages.
        joints: joint names, in array order.
        edges: bones, as pairs of joint indices.
        flip: index of each joint's mirror image (a joint on the body's axis is its own).
        oks_sigmas: the per-joint constants of COCO's object keypoint similarity, or None.
    """

    name: str
    joints: tuple[str, ...]
    edges: tuple[tuple[int, int], ...]
    flip: tuple[int, ...] = field(init=False)
    oks_sigmas: tuple[float, ...] | None = None

    def __post_init__(self) -> None:
        mirror = {"left": "right", "right": "left"}
        flip = []
        for joint in self.joints:
            side, _, rest = joint.partition("_")
            flip.append(self.joints.index(f"{mirror[side]}_{rest}") if side in mirror else self.joints.index(joint))
        object.__setattr__(self, "flip", tuple(flip))

    def __len__(self) -> int:
        return len(self.joints)

    def index(self, joint: str) -> int:
        """Array index of a joint by name."""
        return self.joints.index(joint)

    def side(self, index: int) -> str:
        """'left', 'right' or 'centre': which half of the person's body the joint belongs to."""
        prefix = self.joints[index].split("_")[0]
        return prefix if prefix in ("left", "right") else "centre"


COCO17 = Skeleton(
    name="coco17",
    joints=(
        "nose",
        "left_eye",
        "right_eye",
        "left_ear",
        "right_ear",
        "left_shoulder",
        "right_shoulder",
        "left_elbow",
        "right_elbow",
        "left_wrist",
        "right_wrist",
        "left_hip",
        "right_hip",
        "left_knee",
        "right_knee",
        "left_ankle",
        "right_ankle",
    ),
    edges=(
        (15, 13),
        (13, 11),
        (16, 14),
        (14, 12),
        (11, 12),
        (5, 11),
        (6, 12),
        (5, 6),
        (5, 7),
        (7, 9),
        (6, 8),
        (8, 10),
        (0, 1),
        (0, 2),
        (1, 3),
        (2, 4),
    ),
    oks_sigmas=(
        0.026,
        0.025,
        0.025,
        0.035,
        0.035,
        0.079,
        0.079,
        0.072,
        0.072,
        0.062,
        0.062,
        0.107,
        0.107,
        0.087,
        0.087,
        0.089,
        0.089,
    ),
)

H36M17 = Skeleton(
    name="h36m17",
    joints=(
        "pelvis",
        "right_hip",
        "right_knee",
        "right_ankle",
        "left_hip",
        "left_knee",
        "left_ankle",
        "spine",
        "thorax",
        "neck",
        "head",
        "left_shoulder",
        "left_elbow",
        "left_wrist",
        "right_shoulder",
        "right_elbow",
        "right_wrist",
    ),
    edges=(
        (0, 1),
        (1, 2),
        (2, 3),
        (0, 4),
        (4, 5),
        (5, 6),
        (0, 7),
        (7, 8),
        (8, 9),
        (9, 10),
        (8, 11),
        (11, 12),
        (12, 13),
        (8, 14),
        (14, 15),
        (15, 16),
    ),
)

MVOR10 = Skeleton(
    name="mvor10",
    joints=(
        "head",
        "neck",
        "left_shoulder",
        "right_shoulder",
        "left_hip",
        "right_hip",
        "left_elbow",
        "right_elbow",
        "left_wrist",
        "right_wrist",
    ),
    edges=((0, 1), (1, 3), (3, 7), (3, 5), (7, 9), (1, 2), (2, 4), (2, 6), (6, 8), (4, 5)),
)

# The body joints of SMPL-X figures, from which synthetic people are made; each joint's parent follows.
SMPLX22_PARENTS = (-1, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 9, 9, 12, 13, 14, 16, 17, 18, 19)
SMPLX22 = Skeleton(
    name="smplx22",
    joints=(
        "pelvis",
        "left_hip",
        "right_hip",
        "spine1",
        "left_knee",
        "right_knee",
        "spine2",
        "left_ankle",
        "right_ankle",
        "spine3",
        "left_foot",
        "right_foot",
        "neck",
        "left_collar",
        "right_collar",
        "head",
        "left_shoulder",
        "right_shoulder",
        "left_elbow",
        "right_elbow",
        "left_wrist",
        "right_wrist",
    ),
    edges=tuple((parent, child) for child, parent in enumerate(SMPLX22_PARENTS) if parent >= 0),
)


@dataclass(frozen=True)
class JointMap:
    """Makes the joints of `target` from those of `source`.

    Attributes:
        recipe: for each target joint the source joints whose mean it is; an empty tuple marks a
            joint that the source does not have.
    """

    source: Skeleton
    target: Skeleton
    recipe: tuple[tuple[str, ...], ...]

    @cached_property
    def matrix(self) -> NDArray[np.float64]:
        """(targets, sources) weights; the rows of joints that the source has sum to one."""
        matrix = np.zeros((len(self.target), len(self.source)))
        for row, names in zip(matrix, self.recipe, strict=True):
            for name in names:
                row[self.source.index(name)] += 1 / len(names)
        return matrix

    def points(self, points: NDArray[np.floating]) -> NDArray[np.floating]:
        """Map coordinates (..., sources, d) to (..., targets, d).

        Joints that the source does not have, or that need one whose coordinates are NaN, are NaN.
        """
        unknown = np.isnan(points)
        mapped = np.einsum("ts,...sd->...td", self.matrix, np.where(unknown, 0, points)).astype(points.dtype)
        touched = np.einsum("ts,...sd->...td", self.matrix, unknown.astype(np.float64)) > 0
        absent = np.array([not names for names in self.recipe])[:, None]
        return np.where(touched | absent, np.nan, mapped).astype(points.dtype)

    def valid(self, valid: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Map validity (..., sources) to (..., targets): valid if every joint of the recipe is."""
        needed = self.matrix > 0
        return np.all(valid[..., None, :] | ~needed, axis=-1) & needed.any(axis=-1)

    def scores(self, scores: NDArray[np.floating]) -> NDArray[np.floating]:
        """Map confidences (..., sources) to (..., targets): the lowest of the recipe's, 0 if missing."""
        needed = self.matrix > 0
        lowest = np.where(needed, scores[..., None, :], np.inf).min(axis=-1)
        return np.where(needed.any(axis=-1), lowest, 0.0).astype(scores.dtype)


_HIPS = ("left_hip", "right_hip")
_SHOULDERS = ("left_shoulder", "right_shoulder")
_EARS = ("left_ear", "right_ear")

# The Human3.6M joints that COCO has not: pelvis and thorax are mid-hips and mid-shoulders, the spine
# their mean, and both head joints stand at the middle of the ears.
COCO17_TO_H36M17 = JointMap(
    COCO17,
    H36M17,
    (
        _HIPS,
        ("right_hip",),
        ("right_knee",),
        ("right_ankle",),
        ("left_hip",),
        ("left_knee",),
        ("left_ankle",),
        _HIPS + _SHOULDERS,
        _SHOULDERS,
        _EARS,
        _EARS,
        ("left_shoulder",),
        ("left_elbow",),
        ("left_wrist",),
        ("right_shoulder",),
        ("right_elbow",),
        ("right_wrist",),
    ),
)

# MVOR's head is the middle of the visible head, its neck the middle of the shoulders.
H36M17_TO_MVOR10 = JointMap(
    H36M17,
    MVOR10,
    (("head",), ("thorax",), *tuple((joint,) for joint in MVOR10.joints[2:])),
)
