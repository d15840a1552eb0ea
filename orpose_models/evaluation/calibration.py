"""Fitting a calibration of keypoint scores (`orpose_models.calibration`) on a validation split."""

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import isotonic_regression, minimize_scalar

from orpose_models.calibration import Calibration, Method, logit, sigmoid
from orpose_models.datasets.truth import Truth
from orpose_models.errors import OrposeError
from orpose_models.evaluation.lookup import match_images
from orpose_models.evaluation.uncertainty import joint_samples, reliability
from orpose_models.predictions import Predictions

_EPSILON = 1e-6
MIN_JOINTS = 50


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


def split_and_fit(truth: Truth, predictions: Predictions, method: Method, fit_share: float, seed: int) -> Calibration:
    """Fit on a share of the dataset's groups (of its images where there are fewer than two), judge on the rest.

    Raises:
        OrposeError: the predictions do not fit the dataset, or too few joints.
    """
    poses = match_images(truth, predictions).poses
    samples = joint_samples(truth, poses)
    groups = {image.image_id: image.group for image in truth.images}
    names = sorted(set(groups.values()))
    by_group = len(names) >= 2
    units = np.array(names if by_group else sorted(groups))
    shuffled = np.random.default_rng(seed).permutation(units)
    number = min(max(1, round(fit_share * len(units))), len(units) - 1)
    chosen = set(shuffled[:number].tolist())
    fit = np.array([(groups[int(i)] if by_group else int(i)) in chosen for i in samples.image_ids], bool)
    what = ", ".join(sorted(map(str, chosen))) if by_group else f"{number} of {len(units)} images"
    fitted = fit_calibration(method, samples.score[fit], samples.right[fit], f"{truth.name}: {what} (seed {seed})")
    rest, right = samples.score[~fit], samples.right[~fit]
    return fitted.model_copy(
        update={"ece_before": reliability(rest, right).ece, "ece_after": reliability(fitted(rest), right).ece}
    )
