"""A second, smaller look at an image in which somebody large is not surely seen.

The network finds people who fill a large input less well, and their joints less exactly, than the same people in a
small one. So where the first look has so much as a hint of somebody large, but is not sure, the network looks at the
image once more, smaller, and large people are taken from both looks. Where the first look went through the layers for
images of few pixels, the second goes through those for images of many: they find other people.
"""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from orpose_models.model_format.student_config import OneStageConfig
from orpose_models.runtime.codec import Persons
from orpose_models.vocabulary.resolution import Size
from orpose_models.vocabulary.similarity import box_iou

# Score from which on the first look's person is a hint, and from which on it is sure.
HINT, _SURE = 0.2, 0.7
# Who is large: the box has this share of the image's sides, in the geometric mean of both.
_LARGE = 0.4
# Large persons of both looks are one if their boxes have this IoU.
_SAME = 0.55
# Joints of both looks mean the same place if they are nearer than this share of the side of a square as large as the
# person's box.
_NEAR = 0.12
# A look at hardly fewer pixels tells little new: the first one's short side is at least so many times as long.
_SMALLER = 1.25


@lru_cache(64)
def glance_size(config: OneStageConfig, full: Size, seen: Size) -> Size | None:
    """Width, height of the second look's input; None where there is no second look.

    Args:
        config: of the student.
        full: width, height of the original image.
        seen: of the image that is given, possibly reduced.
    """
    if not config.glance or config.side(seen) < _SMALLER * config.glance:
        return None
    return config.sized(config.glance).input_size(full, full)


def hints_at_large(persons: Persons, size: Size) -> bool:
    """Whether the first look may have seen somebody large in an input of this width, height, and is not sure."""
    return bool((_large(persons.boxes, size) & (persons.scores >= HINT) & (persons.scores < _SURE)).any())


def with_large(persons: Persons, size: Size, glanced: Persons, glanced_size: Size) -> Persons:
    """The persons of the first look, and those of the second who are large; best first.

    Whoever overlaps a surer person of the other look is that person, with the surer look's box and score. Joints that
    both looks see in about the same place are the mean of both; the others are the surer look's.

    Args:
        persons: of the first look, in pixels of its input.
        size: width, height of that input.
        glanced, glanced_size: the same of the second look.
    """
    glanced = _chosen(glanced, np.flatnonzero(_large(glanced.boxes, glanced_size)))
    scale = np.array(size, np.float32) / np.array(glanced_size, np.float32)
    boxes = np.concatenate([persons.boxes, glanced.boxes * np.tile(scale, 2)])
    both = Persons(
        boxes,
        np.concatenate([persons.scores, glanced.scores]),
        np.concatenate([persons.keypoints, glanced.keypoints * scale], axis=1),
        np.concatenate([persons.keypoint_scores, glanced.keypoint_scores], axis=1),
    )
    both = _chosen(both, order := np.argsort(-both.scores, kind="stable"))
    inside = np.clip(both.boxes, 0, np.tile(np.array(size, np.float32), 2))
    first = order < len(persons.scores)
    # Two persons of one look are told apart by the codec alone, unless the other look has a surer one in their place.
    same = np.triu((box_iou(inside, inside) >= _SAME) & (first[:, None] != first[None]), 1)
    kept = np.ones(len(order), bool)
    for i in range(len(order)):
        others = np.flatnonzero(same[i] & kept)
        if kept[i] and len(others):
            kept[others] = False
            # Whoever is no hint has no say: he may not have been looked for.
            if both.scores[others[0]] >= HINT:
                side = np.sqrt(np.prod(inside[i, 2:] - inside[i, :2]))
                both.keypoints[:, i] = _agreed(both, i, int(others[0]), _NEAR * side)
    return _chosen(both, np.flatnonzero(kept))


def _agreed(persons: Persons, surer: int, other: int, near: float) -> NDArray[np.float32]:
    """Keypoints (1 + b, 17, 2) of one person whom both looks saw: of those near each other the mean by score, of others
    the surer look's.
    """
    two = persons.keypoints[:, [surer, other]]
    weights = persons.keypoint_scores[:, [surer, other], :, None] + np.float32(1e-6)
    means = (two * weights).sum(axis=1) / weights.sum(axis=1)
    apart = np.linalg.norm(two[:, 0] - two[:, 1], axis=-1, keepdims=True)
    return np.where(apart <= near, means, two[:, 0])


def best(persons: Persons, min_score: float) -> Persons:
    """Those of at least this score."""
    return persons if not min_score else _chosen(persons, np.flatnonzero(persons.scores >= min_score))


def _large(boxes: NDArray[np.float32], size: Size) -> NDArray[np.bool_]:
    """(n,) of boxes (n, 4): whether the part inside the image is large."""
    limits = np.array(size, np.float32)
    shares = (np.clip(boxes[:, 2:], 0, limits) - np.clip(boxes[:, :2], 0, limits)) / limits
    return np.asarray(shares.prod(axis=1) >= _LARGE**2)


def _chosen(persons: Persons, index: NDArray[np.intp]) -> Persons:
    return Persons(
        persons.boxes[index], persons.scores[index], persons.keypoints[:, index], persons.keypoint_scores[:, index]
    )
