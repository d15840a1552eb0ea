"""Who stands where: people placed around the table and in the room without walking into things or each other."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from orpose_models.lab.simulation.geometry import rotation_z
from orpose_models.lab.simulation.mannequins import PARENTS, Body, J, load_body
from orpose_models.lab.simulation.motions import AT_TABLE, FREE, SEATED, choose_action, perform
from orpose_models.lab.simulation.posing import Motion
from orpose_models.lab.simulation.rooms import Footprint, Place, Room
from orpose_models.lab.simulation.splits import Draw

Array = NDArray[np.float64]

# Bones as (joint, radius with clothes in metres for a person of mean girth).
_BONES = {
    "spine1": 0.15, "spine2": 0.16, "spine3": 0.17, "neck": 0.11, "head": 0.09,
    "left_shoulder": 0.1, "right_shoulder": 0.1, "left_elbow": 0.07, "right_elbow": 0.07,
    "left_wrist": 0.05, "right_wrist": 0.05, "left_hip": 0.14, "right_hip": 0.14,
    "left_knee": 0.13, "right_knee": 0.13, "left_ankle": 0.1, "right_ankle": 0.1,
    "left_foot": 0.07, "right_foot": 0.07,
}  # fmt: skip
_PER_BONE = 4
_ACTIONS: dict[str, dict[str, float]] = {"table": AT_TABLE, "free": FREE, "seated": SEATED}
TRIES = 40


@dataclass(frozen=True, eq=False)
class Volume:
    """A person as balls along the bones, for telling whether they touch anything.

    Attributes:
        centres: (f, b, 3) metres.
        radii: (b,) metres.
    """

    centres: Array
    radii: Array

    @classmethod
    def of(cls, motion: Motion, body: Body) -> "Volume":
        """The volume a clothed body takes up."""
        t = (np.arange(_PER_BONE) + 0.5) / _PER_BONE
        centres, radii = [], []
        for name, radius in _BONES.items():
            end = motion.positions[:, J[name]]
            start = motion.positions[:, PARENTS[J[name]]]
            centres.append(start[:, None] + t[:, None] * (end - start)[:, None])
            radii += [radius * body.girth] * _PER_BONE
        head = motion.positions[:, J["head"]] + motion.rotations[:, J["head"]] @ np.array([0.03, 0, 0.05])
        hands = [
            motion.positions[:, J[f"{side}_wrist"]]
            + motion.rotations[:, J[f"{side}_wrist"]] @ np.array([0, 0.09 * sign, 0])
            for side, sign in (("left", 1), ("right", -1))
        ]
        centres.append(np.stack([head, *hands], axis=1))
        radii += [0.15, 0.06, 0.06]
        return cls(np.concatenate(centres, axis=1), np.array(radii))

    def lying(self) -> "Volume":
        """Of somebody on their back, who is flatter than wide."""
        return Volume(self.centres, self.radii * 0.7)

    def gap(self, other: "Volume") -> float:
        """Smallest distance to another person over all moments; negative if they overlap."""
        apart = np.linalg.norm(self.centres[:, :, None] - other.centres[:, None], axis=-1)
        return float((apart - self.radii[:, None] - other.radii[None]).min())

    def gap_to(self, spot: Footprint) -> float:
        """Smallest distance to what stands on a footprint."""
        beside = spot.distance(self.centres) - self.radii
        above = self.centres[..., 2] - self.radii - spot.height
        return float(np.maximum(beside, above).min())

    def inside(self, size: Array) -> bool:
        """Whether it keeps clear of the walls."""
        return bool((np.abs(self.centres[..., :2]) + self.radii[:, None] < size / 2).all())


@dataclass(frozen=True, eq=False)
class Person:
    """Somebody in a scene.

    Attributes:
        body, outfit, motion_number: pool numbers.
        role: 'surgeon', 'assistant', 'nurse', 'anaesthetist', 'radiographer' or 'patient'; 'person' elsewhere.
        clothes: which kind of outfit the role wears (see `clothing.draw_outfit`); 'everyday' elsewhere.
        action: what they do.
        motion: joints over the moments of the scene, in the room.
    """

    body: int
    outfit: int
    motion_number: int
    role: str
    clothes: str
    action: str
    motion: Motion


def _at_table(room: Room, rng: np.random.Generator, body: Body) -> tuple[Array, float]:
    """A place along a long side of the table, or at its head, facing it."""
    turn = rotation_z(room.table.yaw)[:2, :2]
    gap = 0.16 + 0.1 * body.girth + rng.uniform(0.02, 0.16)
    if rng.random() < 0.12:
        local, facing = np.array([1.02 + gap, rng.normal(0, 0.1)]), np.pi
    else:
        side = rng.choice([-1, 1])
        local = np.array([rng.uniform(-0.75, 0.75), side * (room.table.half[1] + gap)])
        facing = -side * np.pi / 2
    return turn @ local + room.table.centre, room.table.yaw + facing + rng.normal(0, 0.2)


def _anywhere(room: Room, rng: np.random.Generator) -> tuple[Array, float]:
    """A place in the room, mostly near its middle, mostly facing the table."""
    spread = np.minimum(room.size / 2 - 0.3, 1.9)
    place = np.clip(rng.normal(0, 0.5, 2), -1, 1) * spread
    to_table = np.arctan2(*(room.table.centre - place)[::-1])
    return place, float(to_table + rng.normal(0, 0.8) if rng.random() < 0.6 else rng.uniform(-np.pi, np.pi))


def place_person(
    draw: Draw, room: Room, times: Array, others: list[Volume], obstacles: list[Footprint], body: int, motion: int,
    kind: str, work_height: float,
) -> tuple[str, Motion, Volume, Array, float] | None:  # fmt: skip
    """Find a place for somebody; None if the room is too full.

    Args:
        draw: the scene's random stream.
        kind: 'table', 'free' or 'seated'.
        work_height: how high hands are held over the table, metres.

    Returns:
        Action, motion in the room, volume, place and the way they face.
    """
    rng = draw.rng
    build = load_body(body)
    action = choose_action(motion, _ACTIONS[kind])
    local = perform(action, motion, build, times, work_height)
    spot = find_spot(
        local, build, lambda: _at_table(room, rng, build) if kind == "table" else _anywhere(room, rng),
        room, others, obstacles,
    )  # fmt: skip
    return None if spot is None else (action, *spot)


def find_spot(
    local: Motion, body: Body, propose: Callable[[], tuple[Array, float]], place: Place, others: list[Volume],
    obstacles: list[Footprint],
) -> tuple[Motion, Volume, Array, float] | None:  # fmt: skip
    """Put a motion where nobody and nothing is in its way; None if no proposal is good.

    Args:
        local: the motion in the frame of its place.
        propose: gives places (2,) and ways to face.

    Returns:
        Motion in the room, volume, place and the way they face.
    """
    for _ in range(TRIES):
        at, yaw = propose()
        moved = local.placed(float(at[0]), float(at[1]), float(yaw))
        volume = Volume.of(moved, body)
        if not volume.inside(place.size) or any(volume.gap(other) < 0 for other in others):
            continue
        if all(volume.gap_to(spot) >= 0 for spot in obstacles):
            return moved, volume, at, float(yaw)
    return None
