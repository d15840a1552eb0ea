"""Outfits: which clothes a person wears, and the cloth itself as soft solids around the bones.

All solids are in the bind pose of `figures`: standing, arms held away from the body.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from orpose_models.lab.simulation.dressed_heads import Headwear
from orpose_models.lab.simulation.mannequins import Body, J
from orpose_models.lab.simulation.solids import Field, ball, common, cone, grown, half_space, union, without
from orpose_models.lab.simulation.splits import member

Array = NDArray[np.float64]
RGB = tuple[float, float, float]

SKINS: tuple[RGB, ...] = (
    (236, 198, 172),
    (226, 182, 152),
    (214, 164, 132),
    (196, 142, 108),
    (166, 114, 82),
    (130, 86, 60),
    (96, 62, 44),
)
HAIRS: tuple[RGB, ...] = ((28, 24, 22), (52, 36, 26), (92, 62, 38), (150, 112, 66), (190, 160, 110), (150, 148, 146))


@dataclass(frozen=True)
class Outfit:
    """What one person wears.

    Attributes:
        number: pool number of the outfit.
        headwear: everything on the head.
        scrubs: colour of shirt and trousers.
        shirt_sleeve: how far sleeves go down the upper arm, 0..1; above 1 into the forearm (warm-up jacket).
        over: 'none', 'gown', 'apron' (lead) or 'coat' (a plain long jacket).
        over_colour: its colour.
        thyroid: whether a lead collar is worn.
        gloves: colour, or None.
        shoes: colour.
        badge: whether an identity badge hangs at the chest.
    """

    number: int
    headwear: Headwear
    scrubs: RGB
    shirt_sleeve: float
    over: str
    over_colour: RGB
    thyroid: bool
    gloves: RGB | None
    shoes: RGB
    badge: bool


def tint(rng: np.random.Generator, hue: float, saturation: tuple[float, float], value: tuple[float, float]) -> RGB:
    """A colour (r, g, b) 0..255 of a hue and of ranges of saturation and value, all 0..1."""
    import colorsys

    r, g, b = colorsys.hsv_to_rgb(hue % 1, rng.uniform(*saturation), rng.uniform(*value))
    return (255 * r, 255 * g, 255 * b)


def cloth_colour(rng: np.random.Generator) -> RGB:
    """A colour of theatre textiles: blues, teals and greens of all washes, now and then wine, grey or navy."""
    kind = rng.choice(["blue", "teal", "green", "navy", "wine", "grey"], p=[0.34, 0.2, 0.22, 0.1, 0.05, 0.09])
    if kind == "grey":
        return tint(rng, 0.6, (0.0, 0.12), (0.35, 0.85))
    if kind == "wine":
        return tint(rng, rng.uniform(0.9, 0.99), (0.4, 0.7), (0.3, 0.55))
    if kind == "navy":
        return tint(rng, rng.uniform(0.58, 0.66), (0.5, 0.8), (0.18, 0.38))
    hue = {"blue": (0.53, 0.61), "teal": (0.46, 0.53), "green": (0.36, 0.46)}[str(kind)]
    return tint(rng, rng.uniform(*hue), (0.18, 0.58), (0.35, 0.8))


def draw_outfit(number: int, role: str) -> Outfit:
    """The outfit of a pool number for a role: 'scrubbed', 'staff', 'imaging' or 'patient'."""
    rng = member("outfit", number)
    scrubs, other = cloth_colour(rng), cloth_colour(rng)
    bald = rng.random() < 0.08
    skin, hair = SKINS[rng.integers(len(SKINS))], HAIRS[rng.integers(len(HAIRS))]
    tone = rng.normal(1, 0.04)
    masked = {"scrubbed": 0.98, "staff": 0.7, "imaging": 0.85, "patient": 0.0}[role]
    capped = {"scrubbed": 1.0, "staff": 0.92, "imaging": 0.95, "patient": 0.35}[role]
    cap = str(rng.choice(["skull", "bouffant"], p=[0.45, 0.55])) if rng.random() < capped else "none"
    mask = "worn" if rng.random() < masked else ("chin" if rng.random() < 0.4 and role != "patient" else "none")
    white = tuple(float(v) for v in rng.uniform(205, 245) * rng.normal(1, 0.02, 3).clip(0.95, 1.05))
    pale = tint(rng, rng.uniform(0.45, 0.6), (0.1, 0.4), (0.7, 0.95))
    headwear = Headwear(
        skin=tuple(float(v * tone) for v in skin),  # type: ignore[arg-type]
        hair=None if bald else hair,
        cap=cap,
        cap_colour=cloth_colour(rng) if rng.random() < 0.6 else pale,
        mask=mask,
        mask_colour=pale if rng.random() < 0.6 else white,  # type: ignore[arg-type]
        glasses=role != "patient" and rng.random() < 0.3,
    )
    over = {"imaging": "apron"}.get(role, "none")
    if role == "scrubbed" and rng.random() < 0.6:
        over = "gown"
    if role == "staff" and rng.random() < 0.15:
        over = str(rng.choice(["coat", "gown", "apron"]))
    over_colour: RGB = cloth_colour(rng)
    if over == "apron":
        over_colour = tint(rng, rng.random(), (0.1, 0.7), (0.12, 0.45))
    if over == "coat":
        over_colour = white if rng.random() < 0.5 else other  # type: ignore[assignment]
    gloved = {"scrubbed": 1.0, "staff": 0.35, "imaging": 0.6, "patient": 0.0}[role]
    glove: RGB = ((232, 224, 205), (238, 238, 235), (150, 180, 225), (190, 160, 210))[rng.integers(4)]
    return Outfit(
        number,
        headwear,
        scrubs,
        rng.uniform(1.5, 1.8) if rng.random() < 0.15 else rng.uniform(0.45, 0.8),
        over,
        over_colour,
        thyroid=over == "apron" and rng.random() < 0.7,
        gloves=glove if rng.random() < gloved else None,
        shoes=tint(rng, rng.random(), (0.0, 0.4), (0.1, 0.95)),
        badge=role in ("staff", "imaging") and rng.random() < 0.5,
    )


def _arm(bind: Array, side: str, radii: tuple[float, float, float], to: float) -> list[Field]:
    """Upper arm and forearm as cones; `to` 0..1 ends in the upper arm, 1..2 in the forearm."""
    shoulder, elbow, wrist = (bind[J[f"{side}_{p}"]] for p in ("shoulder", "elbow", "wrist"))
    first = shoulder + (elbow - shoulder) * min(to, 1.0)
    parts = [cone(shoulder, first, radii[0], radii[0] + (radii[1] - radii[0]) * min(to, 1.0))]
    if to > 1:
        parts.append(
            cone(elbow, elbow + (wrist - elbow) * (to - 1), radii[1], radii[1] + (radii[2] - radii[1]) * (to - 1))
        )
    return parts


def _sleeve(bind: Array, side: str, radii: tuple[float, float, float], to: float) -> Field:
    """A sleeve with an open end at `to`."""
    shoulder, elbow, wrist = (bind[J[f"{side}_{p}"]] for p in ("shoulder", "elbow", "wrist"))
    a, b, t = (shoulder, elbow, to) if to <= 1 else (elbow, wrist, to - 1)
    whole = union(*_arm(bind, side, radii, min(to + 0.2, 2.0)), blend=0.03)
    return common(whole, half_space(a + (b - a) * t, b - a))


def torso(body: Body, bind: Array, ease: float = 0.0) -> Field:
    """Trunk with shoulders and neck root; `ease` is how loosely cloth hangs around it, metres."""
    g = body.girth * body.stature / 1.72
    pelvis, chest, neck = bind[J["pelvis"]], bind[J["spine3"]], bind[J["neck"]]
    shoulders = [bind[J[f"{side}_shoulder"]] for side in ("left", "right")]
    hips = [bind[J[f"{side}_hip"]] for side in ("left", "right")]
    belly = pelvis + 0.5 * (chest - pelvis) + [0.01, 0, 0]
    return union(
        ball(pelvis + [-0.01, 0, -0.03], (0.118 * g + ease, 0.168 * g + ease, 0.13 + ease)),
        ball(belly, (0.112 * g**1.6 + ease, 0.155 * g**1.3 + ease, 0.22)),
        ball(chest + [0.01, 0, 0.0], (0.118 * g + ease, 0.160 * g + ease, 0.17 + ease)),
        cone(shoulders[0] * [1, 0.8, 1], shoulders[1] * [1, 0.8, 1], 0.06 * g + 0.6 * ease, 0.06 * g + 0.6 * ease),
        cone(hips[0], hips[1], 0.1 * g + ease, 0.1 * g + ease),
        cone(chest, neck, 0.09 * g, 0.062 * g + 0.5 * ease),
        blend=0.1,
    )


def _neckline(bind: Array, radius: float) -> Field:
    """The hole a collar leaves, deeper in front."""
    neck = bind[J["neck"]]
    return cone(neck + [0.055, 0, 0.02], neck + [0.0, 0, 0.3], radius, radius + 0.03)


def shirt(body: Body, bind: Array, sleeve: float, ease: float = 0.02) -> Field:
    """Scrub top: loose trunk to below the hips, sleeves ending at `sleeve`."""
    g = body.girth * body.stature / 1.72
    arms = [
        _sleeve(bind, side, (0.057 * g + ease, 0.058 * g + ease, 0.045 * g + ease), sleeve)
        for side in ("left", "right")
    ]
    hem = bind[J["pelvis"]] + [0, 0, -0.2 * body.stature / 1.72]
    flare = cone(bind[J["pelvis"]], hem - [0, 0, 0.2], 0.155 * g + ease, 0.2 * g + ease, squash=0.85)
    whole = union(torso(body, bind, ease), flare, *arms, blend=0.055)
    return common(without(whole, _neckline(bind, 0.085)), half_space(hem, (0, 0, -1)))


def trousers(body: Body, bind: Array, ease: float) -> Field:
    """Wide straight legs to the ankle."""
    g = body.girth * body.stature / 1.72
    parts: list[Field] = [ball(bind[J["pelvis"]] + [-0.01, 0, -0.03], (0.108 * g + ease, 0.155 * g + ease, 0.12))]
    for side in ("left", "right"):
        hip, knee, ankle = (bind[J[f"{side}_{p}"]] for p in ("hip", "knee", "ankle"))
        lateral = np.array([0, 0.03 if side == "left" else -0.03, 0])
        parts.append(cone(hip + lateral, knee, 0.094 * g + ease, 0.066 * g + ease))
        parts.append(cone(knee, ankle, 0.066 * g + ease, 0.055 * g + ease))
    ground = bind[J["left_ankle"], 2] - 0.02
    return common(union(*parts, blend=0.05), half_space((0, 0, ground), (0, 0, -1)))


def gown(body: Body, bind: Array, length: float, ease: float = 0.026) -> Field:
    """Long-sleeved gown; `length` 0..1 from hips to the ground."""
    g = body.girth * body.stature / 1.72
    arms = [
        _sleeve(bind, side, (0.06 * g + ease, 0.06 * g + ease, 0.04 * g + 0.4 * ease), 1.93)
        for side in ("left", "right")
    ]
    ground = bind[J["left_ankle"], 2] - body.ankle_height
    pelvis = bind[J["pelvis"]]
    hem = pelvis[2] + (ground - pelvis[2]) * length
    skirt = cone(pelvis, (pelvis[0], 0, hem - 0.25), 0.165 * g + ease, 0.25 * g + 2 * ease, squash=0.92)
    whole = union(torso(body, bind, ease), skirt, *arms, blend=0.06)
    return common(without(whole, _neckline(bind, 0.068)), half_space((0, 0, hem), (0, 0, -1)))


def apron(body: Body, bind: Array, length: float) -> Field:
    """Lead apron: stiff sleeveless front and back to the knees."""
    g = body.girth * body.stature / 1.72
    ground = bind[J["left_ankle"], 2] - body.ankle_height
    pelvis = bind[J["pelvis"]]
    hem = pelvis[2] + (ground - pelvis[2]) * length
    skirt = cone(pelvis, (pelvis[0], 0, hem - 0.2), 0.17 * g + 0.03, 0.205 * g + 0.04, squash=0.8)
    whole = union(torso(body, bind, 0.034), skirt, blend=0.07)
    shoulders = [
        half_space(bind[J[f"{side}_shoulder"]] * [1, 0.93, 1], (0, s, 0.1)) for side, s in (("left", 1), ("right", -1))
    ]
    return common(without(whole, _neckline(bind, 0.1)), half_space((0, 0, hem), (0, 0, -1)), *shoulders)


def collar(body: Body, bind: Array) -> Field:
    """Thyroid collar."""
    neck = bind[J["neck"]]
    solid = cone(neck - [0.0, 0, 0.03], neck + [0.01, 0, 0.05], 0.085 * body.girth, 0.078)
    return common(solid, half_space(neck + [0, 0, 0.06], (0.3, 0, 1)))


def skin(body: Body, bind: Array) -> Field:
    """Neck, upper chest and arms: what clothes may leave bare."""
    g = body.girth * body.stature / 1.72
    neck, head = bind[J["neck"]], bind[J["head"]]
    arms = [part for side in ("left", "right") for part in _arm(bind, side, (0.055 * g, 0.046 * g, 0.028 * g), 1.99)]
    return union(cone(neck - [0.02, 0, 0.04], head + [0.0, 0, 0.02], 0.07 * g**0.5, 0.056), *arms, blend=0.02)


def shoe(bind: Array, side: str, body: Body) -> Field:
    """Clog or covered shoe, its sole on the ground."""
    ankle, toe = bind[J[f"{side}_ankle"]], bind[J[f"{side}_foot"]]
    ground = ankle[2] - body.ankle_height
    heel = np.array([ankle[0] - 0.035, ankle[1], ground + 0.045])
    tip = np.array([toe[0] + 0.045, toe[1], ground + 0.036])
    solid = union(cone(heel, tip, 0.043, 0.042), cone(heel + [0.03, 0, 0.03], ankle, 0.045, 0.045), blend=0.03)
    return common(grown(solid, 0.004), half_space((0, 0, ground), (0, 0, -1)))
