"""3D error: MPJPE with the metrics that belong to it, of the pairs that a protocol makes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from orpose_models.datasets.truth import Truth
from orpose_models.evaluation.alignment import joint_errors
from orpose_models.evaluation.paired_statistics import Ratio
from orpose_models.evaluation.pairs3d import (
    CONVENTIONS,
    HIP_CONVENTIONS,
    JOINTS,
    PARTS,
    Hips,
    Pairs3D,
    Protocol,
    pair3d,
)
from orpose_models.vocabulary.poses import Poses

PCK_THRESHOLD = 0.150  # metres
AUC_THRESHOLDS = np.linspace(0, 0.150, 31)  # metres; MPI-INF-3DHP's


@dataclass(frozen=True)
class Score3D:
    """Figures of one protocol; lengths in millimetres, None where there is nothing to average.

    Attributes:
        mpjpe: mean per joint position error.
        n_mpjpe: after the best scale.
        pa_mpjpe: after the best similarity transform; persons with at least four joints that count.
        pck3d: share of the counted joints of paired persons within 150 mm (root-aligned).
        pck3d_all: the same with the joints of persons who were not found counted as wrong.
        auc3d: mean of that share over thresholds 0, 5 ... 150 mm.
        recall: paired persons / annotated persons with 3D.
        persons: annotated persons with 3D.
        paired: of them those in the error.
        joints: number of joints in the error (released: with those counted as zero).
        zeroed: share of the joints in the error that count as zero because they are not labelled.
        parts: mpjpe of shoulders, hips, elbows, wrists.
        per_joint: mpjpe of each of the 8 joints.
    """

    mpjpe: float | None
    n_mpjpe: float | None
    pa_mpjpe: float | None
    pck3d: float | None
    pck3d_all: float | None
    auc3d: float | None
    recall: float | None
    persons: int
    paired: int
    joints: int
    zeroed: float | None
    parts: dict[str, float | None]
    per_joint: dict[str, float | None]


def score3d(pairs: Pairs3D) -> Score3D:
    """Compute the figures of one set of pairs."""
    errors = pairs.errors()
    counted = np.isfinite(errors)
    seen = errors[pairs.mask]
    shares = [float((seen <= t).mean()) for t in AUC_THRESHOLDS] if seen.size else []
    persons, all_joints = sum(pairs.persons.values()), sum(pairs.joints.values())
    return Score3D(
        mpjpe=_millimetres(errors),
        n_mpjpe=_millimetres(pairs.errors("scale")),
        pa_mpjpe=_millimetres(joint_errors(pairs.predicted, pairs.truth, pairs.mask, "procrustes")),
        pck3d=float((seen <= PCK_THRESHOLD).mean()) if seen.size else None,
        pck3d_all=float((seen <= PCK_THRESHOLD).sum() / all_joints) if all_joints else None,
        auc3d=float(np.mean(shares)) if shares else None,
        recall=len(pairs) / persons if persons else None,
        persons=persons,
        paired=len(pairs),
        joints=int(counted.sum()),
        zeroed=float((counted & ~pairs.mask).sum() / counted.sum()) if counted.any() else None,
        parts={part: _millimetres(errors[:, list(index)]) for part, index in PARTS.items()},
        per_joint={joint: _millimetres(errors[:, i]) for i, joint in enumerate(JOINTS)},
    )


def _millimetres(errors: NDArray[np.float64]) -> float | None:
    return float(np.nanmean(errors) * 1000) if np.isfinite(errors).any() else None


def evaluate3d(truth: Truth, predictions: Mapping[int, Poses]) -> dict[Protocol, dict[Hips, Score3D]]:
    """Both protocols, with hips as predicted and mapped."""
    return {
        protocol: {hips: score3d(pair3d(truth, predictions, protocol, hips)) for hips in HIP_CONVENTIONS}
        for protocol in CONVENTIONS
    }


def statistics3d(pairs: Pairs3D, image_ids: Sequence[int]) -> dict[str, Ratio]:
    """The figures of `Score3D` that are ratios, as functions of the weights of the images, in the order given."""
    place = {image_id: i for i, image_id in enumerate(image_ids)}
    rows = np.array([place[int(i)] for i in pairs.image_ids], np.int64)

    def total(values: NDArray) -> NDArray[np.float64]:
        return np.bincount(rows, np.nan_to_num(values).sum(axis=1), minlength=len(image_ids)).astype(np.float64)

    def ratio(top: NDArray, bottom: NDArray, scale: float = 1.0) -> Ratio:
        return Ratio(numerator=top.tolist(), denominator=bottom.tolist(), scale=scale)

    def mean_mm(errors: NDArray[np.float64]) -> Ratio:
        return ratio(total(errors), total(np.isfinite(errors)), 1000.0)

    errors = pairs.errors()
    near = total((errors <= PCK_THRESHOLD) & pairs.mask)
    return {
        "mpjpe": mean_mm(errors),
        "n_mpjpe": mean_mm(pairs.errors("scale")),
        "pa_mpjpe": mean_mm(joint_errors(pairs.predicted, pairs.truth, pairs.mask, "procrustes")),
        "pck3d": ratio(near, total(pairs.mask)),
        "pck3d_all": ratio(near, np.array([pairs.joints.get(i, 0) for i in image_ids], np.float64)),
        "recall": ratio(
            np.bincount(rows, minlength=len(image_ids)).astype(np.float64),
            np.array([pairs.persons.get(i, 0) for i in image_ids], np.float64),
        ),
    }
