"""The patient: somebody lying on the table, and the drapes over them."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from orpose_models.lab.simulation.clothing import cloth_colour
from orpose_models.lab.simulation.geometry import Mesh, box, ellipsoid, rod, rotation_z, sheet
from orpose_models.lab.simulation.mannequins import Body, J
from orpose_models.lab.simulation.posing import Motion, Posture, solve
from orpose_models.lab.simulation.rooms import Room
from orpose_models.lab.simulation.solids import Noise

Array = NDArray[np.float64]

# Standing upright to lying on the back, head towards +x: forward becomes up, up becomes +x.
_LIE_DOWN = np.array([[0, 0, 1.0], [0, -1.0, 0], [1.0, 0, 0]])
COVERS = ("to_waist", "to_chest", "all_but_head", "all")


def lying(body: Body, frames: int, rng: np.random.Generator) -> Motion:
    """A body on its back at the origin, head towards +x, resting on z = 0; still."""
    h = body.stature
    hands = np.array([[0.02, s * (0.155 * h + rng.uniform(0, 0.03)), 0.475 * h] for s in (1, -1)])
    if rng.random() < 0.3:
        hands[:] = [[0.2, 0.05, 0.62 * h], [0.2, -0.05, 0.64 * h]]  # folded on the belly
    elif rng.random() < 0.4:
        arm = int(rng.integers(2))
        hands[arm] = [0.0, (1 - 2 * arm) * 0.42 * h, 0.75 * h]  # out on an arm board
    still = np.zeros(frames)
    two = np.zeros((frames, 2))
    gaze = np.tile([rng.normal(0.1, 0.1), 0, rng.normal(0, 0.4)], (frames, 1))
    posture = Posture(
        sway=two, turn=still, tilt=still, bend=np.zeros((frames, 3)), gaze=gaze,
        hands=np.tile(hands, (frames, 1, 1)), elbow_out=two + 0.4, palm=two + [-0.8, 0.8],
        feet=np.tile([[0.0, 0.1, 0], [0.0, -0.1, 0]], (frames, 1, 1)), toes_out=two + 0.3,
        seat=np.full(frames, np.nan), crouch=still,
    )  # fmt: skip
    motion = solve(body, posture)
    middle = np.array([0, 0, 0.5 * h])
    positions = (motion.positions - middle) @ _LIE_DOWN.T + [0, 0, 0.125 * body.girth]
    return Motion(positions, _LIE_DOWN @ motion.rotations)


@dataclass(frozen=True, eq=False)
class Drapes:
    """Cloth over a patient.

    Attributes:
        over: what lies on the body itself; it outlines the person like a garment.
        beside: what hangs down or lies on the table, screens and pillow: things.
    """

    over: Mesh
    beside: Mesh


def drape(body_points: Array, motion: Motion, room: Room, cover: str, rng: np.random.Generator) -> Drapes:
    """Cover a patient; everything in the frame of the table (x to the head, top of the mattress at z = 0).

    Args:
        body_points: (n, 3) the posed surface of the patient.
        motion: their joints.
        room: for the table's height.
        cover: one of `COVERS`.
        rng: cloth and folds.
    """
    joints = motion.positions[0]
    end = {
        "to_waist": joints[J["pelvis"], 0] + 0.12,
        "to_chest": joints[J["spine3"], 0] + 0.1,
        "all_but_head": joints[J["neck"], 0] - 0.02,
        "all": joints[J["head"], 0] + 0.3,
    }[cover]
    half, step = 0.34, 0.025
    x = np.arange(-1.08, end, step)
    y = np.arange(-half, half + step / 2, step)
    height = np.full((len(x), len(y)), 0.012, np.float32)
    i = np.round((body_points[:, 0] - x[0]) / step).astype(int)
    j = np.round((body_points[:, 1] - y[0]) / step).astype(int)
    inside = (i >= 0) & (i < len(x)) & (j >= 0) & (j < len(y))
    np.maximum.at(height, (i[inside], j[inside]), body_points[inside, 2].astype(np.float32) + 0.02)
    smooth = np.asarray(cv2.GaussianBlur(cv2.dilate(height, np.ones((5, 5))), (0, 0), 1.5), np.float32)
    height = np.asarray(cv2.GaussianBlur(np.maximum(smooth, height), (0, 0), 0.7), np.float32)
    colour = np.array(cloth_colour(rng))
    folds = Noise(rng, (0.3, 0.2, 0.3))
    drop = float(rng.uniform(0.15, min(0.7, room.table_height - 0.15)))
    rows = [(y[k], height[:, k], 0.0) for k in range(len(y))]
    hang = np.linspace(0, 1, 7)[1:]
    left = [(-half - 0.02 - 0.03 * t, height[:, 0] - drop * t, t) for t in hang[::-1]]
    right = [(half + 0.02 + 0.03 * t, height[:, -1] - drop * t, t) for t in hang]
    grid = np.stack([np.stack([x, np.full_like(x, yy), zz], -1) for yy, zz, _ in [*left, *rows, *right]])
    swing = np.array([t for *_, t in [*left, *rows, *right]])[:, None]
    ripple = folds(grid.reshape(-1, 3)).reshape(grid.shape[:2])
    grid[..., 1] += np.sign(grid[..., 1]) * 0.03 * swing * (1 + ripple)
    grid[..., 2] += 0.006 * ripple
    tint = colour * (1 + 0.05 * ripple[..., None])
    if cover in ("all_but_head", "all"):  # the opening over the site of the operation
        middle = np.array([joints[J["spine1"], 0] + rng.normal(0, 0.1), rng.normal(0, 0.05)])
        site = (np.abs(grid[..., :2] - middle) < rng.uniform(0.06, 0.14, 2)).all(axis=-1) & (swing == 0)
        tint[site] = rng.choice([[196, 140, 70], [205, 150, 120], [140, 40, 35]])
    cloth = sheet(grid[:, ::-1], np.clip(tint[:, ::-1], 0, 255))
    raised = cloth.points[cloth.faces][..., 2].mean(axis=1) > 0.055
    raised &= np.abs(cloth.points[cloth.faces][..., 1]).max(axis=1) < half
    over = Mesh.build(cloth.points, cloth.faces[raised], cloth.normals, cloth.colours)
    others = [Mesh.build(cloth.points, cloth.faces[~raised], cloth.normals, cloth.colours)]
    head = joints[J["head"]]
    others.append(ellipsoid((0.16, 0.22, 0.05), plain(rng)).placed((head[0] + 0.05, 0, 0.03)))
    if cover in ("all_but_head", "all") and rng.random() < 0.5:
        others.append(_screen(rng, float(joints[J["neck"], 0]), colour))
    return Drapes(over, Mesh.merge(others))


def plain(rng: np.random.Generator) -> NDArray:
    """An off-white."""
    return rng.uniform(180, 235) * rng.normal(1, 0.02, 3)


def _screen(rng: np.random.Generator, at: float, colour: NDArray) -> Mesh:
    """The cloth between surgeons and anaesthetist, hung between two poles."""
    top = rng.uniform(0.45, 0.75)
    y = np.linspace(-0.6, 0.6, 25)
    z = np.linspace(top, -0.05, 8)
    folds = Noise(rng, (0.15, 0.15, 2.0))
    yy, zz = np.meshgrid(y, z)
    points = np.stack([np.full_like(yy, at), yy, zz], -1)
    ripple = folds(points.reshape(-1, 3)).reshape(yy.shape)
    points[..., 0] += 0.02 * ripple
    cloth = sheet(points, np.clip(colour * (1 + 0.06 * ripple[..., None]), 0, 255))
    poles = [rod((at, s * 0.6, -0.1), (at, s * 0.6, top + 0.1), 0.012, (170, 172, 176)) for s in (-1, 1)]
    return Mesh.merge([cloth, *poles])


def arm_boards(motion: Motion) -> Mesh:
    """Boards under arms that are stretched out, in the table's frame."""
    boards = []
    for side in ("left", "right"):
        wrist = motion.positions[0, J[f"{side}_wrist"]]
        if abs(wrist[1]) > 0.45:
            shoulder = motion.positions[0, J[f"{side}_shoulder"]]
            reach = wrist - shoulder
            length = float(np.linalg.norm(reach[:2])) + 0.2
            yaw = float(np.arctan2(reach[1], reach[0]))
            centre = shoulder[:2] + reach[:2] / 2
            boards.append(
                box((length, 0.16, 0.05), (40, 42, 46)).placed((centre[0], centre[1], -0.03), rotation_z(yaw))
            )
    return Mesh.merge(boards)
