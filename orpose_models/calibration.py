"""Honest keypoint scores: a monotonous map from score to probability, as a JSON file.

`evaluation.calibration` fits one; models carry it along and apply it to what they find.
"""

from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from orpose_models.files import read_json, write_json
from orpose_models.poses import Poses
from orpose_models.validation import layout_error

Method = Literal["temperature", "isotonic"]
_EPSILON = 1e-6


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
            calibrated = sigmoid(logit(scores) / self.temperature)
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


def logit(p: NDArray[np.floating]) -> NDArray[np.float64]:
    """The inverse of `sigmoid`, limited to where it is finite in double precision."""
    clipped = np.clip(p, _EPSILON, 1 - _EPSILON)
    return np.log(clipped / (1 - clipped))


def sigmoid(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """1 / (1 + exp(-x))."""
    return 1 / (1 + np.exp(-x))
