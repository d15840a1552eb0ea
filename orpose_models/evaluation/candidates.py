"""What is measured: models that are run over a dataset, or predictions that are there; and its evaluation as files."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from orpose_models.datasets.detections import read_predictions
from orpose_models.datasets.truth import Truth
from orpose_models.evaluation.evaluate import Settings, evaluate, evaluation_of
from orpose_models.evaluation.image_matching import match_images
from orpose_models.evaluation.report import write_report
from orpose_models.evaluation.result import Evaluation
from orpose_models.evaluation.result_tables import write_csv
from orpose_models.files.predictions import Predictions
from orpose_models.model_format.score_calibration import without_calibration
from orpose_models.registry.models import load_model
from orpose_models.runs.dataset_run import require_images, run_dataset
from orpose_models.vocabulary.reporting import Reporter


@dataclass(frozen=True)
class Candidate:
    """Predictions with the name that their figures are shown under.

    Attributes:
        name: of the model, or of the file.
        path: the file, or the bag.
        predictions: of the images of a dataset.
    """

    name: str
    path: Path
    predictions: Predictions


def read_candidates(truth: Truth, paths: Sequence[Path]) -> list[Candidate]:
    """Predictions from files, in any of the layouts that are read.

    Raises:
        OrposeError: a file cannot be read, or is not of this dataset.
    """
    read = []
    for path in paths:
        predictions = read_predictions(path, truth)
        read.append(Candidate(str(predictions.info.get("model") or path.stem), path, predictions))
    return read


def run_candidates(
    truth: Truth,
    name: str,
    factors: Sequence[float],
    out: Path,
    reporter: Reporter | None = None,
    *,
    threads: int | None = None,
    engine: str | None = None,
    calibrated: bool = True,
) -> list[Candidate]:
    """Run a model over a dataset at each downsampling factor.

    Args:
        truth: the dataset.
        name, threads, engine: see `registry.models.load_model`.
        factors: each 1..12.
        out: folder of the predictions.
        reporter: hears how far it is.
        calibrated: if not, keypoint scores are the model's own, whatever calibration it carries.

    Raises:
        OrposeError: as `load_model` and `run_dataset`.
    """
    require_images(truth)
    model = load_model(name, threads, engine)
    if not calibrated:
        without_calibration(model)
    found = []
    for factor in factors:
        predictions, path = run_dataset(truth, model, factor, out, reporter)
        found.append(Candidate(name, path, predictions))
    return found


def evaluate_candidates(truth: Truth, candidates: Sequence[Candidate], settings: Settings, out: Path) -> Evaluation:
    """Measure candidates and write evaluation.json, evaluation.csv and report.html into a folder.

    Raises:
        OrposeError: see `evaluate`.
    """
    results = [evaluate(truth, one.predictions, one.name, one.path.name, settings) for one in candidates]
    evaluation = evaluation_of(truth, results, settings)
    evaluation.save(out / "evaluation.json")
    write_csv(evaluation, out / "evaluation.csv")
    poses = [match_images(truth, one.predictions).poses for one in candidates]
    write_report(evaluation, truth, poses, out / "report.html")
    return evaluation
