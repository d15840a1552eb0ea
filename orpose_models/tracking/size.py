"""How large a person is: constant over life, so that it is learnt over a track's."""

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from orpose_models.vocabulary.skeletons import H36M17

# Bones whose lengths do not depend on the posture.
_BONES = [
    (H36M17.index(a), H36M17.index(b))
    for side in ("left", "right")
    for a, b in (
        (f"{side}_hip", f"{side}_knee"),
        (f"{side}_knee", f"{side}_ankle"),
        (f"{side}_shoulder", f"{side}_elbow"),
        (f"{side}_elbow", f"{side}_wrist"),
    )
] + [(H36M17.index("pelvis"), H36M17.index("thorax"))]


def body_size(joints3d: ArrayLike) -> NDArray[np.float64]:
    """Size of bodies in metres: the sum of trunk, arms and legs; NaN where a joint is unknown.

    Args:
        joints3d: (n, 17, 3) Human3.6M-17, metres.
    """
    joints = np.asarray(joints3d, np.float64).reshape(-1, len(H36M17), 3)
    first, second = np.transpose(_BONES)
    return np.asarray(np.linalg.norm(joints[:, first] - joints[:, second], axis=2).sum(axis=1), np.float64)


class SizeEstimate:
    """A size known the better the longer it is seen; independent errors average out, common ones stay.

    Attributes:
        shared: see below; may be changed.
        std: relative standard deviation of the estimate; the error that all measurements share included.

    Args:
        shared: relative error that measurements share, and that no number of them takes away.
        memory: how many measurements' worth of certainty is kept at most, so that a wrong beginning is forgotten.
    """

    def __init__(self, shared: float = 0.0, memory: float = 300.0) -> None:
        self.shared = shared
        self._memory = memory
        self._log = 0.0
        self._information = 0.0

    @property
    def known(self) -> bool:
        """Whether anything was measured yet."""
        return self._information > 0

    @property
    def value(self) -> float:
        """The size; NaN before the first measurement."""
        return math.exp(self._log) if self.known else float("nan")

    @property
    def std(self) -> float:
        """Relative standard deviation; infinite before the first measurement."""
        return math.hypot(self.shared, self._information**-0.5) if self.known else float("inf")

    def update(self, size: float, std: float) -> float:
        """Take a measurement and give the estimate; one that is unknown changes nothing.

        Args:
            size: of the body; NaN, or not positive, where it is unknown.
            std: relative standard deviation of what this measurement does not share with others, above 0.
        """
        if math.isfinite(size) and size > 0 and std > 0:
            weight = std**-2
            self._information = min(self._information, self._memory * weight) + weight
            self._log += (math.log(size) - self._log) * weight / self._information
        return self.value
