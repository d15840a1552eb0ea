"""Making keypoint scores honest: a temperature or an isotonic curve, fitted on a validation split and kept as JSON."""

from itertools import pairwise
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from scipy.optimize import isotonic_regression, minimize_scalar

from orpose_models.datasets.truth import Truth
from orpose_models.errors import OrposeError
from orpose_models.evaluation.lookup import match_images
from orpose_models.evaluation.uncertainty import joint_samples, reliability
from orpose_models.files import read_json, write_json
from orpose_models.poses import Poses
from orpose_models.predictions import Predictions
from orpose_models.validation import layout_error

Method = Literal["temperature", "isotonic"]
_EPSILON = 1e-6
MIN_JOINTS = 50


class Calibration(BaseModel):
    """A monotonous map from score to probability of being right.

    Attributes:
        method: 'temperature': sigmoid(logit(score) / temperature); 'isotonic': linear between the knots.
        temperature: above 1 for overconfident scores; only with its method.
        knots: (score, probability) in rising order; only with its method.
        fitted_on: what it was fitted on.
        joints: how many joints that were.
        ece_before, ece_after: expected calibration error on joints that were not fitted on; None if there were none.
    """

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)
    kind: Literal["orpose-calibration"] = "orpose-calibration"
    schema_version: Literal[1] = 1
    method: Method
    temperature: Annotated[float, Field(gt=0)] | None = None
    knots: list[tuple[float, float]] | None = None
    fitted_on: str = ""
    joints: int = 0
    ece_before: float | None = None
    ece_after: float | None = None

    def __call__(self, scores: NDArray[np.floating]) -> NDArray[np.float64]:
        """Calibrated scores; 0 stays 0, because it means "not seen"."""
        scores = np.asarray(scores, np.float64)
        if self.temperature is not None:
            calibrated = _sigmoid(_logit(scores) / self.temperature)
        else:
            x, y = np.array(self.knots or [(0.0, 0.0), (1.0, 1.0)]).T
            calibrated = np.interp(scores, x, y)
        return np.where(scores > 0, calibrated, 0.0)

    def apply(self, poses: Poses) -> Poses:
        """The same persons with calibrated keypoint scores; the branches' own scores stay as they are."""
        return poses.with_arrays(keypoint_scores=self(poses.keypoint_scores))

    def save(self, path: str | Path) -> None:
        """Write as JSON, atomically."""
        write_json(path, self.model_dump(), indent=1)

    @classmethod
    def load(cls, path: str | Path) -> "Calibration":
        """Read what `save` wrote.

        Raises:
            OrposeError: missing or not a calibration.
        """
        try:
            return cls.model_validate(read_json(path))
        except ValidationError as error:
            raise layout_error(f"{path}: not a calibration of orpose", error) from None


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
        logits = _logit(x)

        def log_loss(log_temperature: float) -> float:
            p = np.clip(_sigmoid(logits / np.exp(log_temperature)), _EPSILON, 1 - _EPSILON)
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


def _logit(p: NDArray[np.floating]) -> NDArray[np.float64]:
    clipped = np.clip(p, _EPSILON, 1 - _EPSILON)
    return np.log(clipped / (1 - clipped))


def _sigmoid(x: NDArray[np.float64]) -> NDArray[np.float64]:
    return 1 / (1 + np.exp(-x))


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
