"""The evaluation file: figures with their conventions, and per image what intervals and comparisons need.

docs/evaluation.md describes it; `SCHEMA` counts its incompatible changes.
"""

from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from orpose_models.evaluation.paired_statistics import Statistic
from orpose_models.files.disk import read_json, write_json
from orpose_models.files.validation import layout_error
from orpose_models.vocabulary.errors import OrposeError

SCHEMA: Literal[1] = 1
KIND: Literal["orpose-evaluation"] = "orpose-evaluation"

Better = Literal["higher", "lower", "neither"]


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)


class Metric(_Model):
    """One figure.

    Attributes:
        value: None where it is not defined; `note` then says why.
        low, high: 95 % bootstrap interval over images; None where it was not computed.
        unit: 'mm', 'px', 'persons', '/image' or '' for a share or a correlation.
        better: which direction is better.
        convention: key of `Evaluation.conventions`.
        note: what a reader must know about this one.
    """

    value: float | None
    low: float | None = None
    high: float | None = None
    unit: str = ""
    better: Better = "higher"
    convention: str
    note: str = ""


class ImageScore(_Model):
    """How well one image went: `score` is the share of its labelled joints that are right (PCK@0.2)."""

    image_id: int
    file_name: str
    score: float
    persons: int
    predicted: int


class Result(_Model):
    """One list of predictions.

    Attributes:
        name: of the model or file.
        downsample: by how much the images were reduced; None if not all alike.
        predictions: file the figures are of, relative to the evaluation file where possible.
        image_ids: all images; what `statistics` refer to, in this order.
        missing: images without a prediction.
        metrics: the figures by name.
        tables: break-downs: table -> row -> column -> figure.
        statistics: what the figures with an interval are made of.
        reliability: bins of the reliability diagram: low, high, number, mean score, share right.
        images: all images with labelled persons, worst first.
        info: what the predictions say about themselves.
        notes: what images were matched by, what was left out.
    """

    name: str
    downsample: float | None
    predictions: str
    image_ids: list[int]
    missing: list[int]
    metrics: dict[str, Metric]
    tables: dict[str, dict[str, dict[str, float | None]]]
    statistics: dict[str, Statistic]
    reliability: list[tuple[float, float, int, float | None, float | None]]
    images: list[ImageScore]
    info: dict[str, Any] = {}
    notes: list[str] = []

    @property
    def label(self) -> str:
        """Name and downsampling."""
        return self.name if self.downsample is None else f"{self.name} at {self.downsample:g}x"


class Evaluation(_Model):
    """An evaluation of one or more lists of predictions on one dataset.

    Attributes:
        dataset: its name.
        images, persons: its size; ignored persons are not counted.
        notes: conventions of the dataset.
        conventions: what each figure means, by key.
        settings: working threshold, bootstrap draws, seed.
        results: one per list of predictions, in the order given.
    """

    kind: Literal["orpose-evaluation"] = KIND
    schema_version: Literal[1] = SCHEMA
    dataset: str
    images: int
    persons: int
    notes: list[str]
    conventions: dict[str, str]
    settings: dict[str, Any]
    results: list[Result]

    def save(self, path: str | Path) -> None:
        """Write as JSON, atomically."""
        write_json(path, self.model_dump(mode="json"))

    @classmethod
    def load(cls, path: str | Path) -> "Evaluation":
        """Read what `save` wrote.

        Raises:
            OrposeError: missing, not an evaluation, or of another schema.
        """
        raw = read_json(path)
        if not isinstance(raw, dict) or raw.get("kind") != KIND:
            raise OrposeError(f"{path}: not an evaluation of orpose (no kind = {KIND!r})")
        if raw.get("schema_version") != SCHEMA:
            raise OrposeError(
                f"{path}: schema {raw.get('schema_version')!r} is not the one this version reads ({SCHEMA})"
            )
        try:
            return cls.model_validate(raw)
        except ValidationError as error:
            raise layout_error(path, error) from None
