"""Making one row: train, measure, write its file of results."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from orpose_models.files.disk import sha256
from orpose_models.lab.reproduction.model_size import describe
from orpose_models.lab.reproduction.parallel import measure_scales
from orpose_models.lab.reproduction.provenance import Sessions, machine
from orpose_models.lab.reproduction.row_measuring import open_test, test_record
from orpose_models.lab.reproduction.row_plan import Workplace, settings_of, state_of, without_places
from orpose_models.lab.reproduction.row_record import RowRecord, TrainingRecord
from orpose_models.lab.reproduction.rows import Row
from orpose_models.lab.reproduction.stages import prepare
from orpose_models.registry.models import load_model
from orpose_models.student.weights import load_student
from orpose_models.training.labels import LabelSet
from orpose_models.training.processes import locked, train
from orpose_models.vocabulary.errors import OrposeError

# What is being done, how much of it is done, how much there is, a remark.
Report = Callable[[str, int, int, str], None]
Bars = AbstractContextManager[Report]


def make_rows(
    place: Workplace, rows: Sequence[Row], note: Callable[[str, str], None], bars: Callable[[], Bars]
) -> list[str]:
    """Make the rows that are missing, and what they need.

    Args:
        place: of the experiment.
        rows: which ones.
        note: called with a label and a sentence.
        bars: opens what shows how far a row is.

    Returns:
        The names of those that could not be made; the others are made all the same.
    """
    missing = [row for row in rows if not place.record(row).exists()]
    for row in rows:
        if row not in missing:
            note(row.name, state_of(place, row))
    failed = []
    for row in missing:
        try:
            if row.trained:
                place.train_config(row)  # a mistake in it is found before rendering and labelling
            prepare(place, (row,), lambda text: note(*text.split(": ", 1)))
            with bars() as report:
                make_row(place, row, report)
        except OrposeError as error:
            note(row.name, str(error))
            failed.append(row.name)
            continue
        note(row.name, state_of(place, row))
    return failed


def make_row(place: Workplace, row: Row, report: Report) -> RowRecord:
    """Train and measure a row, or go on with it, and write its file of results.

    Raises:
        OrposeError: data are missing or damaged, the training failed, or somebody else works on this row.
        KeyboardInterrupt: interrupted; the same call goes on.
    """
    folder = place.folder(row)
    truth = open_test(place)
    test = test_record(place, truth)
    with locked(folder) as lock:
        sessions = Sessions(folder / "sessions.json")
        training = _train(place, row, sessions, lock, report) if row.trained else None
        model = load_model(place.model_name(row), place.config.evaluation.threads)

        def show_images(factor: float, done: int) -> None:
            report(f"{row.name} at {factor:g}x", done, len(truth.images), "")

        with sessions.session("evaluation") as beat:
            scales = measure_scales(
                place, place.model_name(row), place.predictions(row, test.annotations_sha256), show_images, beat
            )
        record = RowRecord(
            row=row.name,
            title=row.title,
            seed=place.config.seed if row.trained else None,
            model=describe(model, truth.images[0].size),
            training=training,
            test=test,
            scales=scales,
            commands=place.commands(row),
            sessions=sessions.done,
            machine=machine(),
        )
        record.save(place.record(row))
    return record


def _train(place: Workplace, row: Row, sessions: Sessions, lock: int, report: Report) -> TrainingRecord:
    config = place.train_config(row)
    settings = settings_of(config)
    iterations, folder = config.schedule.iterations, place.folder(row)
    if not _finished(Path(place.model_name(row)), settings):
        with sessions.session("training") as beat:

            def show(done: int, loss: float | None) -> None:
                report(f"{row.name}: training", done, iterations, "" if loss is None else f"loss {loss:.2f}")
                beat()

            train(place.train_arguments(row), place.config.training.processes, folder, lock, show)
            report(f"{row.name}: training", iterations, iterations, "done")
    return TrainingRecord(
        settings=settings,
        iterations=iterations,
        batch=config.batch,
        images_seen=iterations * config.batch,
        processes=place.config.training.processes,
        labels=_about_labels(place.labels_of(row), config.data.accept),
    )


def _finished(weights: Path, settings: dict[str, Any]) -> bool:
    """Whether a run of these settings has ended: its weights are written last."""
    if not weights.is_file():
        return False
    student, info = load_student(weights)
    return "settings" in info and without_places(info["settings"], student.config) == settings


def _about_labels(path: Path, accept: float | None) -> dict[str, Any]:
    labels = LabelSet.load(path)
    limit = labels.accept if accept is None else accept
    return {
        "sha256": sha256(path),
        "teacher": str(labels.info.get("teacher", "")),
        "images": len(labels.images),
        "persons": sum(int((image.soft.box_scores >= limit).sum()) for image in labels.images),
    }
