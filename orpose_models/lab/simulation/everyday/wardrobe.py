"""Everyday clothes, hair and complexions."""

import colorsys
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from orpose_models.lab.simulation import clothing
from orpose_models.lab.simulation.clothing import RGB, SKINS
from orpose_models.lab.simulation.dressed_heads import Headwear
from orpose_models.lab.simulation.figures import (
    Figure,
    Pattern,
    Tailor,
    add_arms_and_neck,
    add_hand,
    add_head,
    add_shoe,
)
from orpose_models.lab.simulation.geometry import Mesh
from orpose_models.lab.simulation.mannequins import Body, J, head_centre
from orpose_models.lab.simulation.solids import Field, Noise, ball, common, cone, half_space, surface, union
from orpose_models.lab.simulation.splits import member

_TRUNK = ("pelvis", "spine1", "spine2", "spine3", "neck")
_UPPER = (*_TRUNK, "left_shoulder", "right_shoulder", "left_elbow", "right_elbow", "left_hip", "right_hip")
_LEGS = ("pelvis", "left_hip", "right_hip", "left_knee", "right_knee")
# Hue, saturation and value of human hair from black to white, roughly as often as it is seen.
_HAIRS = ((0.07, 0.3, 0.1), (0.07, 0.45, 0.2), (0.07, 0.5, 0.35), (0.1, 0.5, 0.65), (0.04, 0.65, 0.5), (0.1, 0.08, 0.6))
_HAIR_SHARES = (0.28, 0.26, 0.18, 0.12, 0.05, 0.11)


@dataclass(frozen=True)
class EverydayOutfit:
    """What one person wears.

    Attributes:
        number: pool number.
        headwear: complexion, hair and glasses; never a cap or a mask.
        long_hair: how far hair falls below the head's joint, metres; 0 for short hair.
        top: 'shirt', 'jumper' or 'jacket'.
        sleeve: how far its sleeves go, as `clothing.Outfit.shirt_sleeve`.
        top_colour, other_colour: of the top, and of its stripes or print.
        pattern: 'plain', 'stripes', 'checks' or 'print'.
        legs: 'trousers', 'shorts' or 'skirt'.
        hem: of shorts and skirts, 0 at the hips to 1 at the ground.
        legs_colour, shoes: colours.
        ease: how loose the clothes are, metres.
    """

    number: int
    headwear: Headwear
    long_hair: float
    top: str
    sleeve: float
    top_colour: RGB
    other_colour: RGB
    pattern: str
    legs: str
    hem: float
    legs_colour: RGB
    shoes: RGB
    ease: float


def any_colour(rng: np.random.Generator) -> RGB:
    """Any colour that cloth and paint come in: greys, blacks and whites, muted and loud ones."""
    if rng.random() < 0.35:
        level = rng.choice([rng.uniform(12, 60), rng.uniform(60, 190), rng.uniform(190, 248)])
        r, g, b = level * rng.normal(1, 0.03, 3)
    else:
        r, g, b = np.array(colorsys.hsv_to_rgb(rng.random(), rng.uniform(0.15, 0.95), rng.uniform(0.15, 0.95))) * 255
    return float(np.clip(r, 0, 255)), float(np.clip(g, 0, 255)), float(np.clip(b, 0, 255))


def _trouser_colour(rng: np.random.Generator) -> RGB:
    """Denim, black, grey and khaki more often than not."""
    kind = rng.choice(["denim", "dark", "khaki", "any"], p=[0.36, 0.26, 0.14, 0.24])
    if kind == "any":
        return any_colour(rng)
    hue, saturation, value = {
        "denim": (rng.uniform(0.58, 0.64), rng.uniform(0.25, 0.65), rng.uniform(0.2, 0.65)),
        "dark": (rng.random(), rng.uniform(0, 0.15), rng.uniform(0.06, 0.3)),
        "khaki": (rng.uniform(0.08, 0.14), rng.uniform(0.2, 0.5), rng.uniform(0.35, 0.8)),
    }[str(kind)]
    r, g, b = colorsys.hsv_to_rgb(hue, saturation, value)
    return 255 * r, 255 * g, 255 * b


def draw_everyday_outfit(number: int) -> EverydayOutfit:
    """The outfit of a pool number."""
    rng = member("outfit", number)
    dark = rng.uniform(0, len(SKINS) - 1)  # between two of the tones
    low = int(dark)
    skin = np.array(SKINS[low]) * (1 - dark % 1) + np.array(SKINS[min(low + 1, len(SKINS) - 1)]) * (dark % 1)
    skin *= rng.normal(1, 0.04)
    hue, saturation, value = _HAIRS[int(rng.choice(len(_HAIRS), p=_HAIR_SHARES))]
    hair = np.array(colorsys.hsv_to_rgb(hue, saturation, value * rng.uniform(0.8, 1.25))) * 255
    headwear = Headwear(
        tuple(float(v) for v in skin.clip(0, 250)),  # type: ignore[arg-type]
        None if rng.random() < 0.07 else tuple(float(v) for v in hair.clip(0, 250)),  # type: ignore[arg-type]
        "none", (0.0, 0.0, 0.0), "none", (0.0, 0.0, 0.0), bool(rng.random() < 0.25),
    )  # fmt: skip
    top = str(rng.choice(["shirt", "jumper", "jacket"], p=[0.55, 0.27, 0.18]))
    short = top == "shirt" and rng.random() < 0.7
    legs = str(rng.choice(["trousers", "shorts", "skirt"], p=[0.66, 0.17, 0.17]))
    patterns = ["plain", "stripes", "checks", "print"]
    return EverydayOutfit(
        number,
        headwear,
        long_hair=float(rng.uniform(0.06, 0.24)) if headwear.hair is not None and rng.random() < 0.38 else 0.0,
        top=top,
        sleeve=float(rng.uniform(0.3, 0.75) if short else rng.uniform(1.75, 1.93)),
        top_colour=any_colour(rng),
        other_colour=any_colour(rng),
        pattern=str(rng.choice(patterns, p=[0.55, 0.17, 0.1, 0.18])) if top != "jacket" else "plain",
        legs=legs,
        hem=float(rng.uniform(0.3, 0.56) if legs == "shorts" else rng.uniform(0.35, 0.8)),
        legs_colour=_trouser_colour(rng) if legs != "skirt" else any_colour(rng),
        shoes=any_colour(rng),
        ease=float(rng.uniform(0.004, 0.02) + {"shirt": 0.0, "jumper": 0.008, "jacket": 0.016}[top]),
    )


def _pattern(outfit: EverydayOutfit, rng: np.random.Generator) -> Pattern | None:
    """The colours of the top; None for a plain one."""
    if outfit.pattern == "plain":
        return None
    first, second = np.array(outfit.top_colour), np.array(outfit.other_colour)
    width, phase = rng.uniform(0.035, 0.12), rng.uniform(0, 1)
    noise, level = Noise(rng, rng.uniform(0.08, 0.3)), rng.uniform(0.2, 0.9)

    def paint(points: NDArray) -> NDArray:
        across = (points[:, 2] / width + phase) % 1 < 0.5
        if outfit.pattern == "stripes":
            weight = across.astype(float)
        elif outfit.pattern == "checks":
            weight = 0.5 * across + 0.5 * ((points[:, 1] / width + phase) % 1 < 0.5)
        else:
            weight = (noise(points) > level).astype(float)
        return first + weight[:, None] * (second - first)

    return paint


def _bare_legs(body: Body, bind: NDArray) -> Field:
    g = body.girth * body.stature / 1.72
    parts = []
    for side in ("left", "right"):
        hip, knee, ankle = (bind[J[f"{side}_{p}"]] for p in ("hip", "knee", "ankle"))
        calf = knee + 0.3 * (ankle - knee) - [0.012, 0, 0]
        parts += [
            cone(hip + [0, 0.02 if side == "left" else -0.02, 0], knee, 0.082 * g, 0.054 * g),
            cone(knee, calf, 0.052 * g, 0.056 * g),
            cone(calf, ankle, 0.056 * g, 0.036 * g),
        ]
    return union(*parts, blend=0.025)


def _skirt(body: Body, bind: NDArray, hem: float, ease: float) -> Field:
    g = body.girth * body.stature / 1.72
    pelvis = bind[J["pelvis"]]
    cloth = union(
        ball(pelvis + [-0.01, 0, -0.03], (0.112 * g + ease, 0.16 * g + ease, 0.13)),
        cone(pelvis, (pelvis[0], 0, hem - 0.2), 0.15 * g + ease, 0.23 * g + 2 * ease, squash=0.85),
        blend=0.05,
    )
    return common(cloth, half_space((0, 0, hem), (0, 0, -1)))


def _dress_legs(tailor: Tailor, outfit: EverydayOutfit) -> None:
    body, bind = tailor.body, tailor.bind
    skin = np.array(outfit.headwear.skin) * [0.98, 0.94, 0.92]
    colour = np.array(outfit.legs_colour)
    if outfit.legs == "trousers":
        tailor.piece(clothing.trousers(body, bind, outfit.ease - 0.006), colour, _LEGS, 0.006)
        return
    tailor.piece(_bare_legs(body, bind), skin, _LEGS, 0.0, step=0.02, soft=0.035)
    hip, ground = bind[J["left_hip"], 2], bind[J["left_ankle"], 2] - body.ankle_height
    hem = hip + (ground - hip) * outfit.hem
    if outfit.legs == "shorts":
        cloth = common(clothing.trousers(body, bind, outfit.ease), half_space((0, 0, hem), (0, 0, -1)))
        tailor.piece(cloth, colour, _LEGS, 0.006)
    else:
        tailor.piece(_skirt(body, bind, hem, outfit.ease), colour, _LEGS, 0.008, soft=0.1)


def _long_hair(tailor: Tailor, outfit: EverydayOutfit) -> None:
    """Hair that falls over the nape."""
    noise = Noise(tailor.rng, (0.02, 0.02, 0.2))
    end = -0.06 - outfit.long_hair
    solid = common(
        union(cone((-0.03, 0, 0.03), (-0.055, 0, end + 0.05), 0.088, 0.075), blend=0.03),
        half_space((-0.005, 0, 0), (1, 0, 0.1)),
        half_space((0, 0, end), (0, 0, -1)),
    )
    points, faces, normals = surface(
        lambda p: solid(p) + 0.003 * noise(p), (-0.16, -0.13, end - 0.02), (0.05, 0.13, 0.14), 0.011
    )
    colour = np.array(outfit.headwear.hair) * (1 + 0.12 * noise(points))[:, None]
    hair = Mesh.build(points, faces, normals, np.clip(colour, 0, 255))
    tailor.rigid(hair.placed(tailor.bind[J["head"]] + head_centre(tailor.body)), "head")


def build_everyday_figure(body: Body, outfit: EverydayOutfit) -> Figure:
    """Dress a body. The same body and outfit give the same figure."""
    tailor = Tailor(body, outfit.number)
    bind = tailor.bind
    _dress_legs(tailor, outfit)
    pattern, colour = _pattern(outfit, tailor.rng), np.array(outfit.top_colour)
    if outfit.top == "jacket":
        length = 0.08 + 0.25 * tailor.rng.random()
        joints = (*_UPPER, "left_knee", "right_knee")
        tailor.piece(clothing.gown(body, bind, length, outfit.ease), colour, joints, 0.008, soft=0.05)
    else:
        field = clothing.shirt(body, bind, outfit.sleeve, outfit.ease)
        tailor.piece(field, colour, _UPPER, 0.006, pattern=pattern)
    skin = np.array(outfit.headwear.skin) * [0.98, 0.94, 0.92]
    add_arms_and_neck(tailor, skin)
    for side in ("left", "right"):
        add_hand(tailor, side, skin)
        add_shoe(tailor, side, outfit.shoes)
    add_head(tailor, outfit.headwear)
    if outfit.long_hair:
        _long_hair(tailor, outfit)
    return tailor.figure()
