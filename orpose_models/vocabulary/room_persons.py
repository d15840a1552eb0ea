"""The persons of a room at one moment, as fused from several cameras."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from typing_extensions import Self

from orpose_models.vocabulary.arrays import PersonArrays

_SHAPES: dict[str, tuple[int, ...]] = {
    "ids": (),
    "scores": (),
    "keypoints": (17, 3),
    "keypoint_scores": (17,),
    "joints": (17, 3),
    "joint_scores": (17,),
    "covariances": (17, 3, 3),
    "velocity": (3,),
}


@dataclass(frozen=True, eq=False)
class RoomPersons(PersonArrays):
    """n persons in the room's frame, whose z axis points up; metres.

    Attributes:
        ids: (n,) int64, the same for the same person from moment to moment.
        scores: (n,) float64 in 0..1, the best box score.
        keypoints: (n, 17, 3) float64 COCO-17 joints.
        keypoint_scores: (n, 17) in 0..1, the best of the views that agree; 0 where no view sees the joint, which then
            stands where bones and the lifted pose put it.
        joints: (n, 17, 3) float64 Human3.6M-17 joints; joint 0 is the pelvis.
        joint_scores: (n, 17), of them.
        covariances: (n, 17, 3, 3) of `joints`, square metres.
        velocity: (n, 3) of the pelvis, metres per second.
        views: (n, c) int64, the person's index in each camera's poses, -1 where that does not see it.
        errors: (n, c) root mean square distance in pixels between a camera's keypoints and the projected joints,
            weighted; NaN where it does not see the person.
    """

    ids: NDArray[np.int64]
    scores: NDArray[np.float64]
    keypoints: NDArray[np.float64]
    keypoint_scores: NDArray[np.float64]
    joints: NDArray[np.float64]
    joint_scores: NDArray[np.float64]
    covariances: NDArray[np.float64]
    velocity: NDArray[np.float64]
    views: NDArray[np.int64]
    errors: NDArray[np.float64]

    def __post_init__(self) -> None:
        cameras = self.views.shape[1:]
        self._check({**_SHAPES, "views": cameras, "errors": cameras})

    @classmethod
    def empty(cls, cameras: int) -> Self:
        """Nobody, seen by a number of cameras."""
        parts: dict[str, Any] = {name: np.zeros((0, *shape)) for name, shape in _SHAPES.items()}
        parts["ids"] = np.zeros(0, np.int64)
        return cls(**parts, views=np.zeros((0, cameras), np.int64), errors=np.zeros((0, cameras)))

    @property
    def seen_by(self) -> NDArray[np.int64]:
        """(n,) how many cameras see each person."""
        return np.asarray((self.views >= 0).sum(axis=1), np.int64)
