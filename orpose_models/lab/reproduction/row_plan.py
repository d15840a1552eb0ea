"""What a row is to be: the files it needs, the commands that make it, and the settings its result depends on."""

import json
import shlex
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orpose_models.lab.reproduction.reproduce_config import ReproduceConfig
from orpose_models.lab.reproduction.row_record import RowRecord, differences
from orpose_models.lab.reproduction.rows import Row
from orpose_models.model_format.student_config import OneStageConfig, StudentConfig
from orpose_models.vocabulary.errors import OrposeError

if TYPE_CHECKING:
    from orpose_models.training.train_config import TrainConfig


@dataclass(frozen=True)
class Workplace:
    """Where everything is.

    Attributes:
        config: the experiment.
        out: folder of what is large: data, labels, checkpoints, predictions.
        results: folder of the rows' files of results.
    """

    config: ReproduceConfig
    out: Path
    results: Path

    @property
    def data(self) -> Path:
        """Folder of the splits."""
        return self.config.data or self.out / "data"

    @property
    def labels(self) -> Path:
        """The teacher's labels of the unlabelled split."""
        return self.config.labels or self.out / "labels" / "labels.json"

    @property
    def everyday(self) -> Path:
        """The labels of the images that are not of an operating room."""
        return self.config.everyday or self.out / "data" / "everyday" / "labels.json"

    @property
    def dataset(self) -> str:
        """The test split, as `orpose evaluate` takes it."""
        return f"sim:{self.data / 'test'}"

    def folder(self, row: Row) -> Path:
        """Where a row's checkpoints and predictions are."""
        return self.out / row.name

    def predictions(self, row: Row, annotations: str) -> Path:
        """Folder of a row's predictions for test images whose annotations have this SHA-256."""
        return self.folder(row) / f"test-{annotations[:12]}"

    def record(self, row: Row) -> Path:
        """A row's file of results."""
        return self.results / f"{row.name}.json"

    def labels_of(self, row: Row) -> Path:
        """The labels that a row is trained on."""
        return self.everyday if row.labels == "everyday" else self.labels

    def model_name(self, row: Row) -> str:
        """What `load_model` takes for a row."""
        if not row.trained:
            return row.model or self.config.labelling.teacher
        return str(self.folder(row) / f"{row.name}.safetensors")

    def train_arguments(self, row: Row) -> list[str]:
        """What `orpose train` is given for a row."""
        training = self.config.training
        changes = [f"name={row.name}", f"seed={self.config.seed}"]
        changes += [f"{name}={json.dumps(value)}" for name, value in training.set.items()]
        changes += row.changes  # what a row is comes last
        arguments = [str(training.configurations / f"{row.configuration}.yaml")]
        arguments += ["--labels", str(self.labels_of(row)), "--out", str(self.folder(row))]
        return arguments + [part for change in changes for part in ("--set", change)]

    def train_config(self, row: Row) -> "TrainConfig":
        """The configuration that these arguments give.

        Raises:
            OrposeError: a value is wrong.
        """
        from orpose_models.training.train_config import DataSource, TrainConfig

        arguments = self.train_arguments(row)
        changes = tuple(change for flag, change in pairwise(arguments) if flag == "--set")
        config = TrainConfig.read(arguments[0], changes)
        if config.data.sources:
            raise OrposeError(f"{arguments[0]}: names data of its own; rows are trained on the given labels only")
        data = config.data.model_copy(update={"sources": (DataSource(labels=self.labels_of(row)),)})
        return config.model_copy(update={"data": data})

    def commands(self, row: Row) -> list[str]:
        """The commands that make a row, for a reader: folders elsewhere are called DATA, LABELS, EVERYDAY, OUT."""
        evaluation = self.config.evaluation
        measure = ["orpose", "evaluate", "run", "--dataset", f"sim:{self._shown(self.data / 'test')}"]
        model = self.model_name(row) if not row.trained else self._shown(Path(self.model_name(row)))
        measure += ["--model", model, "--downsample", ",".join(f"{factor:g}" for factor in evaluation.scales)]
        measure += ["--stride", str(evaluation.stride), "--bootstrap", str(evaluation.draws)]
        if evaluation.threads is not None:
            measure += ["--threads", str(evaluation.threads)]
        commands = [shlex.join(measure)]
        if row.trained:
            processes = self.config.training.processes
            train = [
                "orpose",
                "train",
                *(self._shown(Path(a)) if Path(a).is_absolute() else a for a in self.train_arguments(row)),
            ]
            if processes > 1:
                train = ["torchrun", "--nproc-per-node", str(processes), "--standalone", "--no-python", *train]
            commands.insert(0, shlex.join(train))
        return commands

    def _shown(self, path: Path) -> str:
        """A path below the working folder as it is; others by the name of what they are."""
        named = {self.config.labels: "LABELS", self.config.everyday: "EVERYDAY"}
        if not path.is_absolute():
            return str(path)
        if path in named:
            return named[path]
        for folder, name in ((self.config.data, "DATA"), (self.out, "OUT"), (Path.cwd(), "")):
            if folder is not None and path.is_relative_to(folder):
                return str(Path(name) / path.relative_to(folder))
        return path.name


def settings_of(config: "TrainConfig") -> dict[str, Any]:
    """The settings that a training's result depends on; labels by their content, wherever they are.

    Raises:
        OrposeError: the labels are not there.
    """
    from orpose_models.training.checkpoint import identity

    for source in config.data.sources:
        if source.labels is not None and not source.labels.is_file():
            raise OrposeError(f"{source.labels}: no such file of labels")
    return without_places(identity(config), config.model.student_config())


def without_places(identity: dict[str, Any], student: StudentConfig | OneStageConfig) -> dict[str, Any]:
    """Settings as `training.checkpoint.identity` gives them, without where the labels are, and with all sizes.

    A default of the student's may change some day, so they are written out.
    """
    settings: dict[str, Any] = json.loads(json.dumps(identity))
    settings["model"]["settings"] = json.loads(json.dumps(asdict(student)))
    for source in settings["data"]["sources"]:
        source.pop("labels")
    return settings


def unlike(record: RowRecord, place: Workplace, row: Row) -> dict[str, tuple[Any, Any]]:
    """In what a finished row differs from what it would be now: name -> recorded, now.

    Labels that are not there cannot differ: a row is then compared by everything else.
    """
    evaluation = place.config.evaluation
    found: dict[str, tuple[Any, Any]] = {}
    for name in ("stride", "draws"):
        if getattr(record.test, name) != getattr(evaluation, name):
            found[f"evaluation.{name}"] = getattr(record.test, name), getattr(evaluation, name)
    if missing := [f"{factor:g}" for factor in evaluation.scales if f"{factor:g}" not in record.scales]:
        found["evaluation.scales"] = ", ".join(record.scales), ", ".join([*record.scales, *missing])
    if not row.trained:
        if record.model.name != place.model_name(row):
            found["model"] = record.model.name, place.model_name(row)
        return found
    if record.training is None:
        return {**found, "training": ("none", row.configuration)}
    config = place.train_config(row)
    recorded = record.training.settings
    if place.labels_of(row).is_file():
        now = settings_of(config)
    else:
        now = settings_of(config.model_copy(update={"data": config.data.model_copy(update={"sources": ()})}))
        now["data"]["sources"] = recorded.get("data", {}).get("sources")
    if record.training.processes != place.config.training.processes:
        found["training.processes"] = record.training.processes, place.config.training.processes
    return {**found, **differences(recorded, now)}


def state_of(place: Workplace, row: Row) -> str:
    """What is there of a row, in words."""
    path = place.record(row)
    if not path.exists():
        begun = (place.folder(row) / "sessions.json").exists()
        return "begun, not done" if begun else "missing"
    record = RowRecord.load(path)
    figures = [
        f"{factor:g}x {value:.3f}"
        for factor in place.config.evaluation.scales
        if (value := record.value(factor, "keypoint AP")) is not None
    ]
    text = f"done; keypoint AP {', '.join(figures)}"
    if other := unlike(record, place, row):
        named = "; ".join(f"{name} was {old!r}, is {new!r} now" for name, (old, new) in other.items())
        text += f". It was made with other settings ({named}) and is kept; to make it anew, remove {path}"
    return text
