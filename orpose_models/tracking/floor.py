"""The floor that everybody stands on: how far below the camera it is, and what that says of how large people are."""

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from orpose_models.lifting.root import SIZE_STD
from orpose_models.tracking.size import SizeEstimate
from orpose_models.vocabulary.skeletons import COCO17, H36M17

# Height of an ankle's joint above the floor of somebody who stands, metres.
ANKLE_HEIGHT = 0.09
# Ankles with lower scores are not trusted.
MIN_SCORE = 0.4
# Relative error of a size by the floor: of one image, and what a person's images share.
FRAME_STD = 0.06
SHARED_STD = 0.03
# Somebody who had to be larger or smaller by more than this to stand on the floor does not: lies, or climbs.
MAX_RATIO = 1.3
# Who is found with a lower score may be nobody: the height of the camera is not learnt from them.
MIN_BOX_SCORE = 0.3
# Images of somebody before the height of the camera is learnt from them.
MIN_IMAGES = 10
# Persons that it is learnt from at least: what the lifter gets wrong of one or two it would only hand on to the other.
MIN_PEOPLE = 3

_LEFT, _RIGHT = (H36M17.index(f"{side}_ankle") for side in ("left", "right"))
_SEEN = [COCO17.joints.index(f"{side}_ankle") for side in ("left", "right")]


def depth_below(root: ArrayLike, joints3d: ArrayLike, scores: ArrayLike, gravity: ArrayLike) -> NDArray[np.float64]:
    """How far the soles of persons are below the camera (n,), metres; NaN where an ankle or the root is not known.

    Args:
        root: (n, 3) metres, in the optical frame.
        joints3d: (n, 17, 3) Human3.6M-17 relative to the root.
        scores: (n, 17) of the COCO-17 keypoints.
        gravity: (3,) unit vector in the optical frame.
    """
    ankles = np.asarray(joints3d, np.float64)[:, [_LEFT, _RIGHT]] + np.asarray(root, np.float64)[:, None]
    seen = (np.asarray(scores)[:, _SEEN] >= MIN_SCORE).all(axis=1)
    # The lower one carries.
    lowest = (ankles @ np.asarray(gravity, np.float64)).max(axis=1)
    return np.asarray(np.where(seen & (lowest > 0), lowest, np.nan) + ANKLE_HEIGHT, np.float64)


@dataclass
class Floor:
    """Height of one camera above the floor: given, or learnt from those who stand on it.

    Who is larger than the size that the lifter thought appears to stand above the floor, who is smaller, below it: of
    several persons the errors of their sizes average out.

    Attributes:
        height: of the camera above the floor in metres; None to learn it.
    """

    height: float | None = None
    _people: dict[int, SizeEstimate] = field(default_factory=dict, repr=False)
    _images: dict[int, int] = field(default_factory=dict, repr=False)

    def add(self, person: int, below: float) -> None:
        """Somebody, by an id, stands so far below the camera by the lifter's size; NaN changes nothing."""
        if math.isfinite(below) and below > 0:
            self._people.setdefault(person, SizeEstimate(SIZE_STD)).update(below, FRAME_STD)
            self._images[person] = self._images.get(person, 0) + 1

    def known(self) -> tuple[float, float] | None:
        """Height in metres and its relative standard deviation; None while nobody says."""
        if self.height is not None:
            return self.height, 0.01
        settled = [one for key, one in self._people.items() if self._images[key] >= MIN_IMAGES]
        if len(settled) < MIN_PEOPLE:
            return None
        weights = [one.std**-2 for one in settled]
        heights = sum(w * math.log(one.value) for w, one in zip(weights, settled, strict=True))
        return math.exp(heights / sum(weights)), sum(weights) ** -0.5

    def ratio(self, below: float) -> tuple[float, float] | None:
        """By how much larger somebody is than the lifter thought, and the relative error that all images share.

        Args:
            below: see `add`.

        Returns:
            None if nothing can be said, or the person does not stand on the floor.
        """
        known = self.known()
        if known is None or not math.isfinite(below) or below <= 0:
            return None
        ratio = known[0] / below
        if not 1 / MAX_RATIO <= ratio <= MAX_RATIO:
            return None
        return ratio, math.hypot(known[1], SHARED_STD)
