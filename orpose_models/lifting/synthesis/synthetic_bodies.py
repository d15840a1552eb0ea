"""Body shapes: the bones of the mannequin-x figure (Apache-2.0), whose ten shape coefficients follow SMPL-X."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from orpose_models.lifting.synthesis.kinematics import Array
from orpose_models.vocabulary.installing import needed_for
from orpose_models.vocabulary.skeletons import SMPLX22, SMPLX22_PARENTS

JOINTS, PARENTS = SMPLX22.joints, SMPLX22_PARENTS
_MIRROR = SMPLX22.flip

# Spread of the shape coefficients: wider than the population's 1, to cover it well.
_SHAPE_STD = 1.2
# The average shape is 1.72 m tall; men and women together are 1.69 m on average.
_STATURE_MEAN = 0.98
# Stature beside shape, and the proportions of single bones, vary by this much (relative).
_STATURE_STD = 0.04
_BONE_STD = 0.04


def joint(name: str) -> int:
    """Index of a joint of the figure by name."""
    return JOINTS.index(name)


@dataclass(frozen=True, eq=False)
class Bodies:
    """Rest poses (arms stretched out sideways) in the figure's axes: x to its left, y up, z forward; metres.

    Attributes:
        offsets: (n, 22, 3) float64, each joint's rest position relative to its parent's.
    """

    offsets: Array

    def __len__(self) -> int:
        return len(self.offsets)

    def draw(self, n: int, rng: np.random.Generator) -> "Bodies":
        """Choose n bodies at random and vary their stature and the proportions of their bones, left and right alike."""
        offsets = self.offsets[rng.integers(len(self), size=n)]
        stature = np.clip(rng.normal(_STATURE_MEAN, _STATURE_STD, n), 0.85, 1.15)
        bones = np.clip(rng.normal(1, _BONE_STD, (n, len(JOINTS))), 0.85, 1.15)
        bones = np.where(np.arange(len(JOINTS)) <= _MIRROR, bones, bones[:, _MIRROR])
        return Bodies(offsets * (stature[:, None] * bones)[..., None])


@lru_cache(maxsize=2)
def load_bodies(count: int = 250, seed: int = 0) -> Bodies:
    """`count` body shapes, made symmetrical. The same arguments give the same arrays.

    Raises:
        OrposeError: the package mannequin-x is not installed.
    """
    with needed_for("making synthetic bodies", "train"):
        from mannequin import Mannequin
    rng = np.random.default_rng(seed)
    rest = np.empty((count, len(JOINTS), 3))
    for i in range(count):
        # All its designs have the same joints; this one is built fastest.
        figure = Mannequin("convex", lod=2, shape=rng.normal(0, _SHAPE_STD, 10).astype(np.float32))
        rest[i] = np.asarray(figure.joint_transforms(figure.rest_pose()))[: len(JOINTS), :3, 3]
    rest = (rest + rest[:, _MIRROR] * [-1, 1, 1]) / 2
    offsets = rest - rest[:, PARENTS]
    offsets[:, 0] = 0
    offsets.flags.writeable = False
    return Bodies(offsets)
