"""Pairs of predicted and annotated persons in 3D, by the protocol of the paper's release and by a strict one.

The released protocol is kept because published figures follow it; it hides misses (docs/evaluation.md
has a worked example). The strict one counts only what was found and really annotated, and has its recall beside it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from orpose_models.datasets.truth import NOT_LABELLED, VISIBLE, Truth
from orpose_models.evaluation.alignment import Alignment, joint_errors
from orpose_models.evaluation.pose_similarity import similarity
from orpose_models.vocabulary.assignment import one_to_one
from orpose_models.vocabulary.errors import OrposeError
from orpose_models.vocabulary.poses import Poses
from orpose_models.vocabulary.skeletons import H36M17, MVOR10, Skeleton

Protocol = Literal["released", "strict"]
Hips = Literal["unmapped", "mapped"]

# The paper's upper body: section 3.2. MVOR annotates a head and a neck, too.
JOINTS = MVOR10.joints[2:]
PARTS = {
    part: tuple(i for i, j in enumerate(JOINTS) if j.endswith(part)) for part in ("shoulder", "hip", "elbow", "wrist")
}
_SHOULDERS, _HIPS = list(PARTS["shoulder"]), list(PARTS["hip"])

STRICT_OKS = 0.5

# MVOR's annotators put hips higher and wider than detectors and motion capture do.
HIP_RAISE = 0.10  # of the way from mid-hips to mid-shoulders
HIP_WIDEN = 1.13

CONVENTIONS: Mapping[Protocol, str] = {
    "released": (
        "every annotated person takes the prediction with the highest OKS, however low, several may take the same; "
        "persons in images without any prediction are skipped; truth relative to its mid-hips, prediction to its "
        "pelvis, no other alignment; joints not labelled in 2D count as zero error; mean over 8 upper-body joints"
    ),
    "strict": (
        "one-to-one by OKS >= 0.5; truth and prediction relative to their own mid-hips; only joints annotated as "
        "visible in 2D and 3D count; persons without a prediction are not in the error but in the recall"
    ),
}
HIP_CONVENTIONS: Mapping[Hips, str] = {
    "unmapped": "hips as predicted",
    "mapped": (
        f"predicted hips moved {HIP_RAISE:.0%} of the way towards mid-shoulders and set {HIP_WIDEN:g} times as far "
        "apart, towards MVOR's definition of a hip; a fixed rule, not fitted to the predictions"
    ),
}


@dataclass(frozen=True, eq=False)
class Pairs3D:
    """m predictions and the annotated persons they stand for, at the 8 `JOINTS`.

    Attributes:
        protocol: which rules made the pairs.
        predicted: (m, 8, 3) metres, root-relative, optical axes.
        truth: (m, 8, 3) metres, relative to mid-hips.
        mask: (m, 8) which joints count.
        image_ids: (m,) where the pair is.
        persons: image id -> number of annotated persons with 3D, for the recall.
        joints: image id -> number of their joints that would count, found or not.
    """

    protocol: Protocol
    predicted: NDArray[np.float64]
    truth: NDArray[np.float64]
    mask: NDArray[np.bool_]
    image_ids: NDArray[np.int64]
    persons: Mapping[int, int]
    joints: Mapping[int, int]

    def __len__(self) -> int:
        return len(self.predicted)

    def only(self, image_ids: set[int]) -> "Pairs3D":
        """The pairs of these images."""
        keep = np.isin(self.image_ids, list(image_ids))
        return Pairs3D(
            self.protocol,
            self.predicted[keep],
            self.truth[keep],
            self.mask[keep],
            self.image_ids[keep],
            {i: n for i, n in self.persons.items() if i in image_ids},
            {i: n for i, n in self.joints.items() if i in image_ids},
        )

    def errors(self, alignment: Alignment = "root") -> NDArray[np.float64]:
        """(m, 8) metres; joints that do not count are NaN, in the released protocol 0."""
        errors = joint_errors(self.predicted, self.truth, self.mask, alignment)
        return np.where(self.mask, errors, 0.0) if self.protocol == "released" else errors


def pair3d(truth: Truth, predictions: Mapping[int, Poses], protocol: Protocol, hips: Hips = "unmapped") -> Pairs3D:
    """Pair predictions with the annotated persons that have 3D.

    Strict pairs are made among all persons with labelled keypoints, so that a prediction of somebody
    without 3D is not taken for a neighbour's. Predictions that lack one of the 8 joints or the pelvis in
    3D are nobody's.

    Args:
        truth: a dataset with 3D.
        predictions: poses by image id; a missing image has no prediction.
        protocol: see `CONVENTIONS`.
        hips: see `HIP_CONVENTIONS`.

    Raises:
        OrposeError: the dataset's 3D lacks one of the 8 joints.
    """
    source = _joint_indices(truth.skeleton3d, truth.name)
    source2d = [truth.skeleton.joints.index(j) if j in truth.skeleton.joints else -1 for j in JOINTS]
    predicted, targets, masks, image_ids = [], [], [], []
    persons: dict[int, int] = {}
    joints: dict[int, int] = {}
    for image in truth.images:
        points = image.persons.joints3d[:, source]
        # A person whose hips are unknown in 3D cannot be made root-relative.
        wanted = np.isfinite(points[:, _HIPS]).all(axis=(1, 2)) & image.persons.has3d & ~image.persons.ignore
        flags = image.persons.visibility[:, source2d]
        flags = np.where(np.array(source2d) >= 0, flags, NOT_LABELLED)
        if protocol == "strict":
            counts = (flags == VISIBLE) & (image.persons.visibility3d[:, source] == VISIBLE)
        else:
            counts = (flags > NOT_LABELLED) & np.isfinite(points).all(axis=-1)
        persons[image.image_id] = int(wanted.sum())
        joints[image.image_id] = int(counts[wanted].sum())
        poses = predictions.get(image.image_id, Poses.empty())
        # Where OKS is alike (often 0 for all), the better box score decides, not the order of the list.
        poses = poses.select(np.argsort(-poses.box_scores, kind="stable"))
        candidates, poses3d = _predicted_joints(poses, protocol, hips)
        if not wanted.any() or not candidates.any():
            continue
        oks = similarity(truth, image.persons, poses.select(candidates))
        oks[image.persons.ignore] = 0  # COCO's rule: a crowd takes nobody's prediction away
        if protocol == "strict":
            pairs = [(i, j) for i, j in one_to_one(oks, STRICT_OKS) if wanted[i]]
        else:
            pairs = [(int(i), int(oks[i].argmax())) for i in np.flatnonzero(wanted)]
        for i, j in pairs:
            predicted.append(poses3d[j])
            targets.append(points[i] - points[i, _HIPS].mean(axis=0))
            masks.append(counts[i])
            image_ids.append(image.image_id)
    shape = (-1, len(JOINTS), 3)
    return Pairs3D(
        protocol,
        np.reshape(predicted, shape).astype(np.float64),
        np.reshape(targets, shape).astype(np.float64),
        np.reshape(masks, shape[:2]).astype(bool),
        np.array(image_ids, np.int64),
        persons,
        joints,
    )


def _joint_indices(skeleton: Skeleton, dataset: str) -> list[int]:
    missing = [joint for joint in JOINTS if joint not in skeleton.joints]
    if missing:
        raise OrposeError(
            f"{dataset}: its 3D joints lack {', '.join(missing)}; MPJPE is defined on {', '.join(JOINTS)}"
        )
    return [skeleton.index(joint) for joint in JOINTS]


def _predicted_joints(poses: Poses, protocol: Protocol, hips: Hips) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
    """Which predictions (n,) have the 3D that is needed, and their joints (candidates, 8, 3)."""
    points = poses.joints3d[:, [H36M17.index(j) for j in JOINTS]].astype(np.float64)
    candidates = np.asarray(np.isfinite(points).all(axis=(1, 2)) & np.isfinite(poses.joints3d[:, 0]).all(axis=1))
    points = points[candidates] - poses.joints3d[candidates, :1]
    if hips == "mapped":
        points = map_hips(points)
    elif protocol == "strict":
        points -= points[:, _HIPS].mean(axis=1, keepdims=True)
    return candidates, points


def map_hips(points: NDArray[np.floating]) -> NDArray[np.float64]:
    """Move hips towards MVOR's definition and make the poses (n, 8, 3) relative to the new mid-hips."""
    moved = np.array(points, np.float64)
    middle = moved[:, _HIPS].mean(axis=1, keepdims=True)
    root = middle + HIP_RAISE * (moved[:, _SHOULDERS].mean(axis=1, keepdims=True) - middle)
    moved[:, _HIPS] = root + HIP_WIDEN * (moved[:, _HIPS] - middle)
    return moved - root
