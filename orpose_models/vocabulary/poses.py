"""`Poses`: the persons of one image, as arrays: what teacher, student, datasets, evaluation and messages speak."""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray
from typing_extensions import Self

from orpose_models.vocabulary.arrays import PersonArrays
from orpose_models.vocabulary.skeletons import COCO17, H36M17

# Numbers that say what a person looks like: see orpose_models.tracking.appearance.
APPEARANCE = 12

_SHAPES: dict[str, tuple[int, ...]] = {
    "boxes": (4,),
    "box_scores": (),
    "keypoints": (len(COCO17), 2),
    "keypoint_scores": (len(COCO17),),
    "scores_hard": (len(COCO17),),
    "scores_soft": (len(COCO17),),
    "joints3d": (len(H36M17), 3),
    "root": (3,),
    "root_std": (),
    "ids": (),
    "velocity": (3,),
    "motion_cov": (6, 6),
    "appearance": (APPEARANCE,),
}

# Fields that are NaN, not 0, where nothing is known.
_UNKNOWN = {"joints3d", "root", "root_std", "velocity", "motion_cov", "appearance"}


@dataclass(frozen=True, eq=False)
class Poses(PersonArrays):
    """The n persons of one image.

    Pixels are those of the full-size image, whatever size the model saw; the centre of the first
    pixel is (0.5, 0.5). 3D is in the camera's optical axes (x right, y down, z forward), in metres.

    Attributes:
        boxes: (n, 4) float32, x_min, y_min, x_max, y_max in pixels.
        box_scores: (n,) float32 in 0..1.
        keypoints: (n, 17, 2) float32, COCO-17 order, x, y in pixels.
        keypoint_scores: (n, 17) float32 in 0..1, the score to use; 0 means "not seen", and its x, y say nothing.
        scores_hard: (n, 17) float32, score of the branch trained on high-confidence labels.
        scores_soft: (n, 17) float32, score of the branch trained on confidence-weighted labels.
        joints3d: (n, 17, 3) float32, Human3.6M-17 order, relative to joint 0 (pelvis); NaN where unknown.
        root: (n, 3) float32, position of the pelvis in the camera's optical frame; NaN where unknown.
        root_std: (n,) float32, standard deviation in metres of the root's distance; NaN where unknown.
        ids: (n,) int64, the same number for the same person from frame to frame; -1 where untracked.
        velocity: (n, 3) float32, of the root, metres per second in the camera's optical axes; NaN where unknown.
        motion_cov: (n, 6, 6) float32, covariance of root and velocity together, x y z vx vy vz; NaN where unknown.
        appearance: (n, APPEARANCE) float32, colours of the person in the image as the model saw it, for telling
            persons apart; NaN where unknown. No file and no message carries it.
    """

    boxes: NDArray[np.float32]
    box_scores: NDArray[np.float32]
    keypoints: NDArray[np.float32]
    keypoint_scores: NDArray[np.float32]
    scores_hard: NDArray[np.float32]
    scores_soft: NDArray[np.float32]
    joints3d: NDArray[np.float32]
    root: NDArray[np.float32]
    root_std: NDArray[np.float32]
    ids: NDArray[np.int64]
    velocity: NDArray[np.float32]
    motion_cov: NDArray[np.float32]
    appearance: NDArray[np.float32]

    def __post_init__(self) -> None:
        self._check(_SHAPES)

    @classmethod
    def from_arrays(
        cls,
        boxes: ArrayLike,
        box_scores: ArrayLike,
        keypoints: ArrayLike | None = None,
        keypoint_scores: ArrayLike | None = None,
        **others: ArrayLike | None,
    ) -> Self:
        """Build from what is known; the rest gets its "unknown" value (0 for scores, NaN, -1).

        Hard and soft scores default to `keypoint_scores`. An empty list is accepted for any array.
        """
        boxes = np.asarray(boxes, np.float32).reshape(-1, 4)
        n = len(boxes)
        given = {"box_scores": box_scores, "keypoints": keypoints, "keypoint_scores": keypoint_scores, **others}
        if unknown := given.keys() - _SHAPES.keys():
            raise TypeError(f"Poses has no field {sorted(unknown)}")
        arrays: dict[str, NDArray] = {"boxes": boxes}
        for name, shape in _SHAPES.items():
            if name == "boxes":
                continue
            dtype = np.int64 if name == "ids" else np.float32
            value = given.get(name)
            if value is not None:
                array = np.asarray(value, dtype)
                arrays[name] = array.reshape(0, *shape) if n == 0 and array.size == 0 else array
            elif name in ("scores_hard", "scores_soft"):
                arrays[name] = arrays["keypoint_scores"].copy()
            else:
                fill = -1 if name == "ids" else np.nan if name in _UNKNOWN else 0
                arrays[name] = np.full((n, *shape), fill, dtype)
        return cls(**arrays)

    @classmethod
    def empty(cls) -> Self:
        """No person."""
        return cls.from_arrays([], [])

    @classmethod
    def concatenate(cls, parts: Sequence["Poses"]) -> Self:
        """The persons of all parts, in order."""
        parts = [cls.empty(), *parts]
        return cls(**{field.name: np.concatenate([getattr(p, field.name) for p in parts]) for field in fields(cls)})

    def with_arrays(self, **arrays: NDArray) -> Self:
        """A copy with some arrays replaced; dtypes are kept, shapes are checked."""
        cast = {name: np.asarray(array, getattr(self, name).dtype) for name, array in arrays.items()}
        return replace(self, **cast)

    @property
    def has3d(self) -> NDArray[np.bool_]:
        """(n,) whether the person has any 3D joint besides the root."""
        known = np.asarray(np.isfinite(self.joints3d[:, 1:]).all(axis=2))
        return np.asarray(known.any(axis=1), np.bool_)
