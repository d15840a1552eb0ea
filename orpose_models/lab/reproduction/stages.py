"""What rows are made from: the simulated splits and the labels. Each stage is done once."""

from collections.abc import Callable

from orpose_models.files.locks import locked
from orpose_models.lab.reproduction.row_plan import Workplace
from orpose_models.lab.reproduction.rows import Row
from orpose_models.training.processes import run
from orpose_models.vocabulary.errors import OrposeError

Say = Callable[[str], None]  # of one sentence, 'label: what is done'


def prepare(place: Workplace, rows: tuple[Row, ...], say: Say) -> None:
    """Make what these rows need and is not there; where another process does, wait for it.

    Raises:
        OrposeError: what was given is not there, or a stage failed.
    """
    with locked(place.out / ".prepare.lock", say=lambda: say("waiting: another process renders or labels")):
        _prepare(place, rows, say)


def _prepare(place: Workplace, rows: tuple[Row, ...], say: Say) -> None:
    _split(place, "test", place.config.images.test, say)
    labels = {row.labels for row in rows if row.trained}
    if "teacher" in labels:
        _teach(place, say)
    if "everyday" in labels:
        _everyday(place, say)


def _split(place: Workplace, split: str, images: int, say: Say) -> None:
    # A split is complete when its list of files is there: `orpose simulate` writes it last.
    if (place.data / split / "SHA256SUMS").is_file():
        return
    if place.config.data is not None:
        raise OrposeError(
            f"{place.data / split}: no complete split; make it: orpose simulate {place.data} --split {split}"
        )
    _simulate(place, split, images, say)


def _simulate(place: Workplace, split: str, images: int, say: Say) -> None:
    say(f"simulate: {images} images of {split}")
    folder, seed = str(place.out / "data"), str(place.config.seed)
    run(["simulate", folder, "--split", split, "--images", str(images), "--seed", seed])


def _teach(place: Workplace, say: Say) -> None:
    if place.labels.is_file():
        return
    if place.config.labels is not None:
        raise OrposeError(f"{place.labels}: no such file of labels; make it with orpose teach")
    _split(place, "train", place.config.images.train, say)
    say("teach: labels of the train split")
    labelling = place.config.labelling
    arguments = ["teach", str(place.data / "train"), "--out", str(place.labels), "--teacher", labelling.teacher]
    run([*arguments, "--accept", str(labelling.accept), "--workers", str(labelling.workers)])


def _everyday(place: Workplace, say: Say) -> None:
    if place.everyday.is_file():
        return
    if place.config.everyday is not None:
        raise OrposeError(f"{place.everyday}: no such file of labels; make it: orpose simulate OUT --split everyday")
    _simulate(place, "everyday", place.config.images.everyday, say)
