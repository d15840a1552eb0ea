"""Measuring a row at every scale, as `orpose evaluate run` does."""

from collections.abc import Callable
from pathlib import Path

from orpose_models.datasets.by_name import open_dataset
from orpose_models.datasets.truth import Truth
from orpose_models.evaluation.evaluate import Settings, evaluate
from orpose_models.evaluation.image_matching import match_images
from orpose_models.files.disk import sha256
from orpose_models.files.predictions import Predictions
from orpose_models.lab.reproduction.body_parts import part_errors
from orpose_models.lab.reproduction.row_plan import Workplace
from orpose_models.lab.reproduction.row_record import ScaleRecord, TestRecord
from orpose_models.model_format.pose_model import PoseModel
from orpose_models.runs.dataset_run import run_dataset
from orpose_models.vocabulary.reporting import Silent


def open_test(place: Workplace) -> Truth:
    """The images that rows are measured on."""
    return open_dataset(place.dataset).every(place.config.evaluation.stride)


def test_record(place: Workplace, truth: Truth) -> TestRecord:
    """What is noted of them."""
    return TestRecord(
        dataset=truth.name,
        annotations_sha256=sha256(place.data / "test" / "annotations.json"),
        images=len(truth.images),
        persons=truth.person_count,
        stride=place.config.evaluation.stride,
        draws=place.config.evaluation.draws,
        threshold=Settings().threshold,
    )


def measure(
    truth: Truth,
    model: PoseModel,
    factor: float,
    folder: Path,
    draws: int,
    report: Callable[[int], None],
) -> ScaleRecord:
    """Predict, or read what was predicted, and evaluate.

    Args:
        folder: gets the predictions.
        draws: bootstrap draws of the intervals.
        report: called with the number of images done, in the beginning and after every image.
    """
    path = folder / f"predictions_{factor:g}x.json"
    if not _finished(truth, model, factor, path):
        run_dataset(truth, model, factor, folder, _Counted(report))
    predictions = Predictions.load(path)  # the figures are those of the file, whose numbers are rounded
    settings = Settings(draws=draws)
    result = evaluate(truth, predictions, model.name, path.name, settings)
    parts = part_errors(truth, match_images(truth, predictions).poses, settings.threshold)
    return ScaleRecord(metrics=result.metrics, parts=parts)


class _Counted(Silent):
    """Passes on how many images are done."""

    def __init__(self, report: Callable[[int], None]) -> None:
        self._report = report

    def progress(self, what: str, done: int, total: int) -> None:
        """Pass it on."""
        self._report(done)


def _finished(truth: Truth, model: PoseModel, factor: float, path: Path) -> bool:
    """Whether a scale was done before an interruption, by this model, on these images."""
    if not path.is_file():
        return False
    predictions = Predictions.load(path)
    same_images = [image.file_name for image in predictions.images] == [image.file_name for image in truth.images]
    same_model = predictions.info.get("model_sha256") == model.sha256 and predictions.info.get("downsample") == factor
    return same_images and same_model and predictions.info.get("dataset") == truth.name
