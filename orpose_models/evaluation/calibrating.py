"""Fitting a calibration of keypoint scores (`orpose_models.model_format.score_calibration`) on a validation split."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import isotonic_regression, minimize_scalar

from orpose_models.datasets.truth import Truth
from orpose_models.evaluation.image_matching import match_images
from orpose_models.evaluation.uncertainty import (
    CONVENTION,
    UNLABELLED_WRONG,
    Reliability,
    joint_samples,
    reliability,
)
from orpose_models.files.predictions import Predictions
from orpose_models.model_format.score_calibration import Calibration, Method, logit, sigmoid
from orpose_models.vocabulary.errors import OrposeError

_EPSILON = 1e-6
MIN_JOINTS = 50
THRESHOLDS = (0.2, 0.3, 0.5, 0.7, 0.9)


def fit_calibration(
    method: Method, scores: NDArray[np.floating], right: NDArray[np.bool_], fitted_on: str = ""
) -> Calibration:
    """Fit on joints that are not used for judging.

    Args:
        method: 'temperature' minimises the log loss; 'isotonic' is the least-squares monotonous curve.
        scores: (k,) in 0..1; zeros (not seen) are left out.
        right: (k,) what came true.
        fitted_on: what the joints are of.

    Raises:
        OrposeError: fewer than `MIN_JOINTS` joints, or all right, or all wrong.
    """
    seen = np.asarray(scores) > 0
    x, y = np.asarray(scores, np.float64)[seen], np.asarray(right)[seen].astype(np.float64)
    if len(x) < MIN_JOINTS:
        raise OrposeError(f"a calibration needs at least {MIN_JOINTS} joints whose truth is known, got {len(x)}")
    if y.min() == y.max():
        raise OrposeError("a calibration needs right and wrong joints; here all are the same")
    if method == "temperature":
        logits = logit(x)

        def log_loss(log_temperature: float) -> float:
            p = np.clip(sigmoid(logits / np.exp(log_temperature)), _EPSILON, 1 - _EPSILON)
            return float(-np.mean(y * np.log(p) + (1 - y) * np.log(1 - p)))

        best = minimize_scalar(log_loss, bounds=(np.log(0.05), np.log(20.0)), method="bounded")
        return Calibration(method=method, temperature=float(np.exp(best.x)), fitted_on=fitted_on, joints=len(x))
    order = np.argsort(x, kind="stable")
    values, starts = np.unique(x[order], return_index=True)
    counts = np.diff([*starts, len(x)])
    means = np.add.reduceat(y[order], starts) / counts
    fitted = isotonic_regression(means, weights=counts)
    knots: list[tuple[float, float]] = []
    bounds = fitted.blocks
    for low, high in pairwise(bounds):
        level = float(fitted.x[low])
        knots.append((float(values[low]), level))
        if high - 1 > low:
            knots.append((float(values[high - 1]), level))
    return Calibration(method=method, knots=knots, fitted_on=fitted_on, joints=len(x))


@dataclass(frozen=True, eq=False)
class Judged:
    """How honest the scores of joints are, calibrated by fits that know nothing of them.

    Attributes:
        name: of the predictions, such as '8x', or 'all'.
        scores, calibrated: (k,) before and after.
        right: (k,).
    """

    name: str
    scores: NDArray[np.float64]
    calibrated: NDArray[np.float64]
    right: NDArray[np.bool_]

    @property
    def before(self) -> Reliability:
        """Of the scores as they are."""
        return reliability(self.scores, self.right)

    @property
    def after(self) -> Reliability:
        """Of the calibrated scores."""
        return reliability(self.calibrated, self.right)

    def thresholds(self) -> list[tuple[float, float, float | None]]:
        """For limits of the calibrated score: the share of joints at or above it, and how many of these are right."""
        rows: list[tuple[float, float, float | None]] = []
        for limit in THRESHOLDS:
            kept = self.calibrated >= limit
            share = float(kept.mean()) if len(kept) else 0.0
            rows.append((limit, share, float(self.right[kept].mean()) if kept.any() else None))
        return rows


def fit_and_judge(
    truth: Truth,
    runs: Sequence[Predictions],
    method: Method,
    folds: int,
    seed: int,
    unlabelled_wrong: bool = False,
) -> tuple[Calibration, list[Judged]]:
    """Fit on all joints, and judge by cross-validation: every joint by a fit that knows nothing of its recording.

    Folds are made of the dataset's groups (of its images where there are fewer than two).

    Args:
        truth: the dataset.
        runs: predictions of its images, such as those at several downsampling factors; all are fitted together.
        method: see `fit_calibration`.
        folds: how many, at least 2; as many as there are groups if these are fewer.
        seed: of what goes into which fold.
        unlabelled_wrong: see `joint_samples`.

    Returns:
        The calibration, and how honest scores are: of each of the runs, and of all together where there are several.

    Raises:
        OrposeError: the predictions do not fit the dataset, their scores are calibrated already, or too few joints.
    """
    if any("keypoint_scores" in run.info for run in runs):
        raise OrposeError(
            "the keypoint scores of these predictions are calibrated already; give --model instead, whose own scores "
            "are then fitted"
        )
    groups = {image.image_id: image.group for image in truth.images}
    names = sorted(set(groups.values()))
    by_group = len(names) >= 2
    units: list[Any] = names if by_group else sorted(groups)
    shuffled = np.random.default_rng(seed).permutation(len(units))
    fold_of = {units[unit]: place % folds for place, unit in enumerate(shuffled.tolist())}
    factors = [run.images[0].resolution.factor for run in runs if run.images]
    scales = "" if set(factors) <= {1.0} else " at " + ", ".join(f"{factor:g}x" for factor in factors)
    samples = [joint_samples(truth, match_images(truth, run).poses, unlabelled_wrong) for run in runs]
    score = np.concatenate([np.empty(0), *(joints.score for joints in samples)])
    right = np.concatenate([np.empty(0, bool), *(joints.right for joints in samples)])
    ids = [int(i) for joints in samples for i in joints.image_ids]
    fold = np.array([fold_of[groups[i] if by_group else i] for i in ids], int)
    what = f"{truth.name}{scales}: {len(units)} {'recordings' if by_group else 'images'}"
    what += "; joints that are not labelled are wrong" if unlabelled_wrong else ""
    fitted = fit_calibration(method, score, right, what)
    calibrated = np.empty(len(score))
    for k in set(fold.tolist()):
        calibrated[fold == k] = fit_calibration(method, score[fold != k], right[fold != k])(score[fold == k])
    ends = np.cumsum([0, *(len(joints) for joints in samples)])
    parts = [(f"{factor:g}x", slice(*end)) for factor, end in zip(factors, pairwise(ends.tolist()), strict=True)]
    if len(parts) > 1:
        parts.append(("all", slice(None)))
    judged = [Judged(name, score[part], calibrated[part], right[part]) for name, part in parts]
    error = {"ece_before": judged[-1].before.ece, "ece_after": judged[-1].after.ece}
    return fitted.model_copy(update=error), judged


def calibration_report(
    fitted: Calibration, judged: Sequence[Judged], info: Mapping[str, Any], unlabelled_wrong: bool = False
) -> dict[str, Any]:
    """All figures as JSON values.

    Args:
        fitted: the calibration.
        judged: how honest scores are before and after.
        info: of what: dataset, model.
        unlabelled_wrong: what was given to `fit_and_judge`.
    """
    rows = []
    for part in judged:
        before, after = part.before, part.after
        rows.append(
            {
                "predictions": part.name,
                "joints": len(part.scores),
                "share_right": after.share_right,
                "mean_score_before": before.mean_score,
                "mean_score_after": after.mean_score,
                "ece_before": before.ece,
                "ece_after": after.ece,
                "bins_before": before.bins,
                "bins_after": after.bins,
                "thresholds": [
                    {"score_at_least": limit, "share_of_joints": share, "share_right": right}
                    for limit, share, right in part.thresholds()
                ],
            }
        )
    return {
        "kind": "orpose-calibration-report",
        "schema_version": 1,
        **info,
        "convention": UNLABELLED_WRONG if unlabelled_wrong else CONVENTION,
        "judged_by": "cross-validation: every joint by a fit that knows nothing of its recording (of its image, where "
        "there is one recording only)",
        "judged": rows,
        "calibration": fitted.model_dump(),
    }
