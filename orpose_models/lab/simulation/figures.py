"""A dressed person: cloth, skin, head, hands and shoes bound to the bones, to be posed again and again.

Surfaces are made once in the bind pose; `Figure.posed` moves them with the bones (linear blend skinning).
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from orpose_models.lab.simulation import clothing
from orpose_models.lab.simulation.clothing import Outfit
from orpose_models.lab.simulation.dressed_heads import Headwear, build_head
from orpose_models.lab.simulation.geometry import Mesh, point_normals
from orpose_models.lab.simulation.mannequins import JOINTS, PARENTS, Body, J, head_centre
from orpose_models.lab.simulation.posing import Motion, Posture, solve
from orpose_models.lab.simulation.solids import Array as Floats
from orpose_models.lab.simulation.solids import Field, Noise, cone, surface
from orpose_models.lab.simulation.splits import member

_ARMS = ("left_shoulder", "right_shoulder", "left_elbow", "right_elbow", "left_wrist", "right_wrist")
_TRUNK = ("pelvis", "spine1", "spine2", "spine3", "neck")
_LEGS = ("left_hip", "right_hip", "left_knee", "right_knee")
CLOTH_STEP = 0.024
Pattern = Callable[[Floats], NDArray]
"""Colours (n, 3) of the points (n, 3) of a garment in the bind pose."""


def bind_motion(body: Body) -> Motion:
    """Standing with arms held 35 degrees from the body and feet apart: one frame, pelvis over the origin."""
    one = np.zeros(1)
    top = body.stature
    hands = np.array([[[0.06, s * 0.37 * top, 0.53 * top] for s in (1, -1)]])
    feet = np.array([[[0.0, s * 0.13, 0.0] for s in (1, -1)]])
    two = np.zeros((1, 2))
    posture = Posture(
        np.zeros((1, 2)), one, one, np.zeros((1, 3)), np.zeros((1, 3)), hands, two, two, feet, two + 0.1,
        np.full(1, np.nan), one,
    )  # fmt: skip
    return solve(body, posture)


def _weights(points: Floats, bind: NDArray, joints: tuple[str, ...], soft: float) -> NDArray[np.float32]:
    """Skinning weights (n, 22): each joint pulls by how near the bones that start at it are."""
    distance = np.full((len(points), len(JOINTS)), np.inf, np.float32)
    for name in joints:
        index = J[name]
        start = bind[index]
        ends = [bind[k] for k, parent in enumerate(PARENTS) if parent == index]
        for end in ends or [start + (start - bind[PARENTS[index]]) * 0.3]:
            axis = end - start
            along = np.clip((points - start) @ axis / max(axis @ axis, 1e-9), 0, 1)
            gap = np.linalg.norm(points - start - along[:, None] * axis, axis=1)
            distance[:, index] = np.minimum(distance[:, index], gap)
    excess = (distance - distance.min(axis=1, keepdims=True)) / soft
    weights = np.exp(-np.square(np.minimum(excess, 20)))
    return (weights / weights.sum(axis=1, keepdims=True)).astype(np.float32)


@dataclass(frozen=True, eq=False)
class Figure:
    """A person's surface in the bind pose.

    Attributes:
        body: whose.
        mesh: the surface.
        weights: (n, 22) float32 skinning weights.
        bind: the bind pose, one frame.
    """

    body: Body
    mesh: Mesh
    weights: NDArray[np.float32]
    bind: Motion

    def posed(self, motion: Motion, frame: int) -> Mesh:
        """The surface at one moment of a motion, in the world frame."""
        turn = motion.rotations[frame] @ np.swapaxes(self.bind.rotations[0], -1, -2)
        shift = motion.positions[frame] - (turn @ self.bind.positions[0][..., None])[..., 0]
        blended = self.weights @ np.concatenate([turn.reshape(-1, 9), shift], axis=1).astype(np.float32)
        matrices = blended[:, :9].reshape(-1, 3, 3)
        points = np.einsum("nij,nj->ni", matrices, self.mesh.points) + blended[:, 9:]
        normals = np.einsum("nij,nj->ni", matrices, self.mesh.normals)
        normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-6)
        return replace(self.mesh, points=points, normals=normals)


class Tailor:
    """Collects the pieces of one person.

    Args:
        body: to be dressed.
        outfit: pool number; decides folds and shades.
    """

    def __init__(self, body: Body, outfit: int) -> None:
        self.body, self.outfit = body, outfit
        self.motion = bind_motion(body)
        self.bind = self.motion.positions[0]
        self.rng = member("outfit", outfit)
        self.rng.random(64)  # leave the stream that chose the outfit behind
        self.meshes: list[Mesh] = []
        self.weights: list[NDArray[np.float32]] = []
        reach = np.abs(self.bind).max(axis=0) + 0.25
        self.low = np.array([-0.5, -reach[1], self.bind[J["left_ankle"], 2] - body.ankle_height - 0.02])
        self.high = np.array([0.5, reach[1], self.bind[J["head"], 2] + 0.1])

    def add(self, mesh: Mesh, weights: NDArray[np.float32]) -> None:
        self.meshes.append(mesh)
        self.weights.append(weights)

    def figure(self) -> Figure:
        """The person, with all the pieces there are."""
        return Figure(self.body, Mesh.merge(self.meshes), np.concatenate(self.weights), self.motion)

    def rigid(self, mesh: Mesh, joint: str) -> None:
        weights = np.zeros((len(mesh.points), len(JOINTS)), np.float32)
        weights[:, J[joint]] = 1
        self.add(mesh, weights)

    def piece(
        self, field: Field, colour: NDArray, joints: tuple[str, ...], folds: float, *, step: float = CLOTH_STEP,
        soft: float = 0.045, box: tuple[NDArray, NDArray] | None = None, pattern: Pattern | None = None,
    ) -> None:  # fmt: skip
        """A garment: its surface, crumpled by `folds` metres, with darker creases; `pattern` replaces the colour."""
        low, high = box if box is not None else (self.low, self.high)
        points, faces, normals = surface(field, low, high, step)
        weights = _weights(points, self.bind, joints, soft)
        colours = np.tile(np.asarray(colour, float), (len(points), 1)) if pattern is None else pattern(points)
        if folds:
            height = folds * self._crumple(points)
            points = points + normals * height[:, None].astype(np.float32)
            normals = point_normals(points, faces)
            colours *= 1 + np.clip(0.13 * height / folds, -0.28, 0.15)[:, None]
        colours *= 1 + self.rng.normal(0, 0.015, (len(points), 1))
        self.add(Mesh.build(points, faces, normals, np.clip(colours, 0, 255)), weights)

    def _crumple(self, points: Floats) -> NDArray:
        """Height of the folds, about -1.5..1: long hanging folds below the waist, short ones across limbs above."""
        pelvis = self.bind[J["pelvis"], 2]
        hanging = Noise(self.rng, (0.16, 0.16, 0.9), octaves=2)(points)
        across = Noise(self.rng, (0.3, 0.22, 0.1), octaves=2)(points)
        fine = Noise(self.rng, 0.12, octaves=2)(points)
        low = np.clip((pelvis + 0.1 - points[:, 2]) / 0.35, 0, 1)
        ridge = lambda n: 0.6 - np.abs(n)  # noqa: E731 - sharp valleys between round folds
        return low * 1.3 * ridge(hanging) + (1 - low) * ridge(across) + 0.35 * ridge(fine)


def build_figure(body: Body, outfit: Outfit) -> Figure:
    """Dress a body. The same body and outfit give the same figure."""
    tailor = Tailor(body, outfit.number)
    skin_colour = np.array(outfit.headwear.skin) * [0.98, 0.94, 0.92]
    covered = outfit.over in ("gown", "coat")
    _dress_trunk(tailor, outfit, covered)
    add_arms_and_neck(tailor, skin_colour)
    for side in ("left", "right"):
        add_hand(tailor, side, np.array(outfit.gloves if outfit.gloves else skin_colour))
        if outfit.gloves:
            _cuff(tailor, side, np.array(outfit.gloves), outfit.over == "gown")
        add_shoe(tailor, side, outfit.shoes)
    add_head(tailor, outfit.headwear)
    return tailor.figure()


def add_arms_and_neck(tailor: Tailor, colour: NDArray) -> None:
    """The skin that sleeves and collars may leave bare."""
    field = clothing.skin(tailor.body, tailor.bind)
    tailor.piece(field, colour, (*_ARMS, "neck", "spine3", "head"), 0.0, step=0.019, soft=0.03)


def add_hand(tailor: Tailor, side: str, colour: NDArray) -> None:
    """A hand, bare or gloved."""
    wrist_turn = tailor.motion.rotations[0, J[f"{side}_wrist"]]
    hand = tailor.body.hands[("left", "right").index(side)].placed(tailor.bind[J[f"{side}_wrist"]], wrist_turn)
    shade = 1 + 0.05 * Noise(tailor.rng, 0.03)(hand.points)[:, None]
    tailor.rigid(hand.coloured(np.clip(colour * shade, 0, 255)), f"{side}_wrist")


def add_shoe(tailor: Tailor, side: str, colour: tuple[float, float, float]) -> None:
    """A shoe."""
    ankle, toe = tailor.bind[J[f"{side}_ankle"]], tailor.bind[J[f"{side}_foot"]]
    box = (np.minimum(ankle, toe) - [0.12, 0.08, 0.12], np.maximum(ankle, toe) + [0.12, 0.08, 0.08])
    points, faces, normals = surface(clothing.shoe(tailor.bind, side, tailor.body), *box, 0.014)
    tailor.rigid(Mesh.build(points, faces, normals, colour), f"{side}_ankle")


def add_head(tailor: Tailor, headwear: Headwear) -> None:
    """The head and what is worn on it."""
    head = build_head(headwear, tailor.body.head_size, member("outfit", tailor.outfit + 1_000_000))
    tailor.rigid(head.placed(tailor.bind[J["head"]] + head_centre(tailor.body)), "head")


def _dress_trunk(tailor: Tailor, outfit: Outfit, covered: bool) -> None:
    body, bind = tailor.body, tailor.bind
    trunk_and_arms = (*_TRUNK, "left_shoulder", "right_shoulder", "left_elbow", "right_elbow", "left_hip", "right_hip")
    scrubs = np.array(outfit.scrubs)
    tailor.piece(
        clothing.trousers(body, bind, 0.012 if outfit.over == "none" else 0.0), scrubs, ("pelvis", *_LEGS), 0.007
    )
    if not covered:
        tailor.piece(
            clothing.shirt(body, bind, outfit.shirt_sleeve, 0.02 if outfit.over == "none" else 0.006),
            scrubs * 1.04,
            trunk_and_arms,
            0.006,
        )
    over = np.array(outfit.over_colour)
    if covered:
        length = 0.72 if outfit.over == "gown" else 0.35
        joints = (*trunk_and_arms, "left_knee", "right_knee")
        tailor.piece(clothing.gown(body, bind, length), over, joints, 0.009, soft=0.05)
    elif outfit.over == "apron":
        tailor.piece(
            clothing.apron(body, bind, 0.5), over, ("pelvis", *_TRUNK, "left_hip", "right_hip"), 0.004, soft=0.09
        )
        if outfit.thyroid:
            tailor.piece(clothing.collar(body, bind), over * 0.9, ("neck", "spine3"), 0.0, step=0.014)


def _cuff(tailor: Tailor, side: str, colour: NDArray, over_gown: bool) -> None:
    """The glove's end, over skin or sleeve."""
    elbow, wrist = tailor.bind[J[f"{side}_elbow"]], tailor.bind[J[f"{side}_wrist"]]
    start = elbow + 0.78 * (wrist - elbow)
    radius = 0.05 if over_gown else 0.036
    box = (np.minimum(start, wrist) - 0.08, np.maximum(start, wrist) + 0.08)
    points, faces, normals = surface(cone(start, wrist, radius, 0.033), *box, 0.013)
    tailor.rigid(Mesh.build(points, faces, normals, colour * 0.97), f"{side}_elbow")
