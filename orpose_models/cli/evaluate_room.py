"""`orpose evaluate room`: several cameras fused, against people whose joints in the room are known."""

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from orpose_models.cli.console import new_console, say
from orpose_models.cli.evaluate_run import factors_of
from orpose_models.cli.options import Engine, Threads
from orpose_models.cli.progress import reporting
from orpose_models.registry.models import DEFAULT_MODEL
from orpose_models.vocabulary.errors import OrposeError

_Rows = tuple[tuple[str, str], ...]
_ROWS: _Rows = (
    ("persons in the truth", "persons"), ("found", "found"), ("found, but not in the truth", "extra"),
    ("id swaps", "swaps"), ("MPJPE, mm", "mpjpe_mm"), ("of persons in several views, mm", "mpjpe_several_views_mm"),
    ("of their joints that two cameras see, mm", "mpjpe_seen_by_two_mm"), ("the same, median", "median_seen_by_two_mm"),
)  # fmt: skip
_LEFT_OUT: _Rows = (
    ("persons", "persons"), ("not matched", "unmatched"), ("joints", "joints"), ("median, pixels", "median_px"),
    ("median, mm at the person", "median_mm"), ("mean, mm at the person", "mean_mm"),
)  # fmt: skip


def evaluate_room_verb(
    dataset: Annotated[
        str,
        typer.Option(
            help="mvor:FOLDER, sim:FOLDER of a split with ground truth, or footage: real people without truth, where "
            "each camera in turn is left out."
        ),
    ],
    detections: Annotated[
        Path | None, typer.Option(help="Published keypoints of MVOR; they are lifted by the shipped lifter.")
    ] = None,
    bag: Annotated[
        Path | None, typer.Option(help="What orpose fuse made of the recording, instead of a model.")
    ] = None,
    model: Annotated[str, typer.Option(help="Which model, without detections and bag.")] = DEFAULT_MODEL,
    downsample: Annotated[str, typer.Option(help="With a model: factors 1..12, such as 1,12.")] = "1",
    moments: Annotated[int | None, typer.Option(min=1, help="This many recordings or moments (default: all).")] = None,
    threshold: Annotated[float, typer.Option(min=0, max=1, help="Box score from which on a person counts.")] = 0.3,
    single_views: Annotated[bool, typer.Option(help="Keep persons whom one camera alone sees.")] = True,
    out: Annotated[Path, typer.Option(help="Folder for room.json and the model's answers.")] = Path("out/room_figures"),
    threads: Threads = None,
    engine: Engine = None,
) -> None:
    """Measure the fusion of several cameras in the room's frame; nothing is aligned. Writes room.json."""
    from orpose_models.evaluation import room_run
    from orpose_models.files.disk import write_json

    if bag is not None and (dataset == "footage" or detections is not None):
        raise OrposeError("--bag goes with sim:FOLDER alone: give neither footage nor --detections")
    console = new_console()
    rows = _ROWS
    with reporting(new_console(stderr=True)) as reporter:
        if dataset == "footage":
            factors = factors_of(downsample)
            report: dict[str, Any] = {
                f"{f:g}x": room_run.footage_figures(model, f, moments or 10, threshold, threads, engine, reporter)
                for f in factors
            }
            rows = _LEFT_OUT
            columns = [(f"{f} without {one['camera']}", one) for f, cameras in report.items() for one in cameras]
        else:
            if bag is not None:
                report = {bag.name: room_run.bag_figures(dataset, bag, moments, threshold)}
            elif detections is not None:
                figures = room_run.published_figures(dataset, detections, moments, threshold, single_views)
                report = {detections.stem: figures}
            else:
                asked = dataset, model, factors_of(downsample), moments, threshold, single_views
                report = room_run.model_figures(*asked, out, threads, engine, reporter)
            columns = list(report.items())
    if not columns:
        raise OrposeError(f"{dataset}: nothing to measure")
    write_json(out / "room.json", {"kind": "orpose-room", "dataset": dataset, "results": report}, indent=1)
    _show(columns, rows)
    if dataset != "footage":
        _explain(console, columns)
    console.print(f"room.json -> {out}", soft_wrap=True)


def _explain(console: Console, columns: list[tuple[str, dict[str, Any]]]) -> None:
    from orpose_models.evaluation.room_figures import CONVENTIONS

    for name, one in columns:
        say(console, name, _sentence(one), "bold")
        if one.get("lacking"):
            say(console, "note", f"{one['lacking']} moments are not in the bag; nobody is found there", "yellow")
        for problem in one.get("problems", ()):
            say(console, "note", problem, "yellow")
    for key, text in CONVENTIONS.items():
        say(console, key, text, "bold")


def _show(columns: list[tuple[str, dict[str, Any]]], rows: _Rows) -> None:
    table = Table("", *(name for name, _ in columns))
    for label, key in rows:
        table.add_row(label, *(_number(figures[key]) for _, figures in columns))
    new_console().print(table)


def _sentence(figures: dict[str, Any]) -> str:
    of_views = figures["by_views"].items()
    views = ", ".join(f"{n}: {one['persons']} ({_number(one['mpjpe_mm'])} mm)" for n, one in of_views)
    shares = ", ".join(
        f"{limit} m {_number(share)} ({_number(figures['pck3d_of_all'][limit])} of all)"
        for limit, share in figures["pck3d"].items()
    )
    return f"{figures['moments']} moments; persons by views: {views or 'none'}; PCK3D {shares}"


def _number(value: float | None) -> str:
    if value is None:
        return "-"
    return str(value) if isinstance(value, int) else f"{value:.3f}" if value <= 1 else f"{value:.1f}"
