"""The configuration of `orpose reproduce`: a YAML file, checked."""

from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator
from typing_extensions import Self

from orpose_models.files.disk import read_settings
from orpose_models.files.validation import layout_error
from orpose_models.vocabulary.resolution import MAX_FACTOR, MIN_FACTOR

Count = Annotated[int, Field(gt=0)]
Factor = Annotated[float, Field(ge=MIN_FACTOR, le=MAX_FACTOR)]


# The settings in which rows differ.
_OF_ROWS = ("name", "seed", "data.sources", "augmentation.downsampling", "model.settings.branches")


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", allow_inf_nan=False, frozen=True)


class Images(_Strict):
    """How many images each split of the simulation has at least."""

    train: Count = 3600
    test: Count = 600
    everyday: Count = 3600


class Labelling(_Strict):
    """How the unlabelled split is labelled.

    Attributes:
        teacher: who does; the row `teacher` is of the same one.
        accept: score from which on a person is taken to be there.
        workers: processes.
    """

    teacher: str = "teacher"
    accept: Annotated[float, Field(ge=0, le=1)] = 0.3
    workers: Count = 2


class Training(_Strict):
    """What all rows that are trained have in common.

    Attributes:
        configurations: folder with ORPose_all.yaml and the others.
        processes: of torchrun; 1 does without it.
        set: what is to differ from the configurations, such as {schedule.iterations: 4000}; for all rows alike.
    """

    configurations: Path = Path("config/train/light")
    processes: Count = 2
    set: dict[str, Any] = {}

    @field_validator("set")
    @classmethod
    def _not_of_rows(cls, value: dict[str, Any]) -> dict[str, Any]:
        for name in value:
            for own in _OF_ROWS:
                if f"{own}.".startswith(f"{name}.") or name.startswith(f"{own}."):
                    raise ValueError(f"{name}: {own} is decided by the row")
        return value


class Evaluation(_Strict):
    """How rows are measured.

    Attributes:
        scales: downsampling factors.
        stride: every n-th image of the test split.
        draws: bootstrap draws of the intervals; 0 for none.
        processes: how many scales are measured at once.
        threads: of the model, in each process; null for all cores.
    """

    scales: Annotated[tuple[Factor, ...], Field(min_length=1)] = (1.0, 8.0, 10.0, 12.0)
    stride: Count = 1
    draws: Annotated[int, Field(ge=0)] = 1000
    processes: Count = 2
    threads: Count | None = 1


class ReproduceConfig(_Strict):
    """The experiment.

    Attributes:
        seed: of all trainings, and of the simulation.
        images, labelling, training, evaluation: see there.
        data: folder with the splits train and test, taken as they are; null: rendered into OUT/data.
        labels: the teacher's labels of the train split; null: made in OUT/labels.
        everyday: labels of the images that are not of an operating room; null: made in OUT/data.
    """

    seed: Annotated[int, Field(ge=0)] = 0
    images: Images = Images()
    labelling: Labelling = Labelling()
    training: Training = Training()
    evaluation: Evaluation = Evaluation()
    data: Path | None = None
    labels: Path | None = None
    everyday: Path | None = None

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read a configuration.

        Raises:
            OrposeError: missing, not YAML, an unknown key or a wrong value; says which.
        """
        raw = read_settings(path)
        try:
            return cls.model_validate(raw)
        except ValidationError as error:
            raise layout_error(path, error) from None
