"""`orpose evaluate calibrate`: make keypoint scores honest."""

from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from orpose_models.cli.console import new_console, number
from orpose_models.cli.evaluate_run import Dataset, Images, factors_of
from orpose_models.cli.options import Engine, Threads
from orpose_models.cli.progress import reporting
from orpose_models.vocabulary.errors import OrposeError

if TYPE_CHECKING:
    from orpose_models.evaluation.calibrating import Judged

UnlabelledWrong = Annotated[
    bool,
    typer.Option(
        "--unlabelled-wrong", help="Joints that are not labelled are wrong: where whatever shows is labelled."
    ),
]


class Method(str, Enum):
    """How the scores are mapped."""

    temperature = "temperature"
    isotonic = "isotonic"


def evaluate_calibrate(
    dataset: Dataset,
    predictions: Annotated[
        list[Path] | None, typer.Option(help="Predictions of the dataset's images; may be repeated.")
    ] = None,
    model: Annotated[
        str | None,
        typer.Option(help="The model; without --predictions it is run, a calibration that it has being ignored."),
    ] = None,
    downsample: Annotated[str, typer.Option(help="Factors at which --model is run, such as 1,8,10,12.")] = "1",
    stride: Annotated[int, typer.Option(min=1, help="Use every n-th image of the dataset only.")] = 1,
    method: Annotated[Method, typer.Option(help="temperature: one number; isotonic: a curve.")] = Method.isotonic,
    unlabelled_wrong: UnlabelledWrong = False,
    folds: Annotated[int, typer.Option(min=2, help="Of the cross-validation that judges.")] = 5,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the folds.")] = 0,
    images: Images = None,
    out: Annotated[Path, typer.Option(help="Where the calibration is written.")] = Path("calibration.json"),
    into: Annotated[
        Path | None, typer.Option(help="Write the student --model with the calibration in it; may be the same file.")
    ] = None,
    report: Annotated[Path | None, typer.Option(help="Write all figures, as JSON.")] = None,
    picture: Annotated[Path | None, typer.Option(help="Write the reliability diagrams, as PNG.")] = None,
    threads: Threads = None,
    engine: Engine = None,
) -> None:
    """Fit a calibration on a validation dataset and judge it by cross-validation.

    Folds are made of recordings (the dataset's groups) where there are at least two, else of images. Use a
    dataset that you do not report figures on. A student with a calibration in its file applies it to whatever it finds;
    one that makes scores no more honest is not written into it.
    """
    from orpose_models.datasets.by_name import open_dataset
    from orpose_models.evaluation.calibration_run import (
        CalibrationFiles,
        calibrate,
        give_calibration,
        own_predictions,
        predictions_of,
    )

    if not predictions and model is None:
        raise OrposeError("give --predictions, --model or both")
    if into is not None and not str(model).endswith(".safetensors"):
        raise OrposeError("--into writes a student anew, so it needs --model FILE.safetensors")
    truth = open_dataset(dataset, images).every(stride)
    if model is None or predictions:
        runs = predictions_of(truth, predictions or [], model)
    else:
        folder, factors = out.parent / f"{Path(model).stem}-own-scores", factors_of(downsample)
        with reporting(new_console(stderr=True)) as reporter:
            runs = own_predictions(truth, model, factors, folder, reporter, threads=threads, engine=engine)
    files = CalibrationFiles(out, report, picture)
    fitted, judged = calibrate(truth, runs, files, method.value, folds, seed, unlabelled_wrong)
    console = new_console()
    console.print(_errors(judged, method.value))
    console.print(_thresholds(judged[-1]))
    console.print(f"fitted on {fitted.fitted_on}, {fitted.joints} joints -> {files.named}", soft_wrap=True)
    if into is not None and model is not None:
        give_calibration(model, into, fitted)
        console.print(f"{model} with this calibration -> {into}", soft_wrap=True)


def _errors(judged: "list[Judged]", method: str) -> Table:
    table = Table("keypoint scores", *(part.name for part in judged), title="ECE, cross-validated")
    for name, which in (("as they are", "before"), (f"after {method}", "after")):
        errors = [getattr(part, which).ece for part in judged]
        table.add_row(name, *(number(error, 4) for error in errors))
    return table


def _thresholds(part: "Judged") -> Table:
    table = Table(
        "calibrated score at least", "share of joints", "of these right", title=f"cross-validated, {part.name}"
    )
    for limit, share, right in part.thresholds():
        table.add_row(f"{limit:g}", f"{share:.3f}", number(right, 3))
    return table
