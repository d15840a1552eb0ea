"""`orpose evaluate footage`: 2D and 3D accuracy on the multi-person demo footage, against triangulation."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

from orpose_models.cli.console import new_console, say
from orpose_models.cli.evaluate_run import Threshold, factors_of
from orpose_models.cli.options import Engine, Threads
from orpose_models.cli.progress import progress_bar
from orpose_models.registry.models import DEFAULT_MODEL
from orpose_models.vocabulary.errors import OrposeError

if TYPE_CHECKING:
    from orpose_models.evaluation.footage import Moment
    from orpose_models.evaluation.footage_run import Footage

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
    from orpose_models.datasets.held_back import CAMERA, FOOTAGE
    from orpose_models.datasets.multiview import read_qualisys
    from orpose_models.evaluation.footage import CONVENTIONS, footage_figures, truth_figures
    from orpose_models.evaluation.footage_run import (
        Footage,
        comparison_picture,
        footage_answers,
        footage_truth,
        moments_of,
    )
    from orpose_models.files.assets import asset
    from orpose_models.files.disk import write_json
    from orpose_models.files.picture_writer import write_picture
    from orpose_models.registry.models import load_model

    folder = asset(FOOTAGE)
    footage = Footage.spread(folder, read_qualisys(folder / "Calib.qca.txt"), moments)
    indices = [_index(footage, name) for name in dict.fromkeys(camera or [CAMERA])]
    factors = factors_of(downsample)
    out = out or Path("out/footage") / Path(model).stem
    measured = load_model(model, threads, engine)
    judge = measured if truth_model == model and engine is None else load_model(truth_model, threads)
    report: dict[str, Any] = {
        "kind": "orpose-footage",
        "schema_version": 1,
        "footage": FOOTAGE,
        "frames": list(footage.frames),
        "model": {"name": measured.name, "sha256": measured.sha256, "engine": measured.engine},
        "truth_model": {"name": judge.name, "sha256": judge.sha256, "engine": judge.engine},
        "threshold": threshold,
        "gravity": gravity,
        "conventions": dict(CONVENTIONS),
        "cameras": {},
    }
    console = new_console()
    size = footage.cameras[0].camera.width, footage.cameras[0].camera.height
    pooled: dict[float, list[Moment]] = {factor: [] for factor in factors}
    for index in indices:
        name = footage.cameras[index].name
        with progress_bar(new_console(stderr=True)) as progress:
            task = progress.add_task(f"{name}: truth", total=len(footage.frames) * (len(footage.cameras) - 1))
            truth = footage_truth(footage, index, judge, truth_folder, lambda task=task: progress.advance(task))  # type: ignore[misc]
            results, answers = {}, {}
            for factor in factors:
                task = progress.add_task(f"{name} at {factor:g}x", total=len(footage.frames))
                answers[factor] = footage_answers(
                    footage,
                    index,
                    measured,
                    factor,
                    gravity,
                    lambda task=task: progress.advance(task),  # type: ignore[misc]
                )
                compared = moments_of(truth, answers[factor][0])
                results[f"{factor:g}"] = footage_figures(size, compared, threshold)
                pooled[factor].extend(compared)
        said = truth_figures(truth)
        report["cameras"][name] = {"truth": said, "results": results}
        images = footage.images(index) if pictures else []
        for place in range(0, len(images), max(1, len(images) // max(1, pictures)))[:pictures] if images else ():
            drawn = [(f"{f:g}x", answers[f][1][place], answers[f][0][place]) for f in factors]
            picture = comparison_picture(images[place], truth[place], drawn, threshold)
            write_picture(out / "pictures" / f"{name}-{footage.frames[place]:04d}.jpg", picture)
        console.print(_table(f"{measured.name}, {name}, {len(footage.frames)} moments", results))
        console.print(
            f"truth by {judge.name} in the other cameras: {said['persons']} persons, {said['joints']} joints, median "
            f"reprojection error {_number(said['reprojection_error_median_px'], 1)} pixels",
            soft_wrap=True,
        )
    if len(indices) > 1:
        report["all"] = {
            f"{factor:g}": footage_figures(size, compared, threshold) for factor, compared in pooled.items()
        }
        console.print(_table(f"{measured.name}, {len(indices)} cameras together", report["all"]))
    for key, text in CONVENTIONS.items():
        say(console, key, text, "bold")
    write_json(out / "footage.json", report, indent=1)
    console.print(f"footage.json and pictures -> {out}", soft_wrap=True)


def _index(footage: "Footage", name: str) -> int:
    names = [view.name for view in footage.cameras]
    if name not in names:
        raise OrposeError(f"camera {name!r} is not of this footage; choose one of: {', '.join(names)}")
    return names.index(name)


def _table(title: str, results: dict[str, dict[str, Any]]) -> Table:
    table = Table("", *(f"{factor}x" for factor in results), title=title)
    for label, key, digits in _ROWS:
        table.add_row(label, *(_number(figures[key], digits) for figures in results.values()))
    return table


def _number(value: float | None, digits: int) -> str:
    return "-" if value is None else f"{value:.{digits}f}"
