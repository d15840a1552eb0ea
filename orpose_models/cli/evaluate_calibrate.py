"""`orpose evaluate calibrate`: make keypoint scores honest."""

from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from orpose_models.cli.console import new_console
from orpose_models.cli.evaluate_run import Dataset, Images, factors_of, run_at_factors
from orpose_models.cli.options import Engine, Threads
from orpose_models.vocabulary.errors import OrposeError

if TYPE_CHECKING:
    from orpose_models.datasets.truth import Truth
    from orpose_models.evaluation.calibrating import Judged
    from orpose_models.files.predictions import Predictions
    from orpose_models.model_format.score_calibration import Calibration


_LEAST_GAIN = 0.001  # of ECE, for a model to be given a calibration


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
    from orpose_models.evaluation.calibrating import calibration_report, fit_and_judge
    from orpose_models.evaluation.plots import calibration_diagram
    from orpose_models.files.disk import atomic_path, write_json

    if not predictions and model is None:
        raise OrposeError("give --predictions, --model or both")
    if into is not None and not str(model).endswith(".safetensors"):
        raise OrposeError("--into writes a student anew, so it needs --model FILE.safetensors")
    truth = open_dataset(dataset, images).every(stride)
    if predictions:
        runs = _read(truth, predictions, model)
    else:
        folder = out.parent / f"{Path(str(model)).stem}-own-scores"
        factors = factors_of(downsample)
        runs = [r for *_, r in run_at_factors(truth, str(model), factors, folder, threads, False, engine)]
    fitted, judged = fit_and_judge(truth, runs, method.value, folds, seed)
    fitted.save(out)
    if report is not None:
        made_by = {key: runs[0].info.get(key) for key in ("model", "model_sha256")}
        write_json(report, calibration_report(fitted, judged, {"dataset": truth.name, **made_by}), indent=1)
    if picture is not None:
        with atomic_path(picture) as temporary:
            temporary.write_bytes(calibration_diagram(judged))
    console = new_console()
    console.print(_errors(judged, method.value))
    console.print(_thresholds(judged[-1]))
    written = [str(path) for path in (out, report, picture) if path is not None]
    console.print(f"fitted on {fitted.fitted_on}, {fitted.joints} joints -> {', '.join(written)}", soft_wrap=True)
    if into is not None:
        _write_into(into, str(model), fitted)
        console.print(f"{model} with this calibration -> {into}", soft_wrap=True)


def _write_into(path: Path, model: str, fitted: "Calibration") -> None:
    from orpose_models.files.disk import sha256
    from orpose_models.model_format.score_calibration import INFO_KEY
    from orpose_models.student.weights import add_info

    before, after = fitted.ece_before or 0.0, fitted.ece_after or 0.0
    if after > before - _LEAST_GAIN:
        raise OrposeError(
            f"nothing written into {path}: this calibration makes scores no more honest (ECE {before:.4f} before, "
            f"{after:.4f} after); fit it on more images, try the other --method, or leave the model as it is"
        )
    add_info(model, path, {INFO_KEY: fitted.model_dump(), "uncalibrated_sha256": sha256(model)})


def _read(truth: "Truth", paths: list[Path], model: str | None) -> "list[Predictions]":
    from orpose_models.datasets.detections import read_predictions
    from orpose_models.files.disk import sha256

    runs = [read_predictions(path, truth) for path in paths]
    if model is not None:
        known = sha256(model) if Path(model).is_file() else None
        for path, run in zip(paths, runs, strict=True):
            if run.info.get("model_sha256") != known:
                raise OrposeError(f"{path}: not predictions of {model}; leave out --predictions to run it")
    return runs


def _errors(judged: "list[Judged]", method: str) -> Table:
    table = Table("keypoint scores", *(part.name for part in judged), title="ECE, cross-validated")
    for name, which in (("as they are", "before"), (f"after {method}", "after")):
        errors = [getattr(part, which).ece for part in judged]
        table.add_row(name, *("-" if error is None else f"{error:.4f}" for error in errors))
    return table


def _thresholds(part: "Judged") -> Table:
    table = Table(
        "calibrated score at least", "share of joints", "of these right", title=f"cross-validated, {part.name}"
    )
    for limit, share, right in part.thresholds():
        table.add_row(f"{limit:g}", f"{share:.3f}", "-" if right is None else f"{right:.3f}")
    return table
