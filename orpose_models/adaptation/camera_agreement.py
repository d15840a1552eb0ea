"""Several calibrated cameras that see the same moment: what they agree on is confirmed, and how far students agree."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from orpose_models.datasets.multiview import PlacedCamera
from orpose_models.evaluation.triangulation import MIN_JOINTS, TriangulatedPerson, match_persons
from orpose_models.training.labels import ImageLabels
from orpose_models.vocabulary.poses import Poses
from orpose_models.vocabulary.resolution import Size

_SEEN = 0.3  # scores from which on joints are triangulated
_LIKELY = 0.2  # score from which on a person is accepted whom another camera sees too
_MOST = 6  # persons of a camera, the surest: every combination of theirs is tried
_HALF = 0.5  # of the hard threshold: from there on a joint on which cameras agree is of the hard set


@dataclass
class Agreements:
    """Counts of what cameras said of each other.

    Attributes:
        seen_by_several: persons, in each camera that sees them. confirmed: of these, raised to accepted.
        joints_confirmed: put into the hard set. joints_doubted: taken out of it.
    """

    seen_by_several: int = 0
    confirmed: int = 0
    joints_confirmed: int = 0
    joints_doubted: int = 0


def agree(
    images: Sequence[ImageLabels],
    cameras: Sequence[PlacedCamera],
    accept: float,
    hard_threshold: float,
    counts: Agreements,
) -> list[ImageLabels]:
    """The labels of images of the same moment, corrected by each other.

    A person whom two cameras see in one place is accepted from a lower score on. A joint on which they agree is of the
    hard set from half of its threshold on; one that they see in places that cannot be one leaves it in all of them.
    Who is seen by one camera alone stays as it was: the others' views may be blocked.

    Args:
        images: one of each camera.
        cameras: at any size.
        accept, hard_threshold: as in `over_time`.
        counts: is added to.
    """
    if len(images) < 2:
        return list(images)
    sized = [camera.resized(*image.size) for camera, image in zip(cameras, images, strict=True)]
    kept = [_surest(image.soft) for image in images]
    persons = match_persons(sized, [image.soft.select(order) for image, order in zip(images, kept, strict=True)], _SEEN)
    corrected = list(images)
    for person in persons:
        views = [(c, int(kept[c][i])) for c, i in enumerate(person.views) if i >= 0]
        counts.seen_by_several += len(views)
        seen = sum(corrected[c].soft.keypoint_scores[i] >= _SEEN for c, i in views)
        agreed = np.isfinite(person.errors)
        doubted = (seen >= 2) & ~agreed
        for c, i in views:
            corrected[c] = _with_person(corrected[c], i, agreed, doubted, accept, hard_threshold, counts)
    return corrected


def _surest(poses: Poses) -> np.ndarray:
    return np.argsort(-poses.box_scores, kind="stable")[:_MOST]


def _with_person(
    image: ImageLabels,
    i: int,
    agreed: np.ndarray,
    doubted: np.ndarray,
    accept: float,
    hard_threshold: float,
    counts: Agreements,
) -> ImageLabels:
    soft, hard = image.soft, image.hard
    scores, hard_joints = soft.box_scores.copy(), hard.keypoint_scores.copy()
    if _LIKELY <= scores[i] < accept:
        scores[i] = accept
        counts.confirmed += 1
    joints = soft.keypoint_scores[i]
    joins = agreed & (hard_joints[i] == 0) & (joints >= _HALF * hard_threshold)
    leaves = doubted & (hard_joints[i] > 0)
    counts.joints_confirmed += int(joins.sum())
    counts.joints_doubted += int(leaves.sum())
    hard_joints[i] = np.where(joins, joints, np.where(leaves, 0, hard_joints[i]))
    new = {"box_scores": scores, "scores_hard": hard_joints}
    return replace(image, soft=soft.with_arrays(**new), hard=hard.with_arrays(keypoint_scores=hard_joints, **new))


@dataclass(frozen=True)
class Consistency:
    """How a model's answers from several cameras fit together, over some moments.

    Attributes:
        moments: how many.
        persons: seen by two cameras or more, of a moment; None without moments.
        error: median distance of joints to where they are by all cameras, as a share of the image's diagonal.
    """

    moments: int
    persons: float | None
    error: float | None


def consistency(moments: Sequence[Sequence[tuple[PlacedCamera, Size, Poses]]]) -> Consistency:
    """Measure moments, each with the poses of its cameras."""
    found: list[TriangulatedPerson] = []
    errors: list[float] = []
    for views in moments:
        cameras = [camera.resized(*size) for camera, size, _ in views]
        persons = match_persons(cameras, [poses.select(_surest(poses)) for _, _, poses in views], _SEEN)
        diagonal = float(np.mean([np.hypot(*size) for _, size, _ in views]))
        for person in persons:
            known = person.errors[np.isfinite(person.errors)]
            if len(known) >= MIN_JOINTS:
                found.append(person)
                errors += (known / diagonal).tolist()
    return Consistency(
        len(moments), len(found) / len(moments) if moments else None, float(np.median(errors)) if errors else None
    )
