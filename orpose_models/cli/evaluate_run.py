"""`orpose evaluate run`: a model or a predictions file against a dataset."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from orpose_models.cli.console import new_console, say
from orpose_models.cli.options import Engine
from orpose_models.cli.progress import reporting
from orpose_models.vocabulary.errors import OrposeError
from orpose_models.vocabulary.resolution import MAX_FACTOR, MIN_FACTOR

if TYPE_CHECKING:
    from orpose_models.evaluation.result import Evaluation

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
    from orpose_models.evaluation.candidates import evaluate_candidates, read_candidates, run_candidates
    from orpose_models.evaluation.evaluate import Settings

    if bool(predictions) == (model is not None):
        raise OrposeError("give either --predictions or --model")
    truth = open_dataset(dataset, images).every(stride)
    out = (
        out or Path("out/evaluation") / f"{truth.name}-{(Path(model) if model else (predictions or [Path()])[0]).stem}"
    )
    if model is not None:
        factors = factors_of(downsample)
        with reporting(new_console(stderr=True)) as reporter:
            found = run_candidates(truth, model, factors, out, reporter, threads=threads, engine=engine)
    else:
        found = read_candidates(truth, predictions or [])
    show(evaluate_candidates(truth, found, Settings(threshold, bootstrap, seed, file_ids), out), out, details)


def show(evaluation: "Evaluation", out: Path, details: bool) -> None:
    """Print the figures of an evaluation, on request with their break-downs, and what should be known about them."""
    from orpose_models.evaluation.result_tables import breakdown_tables, metrics_table, result_notes

    console = new_console()
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
    for result in evaluation.results:
        if result.missing:
            missing = f"{len(result.missing)} of {len(result.image_ids)} images have no prediction"
            say(console, result.label, f"{missing}; nobody counts as found there")
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
