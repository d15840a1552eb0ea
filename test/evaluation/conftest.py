"""A small dataset with known answers."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from orpose_models.datasets.truth import ImageTruth, Persons, Truth
from orpose_models.vocabulary.cameras import Camera
from orpose_models.vocabulary.poses import Poses
from orpose_models.vocabulary.skeletons import COCO17, H36M17, MVOR10

SIZE = (640, 480)
# A standing person, upper body 100 px high and 60 px wide, seen from the front, in COCO-17's order.
STANDING = np.array(
    [(0, -70), (3, -73), (-3, -73), (8, -70), (-8, -70), (30, -50), (-30, -50), (38, -10), (-38, -10),
     (40, 25), (-40, 25), (18, 40), (-18, 40), (18, 110), (-18, 110), (18, 180), (-18, 180)], float
)  # fmt: skip
# The same in metres, Human3.6M-17, pelvis at 0: x right, y down; a pixel is 6.5 mm.
STANDING_3D = np.zeros((17, 3))
for _joint in COCO17.joints[5:]:
    STANDING_3D[H36M17.index(_joint), :2] = (STANDING[COCO17.index(_joint)] - [0, 40]) * 0.0065
STANDING_3D[H36M17.index("spine"), 1] = -0.29
STANDING_3D[H36M17.index("thorax"), 1] = -0.585
STANDING_3D[[H36M17.index("neck"), H36M17.index("head")], 1] = -0.715


@pytest.fixture(scope="session")
def standing() -> np.ndarray:
    """(17, 2) keypoints of a person whose middle is at 0, 0."""
    return STANDING.copy()


@pytest.fixture(scope="session")
def standing3d() -> np.ndarray:
    """(17, 3) joints of the same person, metres, root-relative."""
    return STANDING_3D.copy()


def persons_at(centres: list[tuple[float, float]]) -> Persons:
    """Standing persons at these places, all joints visible, 3 m away."""
    keypoints = np.array([STANDING + c for c in centres]).reshape(-1, 17, 2)
    boxes = [(x - 45, y - 80, x + 45, y + 185) for x, y in centres]
    joints3d = np.array([STANDING_3D + [0, 0, 3.0] for _ in centres]).reshape(-1, 17, 3)
    flags = np.full((len(centres), 17), 2)
    return Persons.from_arrays(
        COCO17, H36M17, boxes, keypoints=keypoints, visibility=flags, joints3d=joints3d, person_ids=range(len(centres))
    )


def poses_at(centres: list[tuple[float, float]], scores: list[float] | None = None) -> Poses:
    """Predictions of standing persons, exactly right where somebody stands."""
    n = len(centres)
    return Poses.from_arrays(
        [(x - 45, y - 80, x + 45, y + 185) for x, y in centres],
        scores if scores is not None else [0.9] * n,
        np.array([STANDING + c for c in centres]).reshape(-1, 17, 2),
        np.full((n, 17), 0.8),
        joints3d=np.array([STANDING_3D for _ in centres]).reshape(-1, 17, 3),
    )


@pytest.fixture
def make_truth() -> Callable[..., Truth]:
    """Build a dataset from one list of places per image."""

    def build(*images: list[tuple[float, float]], root: Path = Path("nowhere"), mvor: bool = False) -> Truth:
        entries = []
        for i, centres in enumerate(images):
            persons = persons_at(centres)
            if mvor:
                index = [COCO17.index(j) if j in COCO17.joints else 0 for j in MVOR10.joints]
                persons = Persons.from_arrays(
                    MVOR10, MVOR10, persons.boxes, keypoints=persons.keypoints[:, index],
                    visibility=persons.visibility[:, index],
                )  # fmt: skip
            camera = Camera(640, 480, 540, 540, 319.5, 239.5, gravity=(0, 1, 0))
            entries.append(
                ImageTruth(
                    i + 1, f"cam{i % 2}/{i:06d}.png", SIZE, persons, camera, f"cam{i % 2}", f"day{i % 2}", i * 100
                )
            )
        skeleton, skeleton3d = (MVOR10, MVOR10) if mvor else (COCO17, H36M17)
        return Truth("test set", skeleton, skeleton3d, tuple(entries), root)

    return build


@pytest.fixture
def make_poses() -> Callable[..., Poses]:
    """Build predictions from places and box scores."""
    return poses_at
