"""What is kept of a finished row: RESULTS/ROW.json."""

from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from orpose_models.evaluation.result import Metric
from orpose_models.files.disk import read_json, write_json
from orpose_models.files.validation import layout_error
from orpose_models.vocabulary.errors import OrposeError

KIND: Literal["orpose-row"] = "orpose-row"
SCHEMA: Literal[1] = 1


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)


class Part(_Model):
    """How well a part of the body is placed: visible joints of persons who were found.

    Attributes:
        joints: how many.
        median_px: median distance from the annotation in pixels of the full-size image; None without joints.
        right: share of them within 0.2 of the torso.
    """

    joints: int
    median_px: float | None
    right: float | None


class ScaleRecord(_Model):
    """Figures at one downsampling factor: of `orpose evaluate`, by its names; and by parts of the body."""

    metrics: dict[str, Metric]
    parts: dict[str, Part] = {}


class TrainingRecord(_Model):
    """How a row was trained.

    Attributes:
        settings: all settings that the result depends on, and the SHA-256 of the labels in place of their file.
        iterations, batch, images_seen: the budget; images of an iteration are those of all processes.
        processes: of torchrun.
        labels: whose labels; their SHA-256, number of images and of accepted persons.
    """

    settings: dict[str, Any]
    iterations: int
    batch: int
    images_seen: int
    processes: int
    labels: dict[str, Any]


class TestRecord(_Model):
    """What a row was measured on, and how; see `reproduce_config.Evaluation`."""

    __test__ = False  # not a test of pytest

    dataset: str
    annotations_sha256: str
    images: int
    persons: int
    stride: int
    draws: int
    draws_seed: int = 0
    threshold: float


class Session(_Model):
    """A stretch of work on a row: interrupted work has several.

    Attributes:
        stage: 'training' or 'evaluation'.
        commit: of the program; "" where it is not known, with "+" where its files were changed since.
        began: time, UTC.
        seconds: how long it took.
    """

    stage: Literal["training", "evaluation"]
    commit: str
    began: str
    seconds: float


class ModelRecord(_Model):
    """What was measured; `parameters` and `multiply_adds` (10^9, see `model_size`) are None where unknown."""

    name: str
    sha256: str
    engine: str
    parameters: int | None = None
    multiply_adds: float | None = None


class RowRecord(_Model):
    """A finished row.

    Attributes:
        row, title: see `rows.Row`.
        seed: of the training; None for a row that is not trained.
        model: see there.
        training: None for a row that is not trained.
        test: what it was measured on.
        scales: by downsampling factor, such as '12'.
        commands: what gives the row, one after the other; DATA, LABELS and EVERYDAY stand for what was given.
        sessions: the work in order; seconds of all of them are the wall-clock time.
        machine: processor, cores, memory, versions.
    """

    kind: Literal["orpose-row"] = KIND
    schema_version: Literal[1] = SCHEMA
    row: str
    title: str
    seed: int | None
    model: ModelRecord
    training: TrainingRecord | None
    test: TestRecord
    scales: dict[str, ScaleRecord]
    commands: list[str]
    sessions: list[Session]
    machine: dict[str, str]

    def metric(self, factor: float, name: str) -> Metric | None:
        """A figure; None where there is none."""
        scale = self.scales.get(f"{factor:g}")
        metric = scale.metrics.get(name) if scale else None
        return metric if metric is not None and metric.value is not None else None

    def value(self, factor: float, name: str) -> float | None:
        """The value of a figure; None where there is none."""
        metric = self.metric(factor, name)
        return metric.value if metric else None

    def save(self, path: Path) -> None:
        """Write as JSON, atomically."""
        write_json(path, self.model_dump(mode="json"), indent=1)

    @classmethod
    def load(cls, path: Path) -> "RowRecord":
        """Read what `save` wrote.

        Raises:
            OrposeError: missing, or not such a file.
        """
        raw = read_json(path)
        if not isinstance(raw, dict) or raw.get("kind") != KIND:
            raise OrposeError(f"{path}: not a row of orpose reproduce (no kind = {KIND!r})")
        if raw.get("schema_version") != SCHEMA:
            raise OrposeError(f"{path}: schema {raw.get('schema_version')!r} is not the one that is read ({SCHEMA})")
        try:
            return cls.model_validate(raw)
        except ValidationError as error:
            raise layout_error(path, error) from None


def load_records(folder: Path, names: list[str]) -> dict[str, RowRecord]:
    """The rows that are there, by name.

    Raises:
        OrposeError: a file is damaged, or is of another row than its name says.
    """
    records = {}
    for name in names:
        path = folder / f"{name}.json"
        if path.exists():
            records[name] = RowRecord.load(path)
            if records[name].row != name:
                raise OrposeError(f"{path}: is of the row {records[name].row!r}; give it that name")
    return records


def differences(a: Any, b: Any, name: str = "") -> dict[str, tuple[Any, Any]]:
    """Where two nested dictionaries differ: name -> both values."""
    if isinstance(a, dict) and isinstance(b, dict):
        found: dict[str, tuple[Any, Any]] = {}
        for key in sorted(a.keys() | b.keys()):
            found |= differences(a.get(key), b.get(key), f"{name}.{key}" if name else key)
        return found
    return {} if a == b else {name: (a, b)}
