"""Who of an image is who of those known: how alike two are by place in the image, place in space, and looks."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from orpose_models.tracking.appearance import appearance_distance
from orpose_models.tracking.kalman import foresee
from orpose_models.tracking.person import ALONG_STD, PersonState
from orpose_models.vocabulary.assignment import largest_sum
from orpose_models.vocabulary.poses import Poses
from orpose_models.vocabulary.similarity import box_iou, pose_oks

Floats = NDArray[np.float64]

# Seconds without being seen after which somebody is lost: found again by place in space and looks rather than by place
# in the image, and only after those who were not lost have been found.
RECENT = 0.6
# Who is less alike than this in the image, where nothing else is known, is somebody else.
MIN_SIMILARITY = 0.15
# The same by all that is known, for those seen lately and for the lost.
MIN_RECENT, MIN_LOST = 0.2, 0.5
# Metres per second that people walk at, and how long (s) they go on as they went.
WALKING = 0.8
PERSISTENCE = 0.6
# A find with less than this share of a known person's score is likely to be nobody: a part of somebody, or a shadow. To
# be that person it must be as alike as `MIN_FAINT`.
FAINT = 0.35
MIN_FAINT = 0.6
# Somebody lost is found again only with this share of their own score.
FAINT_LOST = 0.4
# Seconds after which somebody is known well enough to be rather themselves than somebody who is lost.
YOUNG = 1.0
# What somebody lost who was seen but once is worth beside somebody who was seen for so long.
BRIEF = 0.6
# How much place in space and looks count beside the place in the image.
SPACE, LOOKS = 0.6, 0.6
# Seconds in which place in space comes to say little of who somebody is.
FADES = 5.0
# Standard deviation of the appearance distance between two looks of one person.
SAME_LOOKS = 0.6
# The lifter's distance wavers from image to image by this many times `ALONG_STD`.
_SLACK = 1.5


@dataclass
class Track:
    """Somebody who is followed.

    Attributes:
        state: the filters; the id is theirs.
        box, keypoints, seen: (4,), (17, 2), (17,) as of the latest image that showed them, pixels.
        time: of that image, seconds.
        score: of the box, the mean over the latest images that showed them.
        begun: time of the first image that showed them, seconds.
        steadied: the score that is shown, see `Tracker`.
        shown: whether anybody was told of them.
    """

    state: PersonState
    box: NDArray[np.float32]
    keypoints: NDArray[np.float32]
    seen: NDArray[np.bool_]
    time: float
    score: float
    begun: float
    steadied: float
    shown: bool = False

    @property
    def id(self) -> int:
        """The person's."""
        return self.state.person


def assign(tracks: list[Track], poses: Poses, time: float) -> list[tuple[int, int]]:
    """Pairs of a track and a person of an image: those seen lately, then the new and the lost, then the faint.

    Each stage takes the pairs whose similarities, weighted by the persons' scores, have the largest sum (Hungarian
    method). Somebody who has been known for less than `YOUNG` is found to be one of the lost if that is more alike. The
    faint are tracks whose scores are far below that of a person who is left.

    Args:
        tracks: who is known.
        poses: who is in the image.
        time: of the image, seconds.
    """
    pairs: list[tuple[int, int]] = []
    if not tracks or not len(poses):
        return pairs
    alike, cues = similarity(tracks, poses, time)
    recent = np.array([time - track.time <= RECENT for track in tracks], bool)[:, None]
    young = np.array([time - track.begun < YOUNG for track in tracks], bool)[:, None]
    known = np.array([track.score for track in tracks])[:, None]
    scores = poses.box_scores.astype(np.float64)[None]
    limit = np.where(cues, np.where(recent, MIN_RECENT, MIN_LOST), MIN_SIMILARITY)
    limit = np.where(cues & (scores < FAINT * known), np.maximum(limit, MIN_FAINT), limit)
    able = (alike >= limit) & (recent | (scores >= FAINT_LOST * known))
    likely = known >= FAINT * scores
    # Sure finds are rather those who were sure before, and the lost rather those who were seen for long.
    seen = np.array([track.time - track.begun for track in tracks])[:, None]
    trust = np.sqrt(np.minimum(scores, known) * scores)
    trust = trust * np.where(recent, 1.0, np.minimum(BRIEF + seen * (1 - BRIEF) / YOUNG, 1.0))
    for stage in (recent & ~young & likely, likely, recent):
        # A pair that is not alike enough must not take the place of one that is.
        worth = np.where(stage & able, alike * trust, 0.0)
        worth[[row for row, _ in pairs]] = 0.0
        worth[:, [column for _, column in pairs]] = 0.0
        pairs += largest_sum(worth)
    return pairs


def similarity(tracks: list[Track], poses: Poses, time: float) -> tuple[Floats, NDArray[np.bool_]]:
    """How alike tracks and persons are, 0..1, and whether more than their places in the image says so: (t, n) both.

    In the image it is the mean of the boxes' IoU and the poses' OKS where a track would be if it went on for up to
    `PERSISTENCE`; it counts the less the longer the track was not seen.
    """
    gaps = np.array([max(time - track.time, 0.0) for track in tracks])
    ahead = np.stack([track.state.flat.drift for track in tracks]) * np.minimum(gaps, PERSISTENCE)[:, None]
    boxes = np.stack([track.box for track in tracks]) + np.tile(ahead, 2)
    keypoints = np.stack([track.keypoints for track in tracks]) + ahead[:, None]
    seen = np.stack([track.seen for track in tracks])
    areas = np.prod(boxes[:, 2:] - boxes[:, :2], axis=1) * (1 + 2 * gaps) ** 2
    flat = (box_iou(boxes, poses.boxes) + pose_oks(keypoints, areas, seen, poses.keypoints)) / 2
    total = np.broadcast_to(np.maximum(0.25, 1 - gaps)[:, None], flat.shape).copy()
    alike = flat * total
    off = appearance_distance(np.stack([track.state.appearance for track in tracks]), poses.appearance)
    cues = np.zeros(flat.shape, bool)
    place = SPACE * np.exp(-gaps / FADES)[:, None]
    for distance, weight in ((_apart(tracks, poses, time), place), (off / SAME_LOOKS, np.float64(LOOKS))):
        known = np.isfinite(distance)
        alike += np.where(known, np.exp(-0.5 * np.where(known, distance, 0.0) ** 2), 0.0) * weight
        total += known * weight
        cues |= known
    return alike / total, cues


def _apart(tracks: list[Track], poses: Poses, time: float) -> Floats:
    """(t, n) how many standard deviations roots are from where tracks would be; NaN where one is not known."""
    times = np.array([track.time for track in tracks])
    gaps = np.maximum(time - times, 0.0)[:, None]
    place, velocity = foresee([track.state.root for track in tracks], times)
    place = place + velocity * np.minimum(gaps, PERSISTENCE)
    distance = np.linalg.norm(place, axis=1, keepdims=True)
    off = poses.root.astype(np.float64) - place[:, None]
    along = (off * (place / np.maximum(distance, 1e-9))[:, None]).sum(axis=2)
    across = np.sqrt(np.maximum((off**2).sum(axis=2) - along**2, 0))
    wander = WALKING * gaps
    deep = along / np.hypot(_SLACK * ALONG_STD * distance + 0.1, wander)
    return np.asarray(np.hypot(deep, across / np.hypot(0.15, wander)) / np.sqrt(2), np.float64)
