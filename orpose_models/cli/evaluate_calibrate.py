"""`orpose evaluate calibrate`: make keypoint scores honest."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from orpose_models.cli.console import new_console
from orpose_models.cli.evaluate_run import Dataset, Images


class Method(StrEnum):
    """How the scores are mapped."""

    temperature = "temperature"
    isotonic = "isotonic"


def evaluate_calibrate(
    dataset: Dataset,
    predictions: Annotated[Path, typer.Option(help="Predictions of the dataset's images.")],
    method: Annotated[Method, typer.Option(help="temperature: one number; isotonic: a curve.")] = Method.isotonic,
    fit_share: Annotated[float, typer.Option(min=0.1, max=0.9, help="Share of the groups or images fitted on.")] = 0.5,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the split.")] = 0,
    images: Images = None,
    out: Annotated[Path, typer.Option(help="Where the calibration is written.")] = Path("calibration.json"),
) -> None:
    """Fit a calibration on a part of a validation dataset and judge it on the rest.

    The split is by recording (the dataset's groups) where there are at least two, else by image. Use a
    dataset that you do not report figures on.
    """
    from orpose_models.datasets.detections import read_predictions
    from orpose_models.datasets.registry import open_dataset
    from orpose_models.evaluation.calibration import split_and_fit

    truth = open_dataset(dataset, images)
    fitted = split_and_fit(truth, read_predictions(predictions, truth), method.value, fit_share, seed)
    fitted.save(out)
    console = new_console()
    table = Table("keypoint scores", "ECE on what was kept back")
    for name, value in (("as they are", fitted.ece_before), (f"after {method.value}", fitted.ece_after)):
        table.add_row(name, "-" if value is None else f"{value:.4f}")
    console.print(table)
    console.print(f"fitted on {fitted.fitted_on}, {fitted.joints} joints -> {out}", soft_wrap=True)
