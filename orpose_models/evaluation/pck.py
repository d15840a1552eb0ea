"""PCK@0.2 of the upper body, as in MVOR's paper: the share of joints within 0.2 of the person's size.

The details are not in the paper; they were found by trying which reproduce its published figures
from its published detections (docs/evaluation.md).
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from orpose_models.datasets.truth import NOT_LABELLED, Persons, Truth
from orpose_models.evaluation.paired_statistics import Ratio
from orpose_models.vocabulary.errors import OrposeError
from orpose_models.vocabulary.poses import Poses
from orpose_models.vocabulary.skeletons import COCO17, MVOR10

ALPHA = 0.2
PARTS = {
    part: tuple(i for i, joint in enumerate(MVOR10.joints) if joint.endswith(part))
    for part in ("head", "shoulder", "hip", "elbow", "wrist")
}

CONVENTION = (
    "joint correct within 0.2 x the longer side of the box around the person's labelled joints; each annotated person "
    "takes the prediction whose shoulders and hips are nearest on average, several may take the same; joints that are "
    "not labelled and joints of persons without any prediction count as wrong; head = middle of the eyes, else of the "
    "ears, else nose, else the one eye or ear found; mean over head, shoulders, hips, elbows, wrists"
)
CONVENTION_LABELLED = "the same, but joints that are not labelled do not count; mean over all labelled joints"

_TORSO = np.array([joint.endswith(("shoulder", "hip")) for joint in MVOR10.joints])
_EYES = [COCO17.index("left_eye"), COCO17.index("right_eye")]
_EARS = [COCO17.index("left_ear"), COCO17.index("right_ear")]
_NOSE = COCO17.index("nose")
_SHOULDERS = [COCO17.index("left_shoulder"), COCO17.index("right_shoulder")]
_LIMBS = [COCO17.index(joint) for joint in MVOR10.joints[2:]]


def upper_body(
    keypoints: NDArray[np.floating], found: NDArray[np.bool_]
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """MVOR's ten joints from COCO-17's, as in the published detections: from what was found, as far as it goes.

    Args:
        keypoints: (n, 17, 2).
        found: (n, 17).

    Returns:
        (n, 10, 2) joints and (n, 10) whether they are known; unknown ones are 0, 0.
    """
    points = np.zeros((len(keypoints), len(MVOR10), 2))
    known = np.zeros((len(keypoints), len(MVOR10)), bool)
    points[:, 2:], known[:, 2:] = keypoints[:, _LIMBS], found[:, _LIMBS]
    head = [(_EYES, 2), (_EARS, 2), ([_NOSE], 1), (_EYES, 1), (_EARS, 1)]
    neck = [(_SHOULDERS, 2), (_SHOULDERS, 1)]
    for target, recipes in ((0, head), (1, neck)):
        for sources, needed in recipes:
            count = found[:, sources].sum(axis=1)
            use = (count >= needed) & ~known[:, target]
            weights = found[use][:, sources, None] / count[use, None, None]
            points[use, target] = (keypoints[use][:, sources] * weights).sum(axis=1)
            known[:, target] |= use
    points[~known] = 0
    return points, known


@dataclass(frozen=True)
class PckResult:
    """PCK in 0..1; None where there is nobody.

    Attributes:
        mean: MVOR's figure, the mean of `parts`.
        labelled: over labelled joints only.
        parts: per part of the body, MVOR's way.
        statistics: `mean` and `labelled` as functions of the images' weights.
    """

    mean: float | None
    labelled: float | None
    parts: dict[str, float | None]
    statistics: dict[str, Ratio]


def pck(truth: Truth, predictions: Mapping[int, Poses], alpha: float = ALPHA) -> PckResult:
    """Compute PCK over all persons with labelled keypoints.

    Args:
        truth: a dataset with MVOR's ten joints or COCO's seventeen.
        predictions: poses by image id; a missing image has no person.
        alpha: the threshold as a share of the person's size.
    """
    hits = np.zeros((len(truth.images), len(MVOR10)))
    labelled = np.zeros(len(truth.images))
    persons = np.zeros(len(truth.images))
    for i, image in enumerate(truth.images):
        points, known = _annotated(truth, image.persons.select(image.persons.labelled & ~image.persons.ignore))
        persons[i], labelled[i] = len(points), known.sum()
        poses = predictions.get(image.image_id, Poses.empty())
        if len(points) and len(poses):
            hits[i] = _correct(points, known, *upper_body(poses.keypoints, poses.keypoint_scores > 0), alpha).sum(0)
    per_part = {part: hits[:, list(joints)].mean(axis=1) for part, joints in PARTS.items()}
    weights = np.ones(len(truth.images))

    def ratio(numerator: NDArray[np.float64], denominator: NDArray[np.float64]) -> Ratio:
        return Ratio(numerator=numerator.tolist(), denominator=denominator.tolist())

    statistics = {
        "mean": ratio(np.mean(list(per_part.values()), axis=0), persons),
        "labelled": ratio(hits.sum(axis=1), labelled),
    }
    return PckResult(
        statistics["mean"].value(weights),
        statistics["labelled"].value(weights),
        {part: ratio(values, persons).value(weights) for part, values in per_part.items()},
        statistics,
    )


def _annotated(truth: Truth, persons: Persons) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    if truth.skeleton == MVOR10:
        return persons.keypoints, persons.visibility > NOT_LABELLED
    if truth.skeleton == COCO17:
        return upper_body(persons.keypoints, persons.visibility > NOT_LABELLED)
    raise OrposeError(f"{truth.name}: PCK needs the joints of MVOR or COCO, not {truth.skeleton.name}")


def _correct(
    points: NDArray[np.float64],
    known: NDArray[np.bool_],
    predicted: NDArray[np.float64],
    found: NDArray[np.bool_],
    alpha: float,
) -> NDArray[np.bool_]:
    """(n, 10) which joints of n annotated persons their prediction has right."""
    low = np.where(known[..., None], points, np.inf).min(axis=1)
    high = np.where(known[..., None], points, -np.inf).max(axis=1)
    size = (high - low).max(axis=1)
    distance = np.linalg.norm(points[:, None] - predicted[None], axis=-1)
    torso = known & _TORSO
    torso = np.where(torso.any(axis=1, keepdims=True), torso, known)
    # A joint that the prediction lacks stands at 0, 0 and so speaks against it.
    mean = (distance * torso[:, None]).sum(axis=2) / np.maximum(torso.sum(axis=1), 1)[:, None]
    taken = mean.argmin(axis=1)
    near = distance[np.arange(len(points)), taken] <= alpha * size[:, None]
    return np.asarray(near & known & found[taken])
