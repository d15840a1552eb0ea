"""The configuration of a training run: a YAML file, checked."""

from dataclasses import asdict, fields
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import Field, TypeAdapter, ValidationError, model_validator
from typing_extensions import Self

from orpose_models.files.disk import read_settings
from orpose_models.files.validation import layout_error
from orpose_models.model_format.student_config import PAPER, SETS, OneStageConfig, StudentConfig
from orpose_models.training.augmentation_config import Augmentation, Count, Positive, Share, Strict
from orpose_models.vocabulary.errors import OrposeError
from orpose_models.vocabulary.resolution import MAX_FACTOR, MIN_FACTOR


class ModelSettings(Strict):
    """The network.

    Attributes:
        kind: 'paper' or 'light', see `model_format.student_config`.
        settings: what is to differ from that configuration, such as branches.
        start: 'coco' (for light: MoveNet MultiPose and the trained lifter), 'none', or a file: a student of orpose
            (.safetensors) or detectron2's Keypoint R-CNN (.pkl, .pth).
        origin: of the light student: the weights that answer for unreduced pictures and from which the shares of
            `evaluation` are counted, 'coco' or a student's file; null for those of `start`. A run that goes on from a
            trained student names what that one began with.
        frozen_stages: how many of the backbone's first stages are not trained.
        small_alone: train nothing but the light student's layers for images of few pixels (`settings.small_limit`).
    """

    kind: Literal["paper", "light"]
    settings: dict[str, Any] = Field(default_factory=dict)
    start: str = "coco"
    origin: str | None = None
    frozen_stages: Annotated[int, Field(ge=0)] = 0
    small_alone: bool = False

    @model_validator(mode="after")
    def _has_small(self) -> Self:
        if self.small_alone and not self.settings.get("small_limit"):
            raise ValueError("small_alone needs settings.small_limit")
        return self

    def student_config(self) -> StudentConfig | OneStageConfig:
        """The network's sizes.

        Raises:
            OrposeError: a setting is unknown or out of range.
        """
        base = asdict(PAPER if self.kind == "paper" else OneStageConfig())
        kind = StudentConfig if self.kind == "paper" else OneStageConfig
        if unknown := self.settings.keys() - {field.name for field in fields(kind)}:
            raise OrposeError(f"model.settings: a student has no setting {', '.join(sorted(unknown))}")
        try:
            return TypeAdapter[StudentConfig | OneStageConfig](kind).validate_python({**base, **self.settings})
        except ValidationError as error:
            raise OrposeError(f"model.settings: {error.errors()[0]['msg']}") from None


class DataSource(Strict):
    """Images to train on: a file of pseudo-labels, or a folder of images in which nobody is.

    Attributes:
        labels: file that `orpose teach` made.
        person_free: folder of images without persons.
        only: patterns of file names of `labels`, such as everyday/*.jpg; others are left out. A name begins with
            that of its dataset's folder.
        share: of all that is trained on, in proportion to the other sources' shares; null for as many as it has images.
    """

    labels: Path | None = None
    person_free: Path | None = None
    only: tuple[str, ...] = ()
    share: Positive | None = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.labels is None) == (self.person_free is None):
            raise ValueError("give either labels or person_free")
        return self


class DataSettings(Strict):
    """What is trained on.

    Attributes:
        sources: see `DataSource`; the command line may add to them. Either all have a share or none.
        held_back: patterns of file names, as `DataSource.only`, that are not trained on but measured with.
        accept: score from which on a person is taken to be there, others are ignored: neither person nor background;
            that of each file of labels if null.
        empty: how often a labelled image in which nobody was accepted is taken, compared to the others; in many of them
            the teacher only missed everybody.
        workers: processes that prepare images; 0 prepares them in the training process; null for one, and with a GPU
            as many as there are processors.
    """

    sources: tuple[DataSource, ...] = ()
    held_back: tuple[str, ...] = ()
    accept: Share | None = None
    empty: Share = 1.0
    workers: Annotated[int, Field(ge=0)] | None = None


class Optimiser(Strict):
    """The optimiser.

    Attributes:
        kind: 'sgd' (with momentum), 'adamw', or 'channel_adam', see there: the one for networks whose batch norms were
            folded, such as the light student's start; its rate is relative, its weights do not decay.
        learning_rate: of the heads; backbone_factor and lifter_factor are those of backbone body and lifters to it.
        weight_decay, momentum: as usual.
        clip: largest norm of all gradients together; null for any.
    """

    kind: Literal["sgd", "adamw", "channel_adam"]
    learning_rate: Positive
    backbone_factor: Annotated[float, Field(ge=0)] = 1.0
    lifter_factor: Annotated[float, Field(ge=0)] = 1.0
    weight_decay: Annotated[float, Field(ge=0)] = 1e-4
    momentum: Annotated[float, Field(ge=0, lt=1)] = 0.9
    clip: Positive | None = None


class Schedule(Strict):
    """The learning rate over the run.

    Attributes:
        iterations: length of the run.
        warmup: iterations over which it rises linearly from warmup_factor times its value.
        kind: 'steps' multiplies it by `factor` at each of `milestones`; 'cosine' lets it fall to `final` times itself.
    """

    iterations: Count
    kind: Literal["steps", "cosine"]
    warmup: Annotated[int, Field(ge=0)] = 0
    warmup_factor: Share = 0.001
    milestones: tuple[Count, ...] = ()
    factor: Share = 0.1
    final: Share = 0.02


class Regions(Strict):
    """How many anchors, box regions and keypoint regions of an image the paper's student learns from."""

    proposals: Count = 256
    boxes: Count = 512
    keypoints: Count = 512


class LossWeights(Strict):
    """What each loss counts."""

    proposal: float = 1.0
    proposal_box: float = 1.0
    cls: float = 1.0
    box: float = 1.0
    centre: float = 1.0
    regression: float = 1.0
    offset: float = 1.0
    keypoints_soft: float = 1.0
    keypoints_hard: float = 1.0
    joints_soft: float = 1.0
    joints_hard: float = 1.0

    def of(self, name: str) -> float:
        """The weight of a loss by the name it is reported under."""
        kind = name.removeprefix("loss_").replace("2d", "keypoints").replace("3d", "joints").replace("class", "cls")
        return float(getattr(self, "offset" if kind.startswith("offset_") else kind))


class EvaluationSettings(Strict):
    """Evaluation during training.

    Attributes:
        dataset: 'held_back' for the images that data.held_back names, or KIND:PATH, as `orpose evaluate` takes it;
            never a test set.
        every: iterations between evaluations.
        factors: downsampling factors.
        images: at most this many images, evenly chosen; null for all.
        shares: of the way from the start to the best average that was measured: weights that are measured in the end,
            and of which the best are the result. With none the last average is.
    """

    dataset: str
    every: Count
    factors: tuple[Annotated[float, Field(ge=MIN_FACTOR, le=MAX_FACTOR)], ...] = (1.0, 12.0)
    images: Count | None = None
    shares: tuple[Share, ...] = ()


class TrainConfig(Strict):
    """A training run.

    Attributes:
        name: of the model that comes out.
        seed: decides every random choice, together with the number of the iteration or image.
        model, data, augmentation, optimiser, schedule, regions, loss_weights, evaluation: see there.
        batch: images of an iteration, of all processes together.
        ema: decay of the moving average of the weights, which is then the result; null for none.
        bfloat16: mixed precision where the device has it: compute the networks in bfloat16, or in float16 on a card
            that has no bfloat16.
        accumulate: in how many parts an iteration's images are computed, so that large batches fit into small memory;
            each counts the same.
        threads: of each process; null for all cores.
        log_every, pictures_every, checkpoint_every: iterations between scalars, sample images and checkpoints.
    """

    name: Annotated[str, Field(min_length=1, pattern=r"^[\w.+-]+$")]
    seed: Annotated[int, Field(ge=0)] = 0
    model: ModelSettings
    data: DataSettings = DataSettings()
    augmentation: Augmentation = Augmentation()
    optimiser: Optimiser
    schedule: Schedule
    batch: Count
    regions: Regions = Regions()
    loss_weights: LossWeights = LossWeights()
    ema: Annotated[float, Field(gt=0, lt=1)] | None = None
    bfloat16: bool = False
    accumulate: Count = 1
    threads: Count | None = None
    evaluation: EvaluationSettings | None = None
    log_every: Count = 20
    pictures_every: Count = 500
    checkpoint_every: Count = 250

    @classmethod
    def read(cls, path: str | Path, changes: tuple[str, ...] = ()) -> Self:
        """Read a configuration; `changes` such as 'schedule.iterations=100' replace single values.

        Raises:
            OrposeError: missing, not YAML, an unknown key or a wrong value; says which.
        """
        raw = read_settings(path)
        for change in changes:
            _change(raw, change)
        return cls.check(raw, str(path), changes)

    @classmethod
    def check(cls, raw: Any, source: str, changes: tuple[str, ...] = ()) -> Self:
        """A configuration from plain values, some of which came by `changes`.

        Raises:
            OrposeError: an unknown key or a wrong value; says which, and where it was given.
        """
        try:
            config = cls.model_validate(raw)
        except ValidationError as error:
            where = ".".join(str(part) for part in error.errors()[0]["loc"])
            given = next((c for c in changes if f"{where}.".startswith(f"{c.partition('=')[0]}.")), None)
            raise layout_error(source if given is None else f"--set {given}", error) from None
        config.model.student_config()
        return config

    def sets(self) -> tuple[str, ...]:
        """Which sets of labels the network learns."""
        branches = self.model.student_config().branches
        return SETS if branches in (SETS, ("both",)) else branches


def _change(raw: dict[str, Any], change: str) -> None:
    name, equals, text = change.partition("=")
    *path, last = name.split(".")
    inner: Any = raw
    for part in path:
        inner = inner.setdefault(part, {}) if isinstance(inner, dict) else None
    if not equals or not isinstance(inner, dict):
        raise OrposeError(f"--set {change!r}: expected NAME=VALUE, such as schedule.iterations=1000")
    try:
        inner[last] = yaml.safe_load(text)
    except yaml.YAMLError:
        raise OrposeError(f"--set {change!r}: {text!r} is no YAML value") from None
