"""Heads: face, ears, hair, surgical cap, mask and glasses around a head joint.

Head frame: origin at the centre of the skull, x forward, y left, z up, in head sizes: depth, width and height of
the head are 1 along x, y and z. Solids are drawn in metres for a mean head and scaled.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from orpose_models.lab.simulation.geometry import Mesh, sheet, tube
from orpose_models.lab.simulation.mannequins import FACE_POINTS
from orpose_models.lab.simulation.solids import (
    Field,
    Noise,
    ball,
    common,
    cone,
    grown,
    half_space,
    surface,
    union,
    without,
)

MEAN_SIZE = np.array([0.193, 0.153, 0.232])
_LOW, _HIGH = (-0.175, -0.13, -0.19), (0.155, 0.13, 0.175)

_EYE = np.array(FACE_POINTS["left_eye"]) * MEAN_SIZE
_NOSE = np.array(FACE_POINTS["nose"]) * MEAN_SIZE
_EAR = np.array(FACE_POINTS["left_ear"]) * MEAN_SIZE


@dataclass(frozen=True)
class Headwear:
    """What somebody wears on the head; colours are (r, g, b) in 0..255.

    Attributes:
        skin, hair: colours; hair None for a bald head.
        cap: 'none', 'skull' (tied, close) or 'bouffant' (puffed).
        mask: 'none', 'worn' or 'chin' (pulled down).
        glasses: whether protective glasses are worn.
    """

    skin: tuple[float, float, float]
    hair: tuple[float, float, float] | None
    cap: str
    cap_colour: tuple[float, float, float]
    mask: str
    mask_colour: tuple[float, float, float]
    glasses: bool


def _cranium() -> Field:
    return ball((-0.012, 0, 0.028), (0.094, 0.0745, 0.088))


def _both(point: NDArray, radius: NDArray | float) -> list[Field]:
    return [ball(point, radius), ball(point * [1, -1, 1], radius)]


def _face(rng: np.random.Generator) -> Field:
    """Skull, jaw, brow, nose, lips and ears; proportions vary a little."""
    jaw = rng.normal(1.0, 0.06)
    nose = rng.normal(1.0, 0.12)
    skull = union(
        _cranium(),
        ball((0.022, 0, -0.035), (0.064, 0.058 * jaw, 0.08)),
        ball((0.058, 0, -0.098), (0.026, 0.027 * jaw, 0.022)),
        blend=0.035,
    )
    skull = without(skull, union(*_both(_EYE + [0.016, 0, 0.0], 0.0175), blend=0.001), blend=0.016)
    features = union(
        skull,
        cone((0.078, -0.036, 0.034), (0.078, 0.036, 0.034), 0.011, 0.011),
        *[cone((0.066, s * 0.038, -0.022), (0.046, s * 0.052, -0.014), 0.014, 0.011) for s in (1, -1)],
        cone((0.086, 0, 0.018), _NOSE - [0.0125 * nose, 0, -0.002], 0.0065, 0.0105 * nose),
        *[ball(_NOSE - [0.021, s * 0.009, 0.003], 0.0085) for s in (1, -1)],
        cone((0.079, -0.016, -0.062), (0.079, 0.016, -0.062), 0.010, 0.010),
        blend=0.014,
    )
    ears = [ball(_EAR * [1, s, 1] - [0, s * 0.004, 0], (0.02, 0.009, 0.033)) for s in (1, -1)]
    eyes = _both(_EYE - [0.011, 0, 0], 0.0125)
    return union(union(features, *ears, blend=0.008), *eyes, blend=0.002)


def _face_colours(points: NDArray, wear: Headwear, rng: np.random.Generator) -> NDArray:
    """Skin with warm cheeks, brows, eyes and lips painted on."""
    skin = np.array(wear.skin)
    colours = np.tile(skin, (len(points), 1)) * (1 + 0.03 * Noise(rng, 0.05)(points))[:, None]

    def blob(centre: NDArray, radii: tuple[float, float, float]) -> NDArray:
        """Weight 1 at the centre, falling to 0 at the radii; on both sides of the face."""
        mirrored = points * [1, 1, 1]
        mirrored[:, 1] = np.abs(mirrored[:, 1])
        return np.clip(1.6 * (1 - np.linalg.norm((mirrored - centre) / radii, axis=1)), 0, 1)[:, None]

    def paint(weight: NDArray, colour: NDArray | tuple[float, float, float]) -> None:
        colours[:] = colours * (1 - weight) + weight * np.asarray(colour)

    paint(0.35 * blob(np.array([0.06, 0.045, -0.03]), (0.05, 0.03, 0.03)), skin * [1.05, 0.82, 0.8])
    paint(0.7 * blob(np.array([0.085, 0, -0.06]), (0.025, 0.028, 0.012)), skin * [0.9, 0.62, 0.6])
    paint(0.45 * blob(_EYE, (0.03, 0.026, 0.02)), skin * 0.6)
    brow = np.array(wear.hair if wear.hair is not None else (70, 55, 45))
    paint(0.85 * blob(_EYE + [0.0, 0.002, 0.021], (0.03, 0.021, 0.006)), brow * 0.8)
    paint(blob(_EYE, (0.012, 0.013, 0.007)), (228, 222, 215))
    paint(blob(_EYE, (0.014, 0.0075, 0.0075)), (40, 28, 22))
    paint(0.6 * blob(_NOSE - [0.012, -0.009, 0.012], (0.012, 0.007, 0.006)), skin * 0.4)
    paint(0.3 * blob(_EAR, (0.014, 0.02, 0.02)), skin * [0.95, 0.7, 0.68])
    return np.clip(colours, 0, 255)


def _cap_edge(kind: str) -> Field:
    """Above it is cap, below it are hair, ears and face."""
    return half_space((0.075, 0, 0.048), (0.62 if kind == "skull" else 0.5, 0, -1))


def _cap(face: Field, kind: str, colour: NDArray, rng: np.random.Generator) -> Mesh:
    puff = 0.011 if kind == "skull" else rng.uniform(0.018, 0.032)
    wrinkle = Noise(rng, (0.07, 0.07, 0.05), octaves=2)
    shape = ball((-0.014 - 0.4 * puff, 0, 0.032 + 0.3 * puff), (0.097 + puff, 0.079 + puff, 0.09 + puff))
    solid = union(shape, grown(face, 0.004), blend=0.015)  # no head shows through
    rough = 0.0008 if kind == "skull" else 0.0022

    def field(points: NDArray) -> NDArray:
        return solid(points) + rough * wrinkle(points)

    edge = _cap_edge(kind)
    points, faces, normals = surface(common(field, edge), _LOW, _HIGH, 0.009)
    shade = 1 + 0.05 * wrinkle(points)
    rim = np.abs(edge(points)) < 0.008
    shade[rim] *= 0.86
    return Mesh.build(points, faces, normals, np.clip(colour * shade[:, None], 0, 255))


def _hair(colour: NDArray, cap: str, rng: np.random.Generator) -> Mesh:
    under_cap = cap != "none"
    noise = Noise(rng, 0.03)
    length = rng.uniform(-0.075, -0.02) if under_cap else rng.uniform(-0.1, -0.02)
    thick = 0.003 if under_cap else rng.uniform(0.008, 0.02)
    solid = grown(_cranium(), thick)

    def field(points: NDArray) -> NDArray:
        return solid(points) + 0.0025 * noise(points)

    edge = _cap_edge(cap)
    hairline = (lambda p: -0.02 - edge(p)) if under_cap else half_space((0.062, 0, 0.07), (1.0, 0, -0.75))
    nape = half_space((0, 0, length), (0.15, 0, -1))
    points, faces, normals = surface(common(field, hairline, nape), _LOW, _HIGH, 0.009)
    return Mesh.build(points, faces, normals, np.clip(colour * (1 + 0.12 * noise(points * 3))[:, None], 0, 255))


def _mask(face: Field, colour: NDArray, down: bool) -> Mesh:
    drop = 0.05 if down else 0.0
    solid = union(
        ball((0.03, 0, -0.05 - drop), (0.072, 0.066, 0.062)),
        ball((0.085, 0, -0.045 - drop), (0.028, 0.026, 0.035)),
        ball((0.062, 0, -0.098 - 0.4 * drop), (0.034, 0.034, 0.025)),
        blend=0.03,
    )
    if not down:  # drawn tight over nose and cheeks
        solid = union(solid, grown(face, -0.0015), blend=0.025)
    top = half_space((0.09, 0, 0.004 - drop), (-0.45, 0, 1))
    back = half_space((0.005, 0, 0), (-1, 0, 0))
    points, faces, normals = surface(common(grown(solid, 0.006), top, back), _LOW, _HIGH, 0.008)
    pleat = 1 + 0.06 * np.sin(points[:, 2] * 2 * np.pi / 0.022)
    return Mesh.build(points, faces, normals, np.clip(colour * pleat[:, None], 0, 255))


def _straps(colour: NDArray) -> Mesh:
    """Bands of the mask around the head."""
    bands = []
    for z_front, z_back in ((-0.015, 0.055), (-0.085, -0.045)):
        angle = np.linspace(-2.4, 2.4, 19)
        t = np.abs(angle) / 2.4
        ring = np.stack([-0.012 + 0.098 * np.cos(angle), 0.0775 * np.sin(angle), z_front * (1 - t) + z_back * t], -1)
        ring = ring[np.abs(angle) > 0.9]
        half = len(ring) // 2
        for part in (ring[:half], ring[half:]):
            low, high = part - [0, 0, 0.004], part + [0, 0, 0.004]
            bands.append(sheet(np.stack([low, high]), colour))
    return Mesh.merge(bands)


def _glasses() -> Mesh:
    angle = np.linspace(0, 2 * np.pi, 13)
    parts = []
    for s in (1, -1):
        rim = np.stack(
            [
                np.full(13, 0.101) - 0.01 * np.abs(np.cos(angle)),
                s * (0.031 + 0.024 * np.cos(angle)),
                0.012 + 0.018 * np.sin(angle),
            ],
            -1,
        )
        parts.append(tube(rim, 0.0022, (35, 35, 40), 5))
        parts.append(
            tube([(0.088, s * 0.056, 0.016), (0.06, s * 0.075, 0.016), (0, s * 0.083, 0.01)], 0.0022, (35, 35, 40), 5)
        )
    return Mesh.merge(parts)


def build_head(wear: Headwear, size: NDArray, rng: np.random.Generator) -> Mesh:
    """Everything above the neck, metres, about the centre of the skull.

    Args:
        wear: clothing and complexion.
        size: (3,) depth, width, height of the head.
        rng: the little differences between faces, folds and hair.
    """
    face = _face(rng)
    points, faces, normals = surface(face, _LOW, _HIGH, 0.0068)
    parts = [Mesh.build(points, faces, normals, _face_colours(points, wear, rng))]
    if wear.hair is not None:
        parts.append(_hair(np.array(wear.hair), wear.cap, rng))
    if wear.cap != "none":
        parts.append(_cap(face, wear.cap, np.array(wear.cap_colour), rng))
    if wear.mask != "none":
        parts.append(_mask(face, np.array(wear.mask_colour), wear.mask == "chin"))
        if wear.mask == "worn":
            parts.append(_straps(np.array(wear.mask_colour)))
    if wear.glasses:
        parts.append(_glasses())
    head = Mesh.merge(parts)
    scale = np.asarray(size) / MEAN_SIZE
    normals = head.normals / scale
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    return Mesh.build(head.points * scale, head.faces, normals, head.colours)
