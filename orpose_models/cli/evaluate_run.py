"""`orpose evaluate run`: a model or a predictions file against a dataset."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from orpose_models.cli.console import new_console, say
from orpose_models.cli.options import Engine
from orpose_models.cli.progress import reporting
from orpose_models.vocabulary.errors import OrposeError
from orpose_models.vocabulary.resolution import MAX_FACTOR, MIN_FACTOR

if TYPE_CHECKING:
    from orpose_models.datasets.truth import Truth
    from orpose_models.evaluation.evaluate import Settings
    from orpose_models.evaluation.result import Result
    from orpose_models.files.predictions import Predictions
    from orpose_models.vocabulary.poses import Poses

Dataset = Annotated[
    str,
    typer.Option(
        help="KIND:PATH - mvor:FOLDER, mvor+:FOLDER, sim:FOLDER, coco:FILE.json, yolo:FOLDER[@CLASSES] (boxes), "
        "predictions:FILE.json[@SCORE] (another model's answers) or empty:FOLDER (nobody is there)."
    ),
]
Images = Annotated[Path | None, typer.Option(help="Folder of the images (default: looked for beside the annotations).")]
Threshold = Annotated[float, typer.Option(min=0, max=1, help="Box score from which on a person counts as found.")]
Draws = Annotated[int, typer.Option(min=0, help="Bootstrap draws for the intervals; 0 for none.")]
Seed = Annotated[int, typer.Option(min=0, help="Seed of the draws.")]


def evaluate_run(
    dataset: Dataset,
    predictions: Annotated[
        list[Path] | None,
        typer.Option(help="Predictions of orpose, COCO results or MVOR's published detections; may be repeated."),
    ] = None,
    model: Annotated[str | None, typer.Option(help="Instead: a model to run; `orpose models` lists them.")] = None,
    downsample: Annotated[str, typer.Option(help="With --model: factors 1..12, such as 1,8,10,12.")] = "1",
    images: Images = None,
    stride: Annotated[int, typer.Option(min=1, help="Use every n-th image of the dataset only.")] = 1,
    out: Annotated[Path | None, typer.Option(help="Folder for the results (default: out/evaluation/NAME).")] = None,
    threshold: Threshold = 0.3,
    bootstrap: Draws = 1000,
    seed: Seed = 0,
    details: Annotated[bool, typer.Option(help="Print the break-downs too.")] = False,
    file_ids: Annotated[
        bool, typer.Option("--file-ids", help="Number persons as the annotation file does: MVOR's published AP.")
    ] = False,
    threads: Annotated[int | None, typer.Option(min=1, help="Threads of the model (default: all cores).")] = None,
    engine: Engine = None,
) -> None:
    """Measure a model or predictions: box and keypoint AP, PCK, 3D error, calibration.

    Writes evaluation.json, evaluation.csv and report.html. A model's run that was interrupted goes on
    where it stopped when the same command is given again.
    """
    from orpose_models.datasets.by_name import open_dataset
    from orpose_models.evaluation.evaluate import Settings

    if bool(predictions) == (model is not None):
        raise OrposeError("give either --predictions or --model")
    truth = open_dataset(dataset, images).every(stride)
    settings = Settings(threshold, bootstrap, seed, file_ids)
    if model is not None:
        out = out or Path("out/evaluation") / f"{truth.name}-{Path(model).stem}"
        found = run_at_factors(truth, model, factors_of(downsample), out, threads, engine=engine)
    else:
        out = out or Path("out/evaluation") / f"{truth.name}-{(predictions or [Path()])[0].stem}"
        found = _read(truth, predictions or [])
    report(truth, found, settings, out, details)


def report(
    truth: "Truth", found: "list[tuple[str, Path, Predictions]]", settings: "Settings", out: Path, details: bool
) -> None:
    """Evaluate named predictions, print the figures and write the three files."""
    from orpose_models.evaluation.evaluate import evaluate, evaluation_of
    from orpose_models.evaluation.image_matching import match_images
    from orpose_models.evaluation.report import write_report
    from orpose_models.evaluation.result_tables import breakdown_tables, metrics_table, result_notes, write_csv

    console = new_console()
    results: list[Result] = []
    poses: list[Mapping[int, Poses]] = []
    for name, path, predictions in found:
        results.append(evaluate(truth, predictions, name, path.name, settings))
        poses.append(match_images(truth, predictions).poses)
    evaluation = evaluation_of(truth, results, settings)
    console.print(metrics_table(evaluation))
    if details:
        for table in breakdown_tables(evaluation):
            console.print(table)
    for key, text in evaluation.conventions.items():
        say(console, key, text, "bold")
    for note in evaluation.notes:
        console.print(note, soft_wrap=True)
    for note, which in result_notes(evaluation):
        say(console, which, note)
    for result in results:
        if result.missing:
            missing = f"{len(result.missing)} of {len(result.image_ids)} images have no prediction"
            say(console, result.label, f"{missing}; nobody counts as found there")
    evaluation.save(out / "evaluation.json")
    write_csv(evaluation, out / "evaluation.csv")
    write_report(evaluation, truth, poses, out / "report.html")
    console.print(f"evaluation.json, evaluation.csv and report.html -> {out}", soft_wrap=True)


def factors_of(text: str) -> list[float]:
    """Downsampling factors, each once, from text such as 1,8,10,12.

    Raises:
        OrposeError: it is none.
    """
    try:
        factors = [float(part) for part in text.split(",")]
    except ValueError:
        raise OrposeError(f"--downsample {text!r}: expected factors such as 1,8,10,12") from None
    if not all(MIN_FACTOR <= factor <= MAX_FACTOR for factor in factors):
        raise OrposeError(f"--downsample {text!r}: factors must be within {MIN_FACTOR:g}..{MAX_FACTOR:g}")
    return list(dict.fromkeys(factors))


def run_at_factors(
    truth: "Truth",
    name: str,
    factors: list[float],
    out: Path,
    threads: int | None,
    calibrated: bool = True,
    engine: str | None = None,
) -> "list[tuple[str, Path, Predictions]]":
    """Run a model over a dataset at each factor; without `calibrated` its keypoint scores are the model's own."""
    from orpose_models.model_format.score_calibration import without_calibration
    from orpose_models.registry.models import load_model
    from orpose_models.runs.dataset_run import require_images, run_dataset

    require_images(truth)
    model = load_model(name, threads, engine)
    if not calibrated:
        without_calibration(model)
    found = []
    with reporting(new_console(stderr=True)) as reporter:
        for factor in factors:
            predictions, path = run_dataset(truth, model, factor, out, reporter)
            found.append((name, path, predictions))
    return found


def _read(truth: "Truth", paths: list[Path]) -> "list[tuple[str, Path, Predictions]]":
    from orpose_models.datasets.detections import read_predictions

    found = []
    for path in paths:
        predictions = read_predictions(path, truth)
        model = predictions.info.get("model")
        found.append((str(model) if model else path.stem, path, predictions))
    return found
