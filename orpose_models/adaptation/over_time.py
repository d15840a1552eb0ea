"""Labels over time: what lasts from image to image is confirmed, what shows up in one alone is rejected."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from orpose_models.training.labels import ImageLabels
from orpose_models.vocabulary.poses import Poses
from orpose_models.vocabulary.skeletons import COCO17

# From which mean score on a person whose pose lasts through a whole moment is one, and how alike its poses must be.
_LASTING_SCORE, _LASTING_POSE = 0.2, 0.5
_REACH = 0.6  # of their height, between the places of a person in consecutive images
_JUMPS = 0.3  # agreement in place below which a joint is not of the hard set
_HELD = 0.7  # agreement in place from which on neighbours speak for a joint


@dataclass
class Confirmations:
    """Counts of what time said.

    Attributes:
        persons: who was labelled in moments of several images.
        confirmed: of these, raised to accepted. rejected: accepted before, seen in one image alone.
        missed: persons added, as rejected, to an image between two that show them.
        joints: joints taken out of the hard set. held: joints put into it.
    """

    persons: int = 0
    confirmed: int = 0
    rejected: int = 0
    missed: int = 0
    joints: int = 0
    held: int = 0


def over_time(
    moment: Sequence[ImageLabels], accept: float, hard_threshold: float, counts: Confirmations
) -> list[ImageLabels]:
    """The labels of consecutive images, each corrected by the others.

    A person who is in one image alone is rejected: neither person nor background. One who lasts gets the mean of its
    scores, and is accepted from a lower score on if its pose hardly changes through all of them. A joint gets a lower
    score where it jumps, and the mean of its scores where it stays. Who is in the first and the last image of three and
    not between them is added there as rejected.

    Args:
        moment: images of one camera, fractions of a second apart; labels as the teacher gave them. A single one is
            returned as it is.
        accept: score from which on a person is taken to be there.
        hard_threshold: score from which on a joint is of the hard set.
        counts: is added to.
    """
    if len(moment) < 2:
        return list(moment)
    ids = _linked([image.soft for image in moment])
    return [_corrected(moment, ids, place, accept, hard_threshold, counts) for place in range(len(moment))]


def _linked(poses: Sequence[Poses]) -> list[NDArray[np.int64]]:
    """Who is who in consecutive images: the same number for the same person, for each image (n,).

    People who walk by leave their box within a moment, so that boxes need not overlap here, as they must for lasting
    ids.
    """
    ids = [np.arange(len(poses[0]))]
    known, last = poses[0].boxes, ids[0]
    following = len(poses[0])
    for one in poses[1:]:
        mine = np.full(len(one), -1, np.int64)
        apart = _apart(known, one.boxes)
        for row, column in zip(*linear_sum_assignment(np.minimum(apart, 2 * _REACH)), strict=True):
            if apart[row, column] <= _REACH:
                mine[column] = last[row]
        new = np.flatnonzero(mine < 0)
        mine[new] = following + np.arange(len(new))
        following += len(new)
        ids.append(mine)
        gone = ~np.isin(last, mine)  # may come back in the image after
        known, last = np.concatenate([one.boxes, known[gone]]), np.concatenate([mine, last[gone]])
    return ids


def _apart(one: NDArray[np.float32], other: NDArray[np.float32]) -> NDArray[np.float64]:
    """(n, m) how far boxes are from each other, in heights, and how unlike in size."""
    first, second = one[:, None].astype(np.float64), other[None].astype(np.float64)
    centres = (first[..., :2] + first[..., 2:] - second[..., :2] - second[..., 2:]) / 2
    sides = [np.maximum(box[..., 2:] - box[..., :2], 1).max(axis=-1) for box in (first, second)]
    distance = np.linalg.norm(centres, axis=-1) / np.minimum(*sides)
    return np.asarray(distance + np.abs(np.log(sides[0] / sides[1])))


def _corrected(
    moment: Sequence[ImageLabels],
    ids: Sequence[NDArray[np.int64]],
    place: int,
    accept: float,
    hard_threshold: float,
    counts: Confirmations,
) -> ImageLabels:
    soft, hard = moment[place].soft, moment[place].hard
    scores, joints, hard_joints = soft.box_scores.copy(), soft.keypoint_scores.copy(), hard.keypoint_scores.copy()
    counts.persons += len(soft)
    for i, own in enumerate(ids[place]):
        others = [
            (j, int(np.flatnonzero(ids[j] == own)[0])) for j in range(len(moment)) if j != place and own in ids[j]
        ]
        if not others:
            if scores[i] >= accept:
                counts.rejected += 1
                scores[i] = accept * 0.9
            continue
        mean = float(np.mean([scores[i], *(moment[j].soft.box_scores[k] for j, k in others)]))
        agreement = np.mean([_agreement(soft, i, moment[j].soft, k) for j, k in others], axis=0)
        lasting = len(others) == len(moment) - 1 and len(moment) > 2
        if lasting and mean >= _LASTING_SCORE and _mean_seen(agreement, joints[i]) >= _LASTING_POSE:
            counts.confirmed += int(mean < accept)
            mean = max(mean, accept)
        scores[i] = mean
        held = np.mean([joints[i], *(moment[j].soft.keypoint_scores[k] for j, k in others)], axis=0)
        joints[i] = np.where(agreement >= _HELD, np.maximum(joints[i], held), joints[i] * (0.5 + 0.5 * agreement))
        was, now = hard_joints[i] > 0, (joints[i] >= hard_threshold) & (agreement >= _JUMPS)
        counts.joints += int((was & ~now).sum())
        counts.held += int((~was & now).sum())
        hard_joints[i] = np.where(now, joints[i], 0)
    new = {"box_scores": scores, "scores_soft": joints, "scores_hard": hard_joints}
    corrected = replace(
        moment[place],
        soft=soft.with_arrays(keypoint_scores=joints, **new),
        hard=hard.with_arrays(keypoint_scores=hard_joints, **new),
    )
    return _with_missed(corrected, moment, ids, place, accept, counts)


def _agreement(one: Poses, i: int, other: Poses, k: int) -> NDArray[np.float64]:
    """(17,) COCO's similarity of each joint's places, the movement of the whole person taken away."""
    moved = np.median(one.keypoints[i] - other.keypoints[k], axis=0)
    area = float(np.prod(np.maximum(one.boxes[i, 2:] - one.boxes[i, :2], 1)))
    squared = np.sum((one.keypoints[i] - other.keypoints[k] - moved) ** 2, axis=1).astype(np.float64)
    # Arms move within fractions of a second: twice COCO's tolerance.
    return np.asarray(np.exp(-squared / (2 * area * (4 * np.asarray(COCO17.oks_sigmas)) ** 2)))


def _mean_seen(agreement: NDArray[np.float64], scores: NDArray[np.float32]) -> float:
    seen = scores >= np.sort(scores)[-8]
    return float(agreement[seen].mean())


def _with_missed(
    image: ImageLabels,
    moment: Sequence[ImageLabels],
    ids: Sequence[NDArray[np.int64]],
    place: int,
    accept: float,
    counts: Confirmations,
) -> ImageLabels:
    """Add who is before and after, but not in this image, as a rejected person."""
    if not 0 < place < len(moment) - 1:
        return image
    before, after = moment[place - 1].soft, moment[place + 1].soft
    boxes = []
    for i, own in enumerate(ids[place - 1]):
        where = np.flatnonzero(ids[place + 1] == own)
        if own not in ids[place] and len(where):
            boxes.append((before.boxes[i] + after.boxes[where[0]]) / 2)
    if not boxes:
        return image
    counts.missed += len(boxes)
    added = Poses.from_arrays(np.stack(boxes), np.full(len(boxes), accept / 2))
    return replace(image, soft=Poses.concatenate([image.soft, added]), hard=Poses.concatenate([image.hard, added]))
