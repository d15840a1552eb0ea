"""Honest keypoint scores: a monotonous map from score to probability, as a JSON file.

`evaluation.calibration` fits one; models carry it along, as `info["calibration"]`, and apply it to what they find.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from typing_extensions import Self

from orpose_models.files.disk import read_json, write_json
from orpose_models.files.validation import layout_error
from orpose_models.vocabulary.poses import Poses

Method = Literal["temperature", "isotonic"]
INFO_KEY = "calibration"  # of what a model's file says about itself
# What was seen stays seen: tracking, OKS and PCK ask for a score above 0, and files keep four digits.
LOWEST = 0.001
_EPSILON = 1e-6
_Share = Annotated[float, Field(ge=0, le=1)]


class Calibration(BaseModel):
    """A monotonous map from score to probability of being right.

    Attributes:
        method: 'temperature': sigmoid(logit(score) / temperature); 'isotonic': linear between the knots.
        temperature: above 1 for overconfident scores; only with its method.
        knots: (score, probability) in rising order; only with its method.
        fitted_on: what it was fitted on.
        joints: how many joints that were.
        ece_before, ece_after: expected calibration error, the latter of fits that knew nothing of the joint's recording
            (cross-validation); None if unknown.
    """

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)
    kind: Literal["orpose-calibration"] = "orpose-calibration"
    schema_version: Literal[1] = 1
    method: Method
    temperature: Annotated[float, Field(gt=0)] | None = None
    knots: list[tuple[_Share, _Share]] | None = None
    fitted_on: str = ""
    joints: int = 0
    ece_before: float | None = None
    ece_after: float | None = None

    @model_validator(mode="after")
    def _a_monotonous_map(self) -> Self:
        by_temperature = self.method == "temperature"
        if (self.temperature is not None, bool(self.knots)) != (by_temperature, not by_temperature):
            raise ValueError(f"method {self.method!r} needs its own numbers and no others")
        if self.knots and not (np.diff(self.knots, axis=0) >= 0).all():
            raise ValueError("scores and probabilities of the knots must rise")
        return self

    def __call__(self, scores: NDArray[np.floating]) -> NDArray[np.float64]:
        """Calibrated scores; 0 stays 0, because it means "not seen", and nothing else becomes less than `LOWEST`."""
        scores = np.asarray(scores, np.float64)
        if self.temperature is not None:
            calibrated = sigmoid(logit(scores) / self.temperature)
        else:
            x, y = np.array(self.knots).T
            calibrated = np.interp(scores, x, y)
        return np.where(scores > 0, np.maximum(calibrated, LOWEST), 0.0)

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


def calibration_in(info: Mapping[str, Any], where: str | Path) -> Calibration | None:
    """The calibration that a model's file carries; None if it carries none.

    Args:
        info: what the file says about the model.
        where: the file, for the error.

    Raises:
        OrposeError: what it carries is none.
    """
    if info.get(INFO_KEY) is None:
        return None
    try:
        return Calibration.model_validate(info[INFO_KEY])
    except ValidationError as error:
        raise layout_error(f"{where}: its calibration of scores is none of orpose", error) from None


def calibration_of(model: object) -> Calibration | None:
    """The calibration that a pose model applies to its keypoint scores; None if their scale is the model's own."""
    found = getattr(model, INFO_KEY, None)
    return found if isinstance(found, Calibration) else None


def without_calibration(model: object) -> None:
    """Let a pose model give its own keypoint scores, as a calibration is fitted on them."""
    if calibration_of(model) is not None:
        setattr(model, INFO_KEY, None)


def described(model: object) -> dict[str, str]:
    """What a record of a model's run should say of its keypoint scores; nothing where they are the model's own."""
    found = calibration_of(model)
    return {"keypoint_scores": f"calibrated on {found.fitted_on}"} if found is not None else {}


def logit(p: NDArray[np.floating]) -> NDArray[np.float64]:
    """The inverse of `sigmoid`, limited to where it is finite in double precision."""
    clipped = np.clip(p, _EPSILON, 1 - _EPSILON)
    return np.log(clipped / (1 - clipped))


def sigmoid(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """1 / (1 + exp(-x))."""
    return 1 / (1 + np.exp(-x))
