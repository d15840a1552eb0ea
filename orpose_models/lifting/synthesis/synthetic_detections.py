"""How a 2D keypoint detector sees landmarks: noise, misses, guesses, swapped sides, and scores that go with them."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from orpose_models.lifting.synthesis.kinematics import Array
from orpose_models.vocabulary.skeletons import COCO17

_PARENT = {"elbow": "shoulder", "wrist": "elbow", "ankle": "knee"}
# Where each keypoint ends up when a detector takes a person's front for the back, below the face or without the legs.
_TURNED = [COCO17.flip[i] if i >= 5 else i for i in range(len(COCO17))]
_SWAPPED = [COCO17.flip[i] if 5 <= i <= 12 else i for i in range(len(COCO17))]


def _by_joint(**values: float) -> Array:
    return np.array([values[name.split("_")[-1]] for name in COCO17.joints])


# Standard deviation of the position relative to that of a shoulder, and how readily a joint is missed.
_NOISE = _by_joint(nose=0.5, eye=0.5, ear=0.6, shoulder=1.0, elbow=1.1, wrist=1.3, hip=1.6, knee=1.3, ankle=1.4)
_MISS = _by_joint(nose=1.5, eye=1.5, ear=1.5, shoulder=0.4, elbow=1.0, wrist=1.6, hip=1.0, knee=1.5, ankle=2.0)


@dataclass(frozen=True)
class DetectorNoise:
    """How well the detectors do; lengths are shares of the torso's (shoulders to hips) in the image.

    Attributes:
        sigma: noise of a shoulder in an easy image; a hard image has three times as much.
        outlier: share of visible joints that are put somewhere else nearby, with `outlier_sigma`.
        guess_sigma: noise of a joint that is hidden but reported nevertheless (smallest, largest).
        stray: share of arms and legs that are taken from somebody or something else up to 1.5 torsos away.
        swap: share of figures with left and right swapped, of the whole body or of arms and hips; more often
            where no face is seen.
        guessing: share of detectors that report every joint, seen or not, as top-down ones do.
    """

    sigma: float = 0.035
    outlier: float = 0.04
    outlier_sigma: float = 0.35
    guess_sigma: tuple[float, float] = (0.10, 0.35)
    stray: float = 0.03
    swap: float = 0.04
    guessing: float = 0.35


def detect(
    plane: Array, torso: Array, hidden: NDArray[np.bool_], inside: NDArray[np.bool_],
    noise: DetectorNoise, rng: np.random.Generator,
) -> tuple[Array, Array]:  # fmt: skip
    """Detected positions (n, 17, 2) and scores (n, 17) in 0..1, 0 where a joint is missed.

    Args:
        plane: (n, 17, 2) true positions, in the units of the result; torso: (n,) length of the torso in them.
        hidden: (n, 17) joints that something covers; inside: (n, 17) joints within the image.
    """
    n, k = hidden.shape
    hard = rng.beta(1.2, 3.0, (n, 1))
    guesses = rng.random((n, 1)) < noise.guessing
    # Visible joints.
    deviation = noise.sigma * (1 + 2 * hard) * _NOISE
    outlier = rng.random((n, k)) < noise.outlier * (0.5 + 2 * hard)
    deviation = np.where(outlier, noise.outlier_sigma * rng.uniform(0.3, 1, (n, k)), deviation)
    missed = rng.random((n, k)) < np.where(guesses, 0.0, 0.02 + 0.25 * hard * _MISS)
    # Hidden joints: reported more or less by guess, or not at all.
    daring = np.where(guesses, 1.0, rng.uniform(0, 0.45, (n, 1)))
    deviation = np.where(hidden, rng.uniform(*noise.guess_sigma, (n, k)), deviation)
    missed |= hidden & (rng.random((n, k)) > daring)
    # Crowds and gowns: limbs of somebody else, fronts taken for backs.
    trouble = 0.3 + 2.4 * hard[:, 0]
    stray, strayed = _stray_limbs(n, noise.stray * trouble, rng)
    missed &= ~strayed
    # A detector that assembles limbs from the trunk outwards mostly loses what follows a lost joint.
    breaks = (rng.random((n, k)) < 0.8) & ~guesses
    for part, parent in _PARENT.items():
        for side in ("left", "right"):
            child = COCO17.index(f"{side}_{part}")
            missed[:, child] |= missed[:, COCO17.index(f"{side}_{parent}")] & breaks[:, child]
    missed |= ~inside
    offset = rng.normal(size=(n, k, 2)) * deviation[..., None] + stray
    found = plane + offset * torso[:, None, None]
    scores = _scores(np.linalg.norm(offset, axis=-1), hidden | outlier | strayed, hard, rng)
    swapped = rng.random(n) < noise.swap * trouble * np.where(hidden[:, 0], 1.4, 0.6)
    whole = rng.random(n) < 0.5
    order = np.tile(np.arange(k), (n, 1))
    order[swapped & whole] = _TURNED
    order[swapped & ~whole] = _SWAPPED
    rows = np.arange(n)[:, None]
    found, scores, missed = found[rows, order], scores[rows, order], missed[rows, order]
    scores = np.where(missed | ~np.isfinite(found).all(axis=-1), 0.0, scores)
    return np.where(scores[..., None] > 0, found, 0.0), scores


def _stray_limbs(n: int, share: Array, rng: np.random.Generator) -> tuple[Array, NDArray[np.bool_]]:
    """Offsets (n, 17, 2) in torsos of limbs that belong elsewhere, and which joints (n, 17) do."""
    offset, strayed = np.zeros((n, len(COCO17), 2)), np.zeros((n, len(COCO17)), bool)
    for upper, lower in (("elbow", "wrist"), ("knee", "ankle")):
        for side in ("left", "right"):
            away = rng.random(n) < share
            angle, length = rng.uniform(-np.pi, np.pi, n), rng.uniform(0.4, 1.5, n)
            move = (length * away)[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1)
            nearer = rng.uniform(0, 1, n)  # of the upper joint
            first, second = COCO17.index(f"{side}_{upper}"), COCO17.index(f"{side}_{lower}")
            offset[:, first], offset[:, second] = move * nearer[:, None], move
            strayed[:, second] = away
            strayed[:, first] = away & (nearer > 0.3)
    return offset, strayed


def _scores(error: Array, doubtful: NDArray[np.bool_], hard: Array, rng: np.random.Generator) -> Array:
    """Scores that fall with the error, but only loosely: detectors are miscalibrated, each in its own way."""
    n, k = error.shape
    gain = rng.uniform(0.6, 1.15, (n, 1))
    quality = np.exp(-error / 0.15)
    score = gain * (0.3 + 0.7 * quality) * rng.beta(6, 1.5, (n, k)) * (1 - 0.4 * hard)
    score = np.where(doubtful, score * rng.uniform(0.1, 0.9, (n, k)), score)
    return np.clip(score, 0.01, 1.0)
