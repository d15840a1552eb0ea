"""`orpose evaluate footage`: 2D and 3D accuracy on the multi-person demo footage, against triangulation."""

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from orpose_models.cli.console import figures_table, new_console, number, say
from orpose_models.cli.evaluate_run import Threshold, factors_of
from orpose_models.cli.options import Engine, Threads
from orpose_models.cli.progress import reporting
from orpose_models.registry.models import DEFAULT_MODEL

_ROWS = (
    ("persons in the truth", "persons", 0),
    ("found", "found", 0),
    ("recall", "recall", 3),
    ("unexplained predictions per image", "unexplained_per_image", 2),
    ("keypoint AP", "keypoint_ap", 3),
    ("keypoint AR", "keypoint_ar", 3),
    ("PCK@0.2", "pck", 3),
    ("PCK@0.2 of all", "pck_of_all", 3),
    ("pixel error, median", "pixel_error_median", 1),
    ("MPJPE, mm", "mpjpe_mm", 1),
    ("N-MPJPE, mm", "n_mpjpe_mm", 1),
    ("PA-MPJPE, mm", "pa_mpjpe_mm", 1),
    ("root error, median, mm", "root_error_median_mm", 0),
)


def evaluate_footage(
    model: Annotated[str, typer.Option(help="Which model is measured; `orpose models` lists them.")] = DEFAULT_MODEL,
    truth_model: Annotated[
        str, typer.Option(help="Which model's 2D in the other cameras makes the truth, at full size.")
    ] = "teacher",
    downsample: Annotated[str, typer.Option(help="Factors 1..12, such as 1,8.")] = "1",
    camera: Annotated[
        list[str] | None,
        typer.Option(help="Which cameras are measured; may be repeated (default: the one held back from training)."),
    ] = None,
    moments: Annotated[int, typer.Option(min=1, help="How many moments, spread over the footage.")] = 20,
    threshold: Threshold = 0.3,
    gravity: Annotated[bool, typer.Option(help="Tell the lifter the cameras' tilt.")] = True,
    pictures: Annotated[int, typer.Option(min=0, help="How many moments are drawn.")] = 4,
    out: Annotated[Path | None, typer.Option(help="Folder for the results (default: out/footage/NAME).")] = None,
    truth_folder: Annotated[Path, typer.Option(help="Where the truth's detections are kept, for other models too.")] = (
        Path("out/footage/truth")
    ),
    threads: Threads = None,
    engine: Engine = None,
) -> None:
    """Measure a model on real people: a camera of the packaged footage against what the other three triangulate.

    Nobody annotated this footage: the truth is made of another model's detections in the other cameras. Writes
    footage.json, and pictures of the truth beside the answers.
    """
    from orpose_models.datasets.held_back import CAMERA
    from orpose_models.evaluation.footage_report import FootagePlan, measure_footage
    from orpose_models.registry.models import load_model

    plan = FootagePlan(tuple(factors_of(downsample)), tuple(camera or [CAMERA]), moments, threshold, gravity, pictures)
    out = out or Path("out/footage") / Path(model).stem
    measured = load_model(model, threads, engine)
    judge = measured if truth_model == model and engine is None else load_model(truth_model, threads)
    with reporting(new_console(stderr=True)) as reporter:
        report = measure_footage(measured, judge, plan, out, truth_folder, reporter)
    _show(report)
    new_console().print(f"footage.json and pictures -> {out}", soft_wrap=True)


def _show(report: dict[str, Any]) -> None:
    console, model = new_console(), report["model"]["name"]
    for name, camera in report["cameras"].items():
        said = camera["truth"]
        console.print(_table(f"{model}, {name}, {len(report['frames'])} moments", camera["results"]))
        console.print(
            f"truth by {report['truth_model']['name']} in the other cameras: {said['persons']} persons, "
            f"{said['joints']} joints, median reprojection error "
            f"{number(said['reprojection_error_median_px'], 1)} pixels",
            soft_wrap=True,
        )
    if "all" in report:
        console.print(_table(f"{model}, {len(report['cameras'])} cameras together", report["all"]))
    for key, text in report["conventions"].items():
        say(console, key, text, "bold")


def _table(title: str, results: dict[str, dict[str, Any]]) -> Table:
    return figures_table(title, _ROWS, {f"{factor}x": figures for factor, figures in results.items()})
