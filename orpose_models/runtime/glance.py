"""A second, smaller look at an image in which somebody is large.

The network finds people who fill a large input less well, and their joints less exactly, than the same people in a
small one. So where the first look has so much as a hint of somebody large, the same network looks at the image once
more, smaller, and large people are taken from both looks. Not so where an image of few pixels goes through layers of
its own: these learned from people who fill it.
"""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from orpose_models.model_format.student_config import OneStageConfig
from orpose_models.runtime.codec import Persons
from orpose_models.vocabulary.resolution import Size
from orpose_models.vocabulary.similarity import box_iou

# Score from which on the first look's person is a hint.
HINT = 0.15
# Who is as wide or as high as this share of the image is large.
_LARGE = 0.5
# Large persons of both looks are one if their boxes have this IoU.
_SAME = 0.55
# A look at hardly fewer pixels tells nothing new.
_SMALLER = 1.25


@lru_cache(64)
def glance_size(config: OneStageConfig, full: Size, seen: Size) -> Size | None:
    """Width, height of the second look's input; None where there is no second look.

    Args:
        config: of the student.
        full: width, height of the original image.
        seen: of the image that is given, possibly reduced.
    """
    first = config.input_size(full, seen)
    if not config.glance or config.is_small(seen) or min(first) < _SMALLER * config.glance:
        return None
    return config.sized(config.glance).input_size(full, full)


def hints_at_large(persons: Persons, size: Size) -> bool:
    """Whether the first look may have seen somebody large in an input of this width, height."""
    return bool((_large(persons.boxes, size) & (persons.scores >= HINT)).any())


def with_large(persons: Persons, size: Size, glanced: Persons, glanced_size: Size) -> Persons:
    """The persons of the first look, and those of the second who are large; best first.

    Where both looks found the same one, the surer look counts.

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
    order = np.argsort(-both.scores, kind="stable")
    inside = np.clip(boxes[order], 0, np.tile(np.array(size, np.float32), 2))
    first = order < len(persons.scores)
    # Two persons of one look are never one: the codec has decided.
    same = (box_iou(inside, inside) >= _SAME) & (first[:, None] != first[None])
    kept = np.ones(len(order), bool)
    for i in range(len(order)):
        if kept[i]:
            kept[i + 1 :] &= ~same[i, i + 1 :]
    return _chosen(both, order[kept])


def best(persons: Persons, min_score: float) -> Persons:
    """Those of at least this score."""
    return persons if not min_score else _chosen(persons, np.flatnonzero(persons.scores >= min_score))


def _large(boxes: NDArray[np.float32], size: Size) -> NDArray[np.bool_]:
    """(n,) of boxes (n, 4): whether what is in the image of them is large."""
    limits = np.array(size, np.float32)
    sides = np.clip(boxes[:, 2:], 0, limits) - np.clip(boxes[:, :2], 0, limits)
    return np.asarray((sides >= _LARGE * limits).any(axis=1))


def _chosen(persons: Persons, index: NDArray[np.intp]) -> Persons:
    return Persons(
        persons.boxes[index], persons.scores[index], persons.keypoints[:, index], persons.keypoint_scores[:, index]
    )
