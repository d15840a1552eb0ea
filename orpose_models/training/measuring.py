"""Evaluation of a student while it trains."""

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from orpose_models.datasets.by_name import open_dataset
from orpose_models.datasets.truth import Truth
from orpose_models.evaluation.evaluate import Settings, evaluate
from orpose_models.runs.dataset_run import require_images, run_dataset
from orpose_models.student.model import model_of
from orpose_models.training.held_back_truth import NAME, held_back_truth
from orpose_models.training.start import AnyStudent
from orpose_models.training.train_config import TrainConfig
from orpose_models.vocabulary.errors import OrposeError

# The figures that are followed, by the name the evaluation gives them.
FIGURES = ("box AP", "keypoint AP", "PCK@0.2", "MPJPE strict, hips unmapped", "MPJPE released, hips unmapped")


def open_truth(config: TrainConfig) -> Truth:
    """The images to evaluate on.

    Raises:
        OrposeError: the dataset or its images cannot be read, or nobody is annotated.
    """
    settings, data = config.evaluation, config.data
    assert settings is not None
    if settings.dataset == NAME:
        files = [source.labels for source in data.sources if source.labels is not None]
        truth = held_back_truth(files, data.held_back, data.accept)
    else:
        truth = open_dataset(settings.dataset)
    if settings.images is not None and settings.images < len(truth.images):
        chosen = [round(i * len(truth.images) / settings.images) for i in range(settings.images)]
        truth = replace(truth, images=tuple(truth.images[i] for i in chosen))
    require_images(truth)
    if truth.person_count == 0:
        raise OrposeError(f"evaluation.dataset: {settings.dataset} has no annotated person")
    return truth


def evaluate_student(student: AnyStudent, truth: Truth, factors: Sequence[float], folder: Path) -> dict[str, float]:
    """Figures by name and downsampling factor, such as 'keypoint AP 12x'; `folder` gets the predictions."""
    digest = hashlib.sha256(str(folder.resolve()).encode()).hexdigest()
    model = model_of(student, folder.name, digest)
    figures = {}
    for factor in factors:
        predictions, path = run_dataset(truth, model, factor, folder)
        metrics = evaluate(truth, predictions, model.name, path.name, Settings(draws=0)).metrics
        for name in FIGURES:
            if name in metrics and metrics[name].value is not None:
                figures[f"{name} {factor:g}x"] = float(metrics[name].value or 0.0)
    return figures
