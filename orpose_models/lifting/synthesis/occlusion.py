"""What hides the joints of a figure from its camera: furniture, other people, its own trunk, the back of its head."""

import numpy as np
from numpy.typing import NDArray

from orpose_models.lifting.synthesis.kinematics import Array, rotate, rotation, unit
from orpose_models.lifting.synthesis.postures import Postures
from orpose_models.lifting.synthesis.views import Views
from orpose_models.vocabulary.skeletons import COCO17

_TRUNK_RADIUS = 0.11
_WRISTS = [COCO17.index("left_wrist"), COCO17.index("right_wrist")]
_BEHIND_TRUNK = [COCO17.index(f"{side}_{name}") for side in ("left", "right") for name in ("elbow", "wrist")]


def hidden_joints(postures: Postures, landmarks: Array, views: Views, rng: np.random.Generator) -> NDArray[np.bool_]:
    """(n, 17) whether something stands between the camera and each COCO-17 landmark."""
    camera = views.positions
    hidden = np.zeros(landmarks.shape[:2], bool)
    for low, high, centre, turn in _furniture(landmarks, postures.floor, rng):
        inverse = np.swapaxes(turn, 1, 2)
        hidden |= _crosses_box(
            rotate(inverse, camera - centre), rotate(inverse, landmarks - centre[:, None]), low, high
        )
    hidden |= _behind_trunk(camera, landmarks)
    hidden |= _behind_head(postures, camera, landmarks)
    return hidden


def _furniture(landmarks: Array, floor: Array, rng: np.random.Generator) -> list[tuple[Array, Array, Array, Array]]:
    """Boxes near each figure: (low (n, 3), high (n, 3)) in the box's axes, centre (n, 3), turn (n, 3, 3)."""
    n = len(landmarks)
    ahead = np.zeros(n)

    def box(share: float, azimuth: Array, gap: tuple[float, float], width: tuple[float, float],
            depth: tuple[float, float], bottom: Array, top: Array):  # fmt: skip
        turn = rotation(1, azimuth)
        half = np.stack([rng.uniform(*width, n) / 2, np.zeros(n), rng.uniform(*depth, n) / 2], axis=1)
        away = np.stack([rng.normal(0, 0.2, n), np.zeros(n), rng.uniform(*gap, n) + half[:, 2]], axis=1)
        centre = rotate(turn, away)
        absent = rng.random(n) >= share
        low = np.stack([-half[:, 0], bottom, -half[:, 2]], axis=1)
        high = np.stack([half[:, 0], np.where(absent, bottom - 1, top), half[:, 2]], axis=1)
        return low, high, centre, turn

    hands = landmarks[:, _WRISTS, 1].min(axis=1)
    table = floor + rng.uniform(0.75, 1.15, n)
    # Hands work above the table, not inside it.
    table = np.where(hands > floor + 0.6, np.minimum(table, hands - 0.04), table)
    around = rng.uniform(-np.pi, np.pi, (3, n))
    return [
        box(0.60, ahead + rng.normal(0, 0.3, n), (0.05, 0.35), (0.6, 2.0), (0.5, 0.9), floor, table),
        box(0.45, around[0], (0.35, 1.2), (0.4, 1.2), (0.4, 0.8), floor, floor + rng.uniform(0.7, 1.5, n)),
        box(0.45, around[1], (0.30, 1.2), (0.40, 0.55), (0.25, 0.4), floor, floor + rng.uniform(1.5, 1.8, n)),
        box(0.15, around[2], (0.10, 1.0), (0.4, 0.7), (0.4, 0.7), floor + 1.65, floor + rng.uniform(1.85, 2.1, n)),
    ]


def _crosses_box(start: Array, ends: Array, low: Array, high: Array) -> NDArray[np.bool_]:
    """Whether the lines from start (n, 3) to ends (n, k, 3) cross the boxes; a box with high < low is absent."""
    along = ends - start[:, None]
    along = np.where(np.abs(along) < 1e-9, 1e-9, along)
    first = (low[:, None] - start[:, None]) / along
    second = (high[:, None] - start[:, None]) / along
    enter = np.minimum(first, second).max(axis=-1)
    leave = np.maximum(first, second).min(axis=-1)
    present = np.all(high > low, axis=-1)
    return (enter < leave) & (leave > 0) & (enter < 0.98) & present[:, None]


def _behind_trunk(camera: Array, landmarks: Array) -> NDArray[np.bool_]:
    """Elbows and wrists whose line of sight passes through the trunk well before it reaches them."""
    hidden = np.zeros(landmarks.shape[:2], bool)
    shoulders = landmarks[:, 5:7].mean(axis=1)
    hips = landmarks[:, 11:13].mean(axis=1)
    ends = landmarks[:, _BEHIND_TRUNK]
    sight = unit(ends - camera[:, None])
    nearest = np.full(ends.shape[:2], np.inf)
    before = np.zeros(ends.shape[:2], bool)
    for share in np.linspace(0.05, 0.95, 5):
        point = (hips + (shoulders - hips) * share)[:, None] - camera[:, None]
        along = (point * sight).sum(axis=-1)
        distance = np.linalg.norm(point - sight * along[..., None], axis=-1)
        closer = distance < nearest
        nearest = np.where(closer, distance, nearest)
        reach = np.linalg.norm(ends - camera[:, None], axis=-1)
        before = np.where(closer, along < reach - 0.06, before)
    hidden[:, _BEHIND_TRUNK] = (nearest < _TRUNK_RADIUS) & before
    return hidden


def _behind_head(postures: Postures, camera: Array, landmarks: Array) -> NDArray[np.bool_]:
    """Parts of the face that look away from the camera."""
    hidden = np.zeros(landmarks.shape[:2], bool)
    middle = landmarks[:, 3:5].mean(axis=1)
    towards = unit(camera - middle)
    left = unit(landmarks[:, 3] - middle)
    front = landmarks[:, 0] - middle
    front = unit(front - (front * left).sum(-1, keepdims=True) * left)
    facing = (front * towards).sum(axis=-1)
    sideways = (left * towards).sum(axis=-1)
    hidden[:, 0] = facing < -0.05
    hidden[:, 1] = facing + 0.3 * sideways < 0.05
    hidden[:, 2] = facing - 0.3 * sideways < 0.05
    hidden[:, 3] = sideways < -0.35
    hidden[:, 4] = sideways > 0.35
    return hidden
