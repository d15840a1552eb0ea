"""`orpose evaluate lifter`: the 3D error of the lifter on MVOR, from published 2D detections."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Column, Table

from orpose_models.cli.console import new_console, number

if TYPE_CHECKING:
    from orpose_models.evaluation.mpjpe import Score3D


def evaluate_lifter(
    mvor: Annotated[Path, typer.Option(help="Folder with MVOR's annotations.")],
    detections: Annotated[Path | None, typer.Option(help="2D detections (default: MVOR/openpose_kps.json).")] = None,
    weights: Annotated[Path | None, typer.Option(help="Lifter weights (default: those shipped).")] = None,
    gravity: Annotated[bool, typer.Option(help="Tell the lifter the cameras' tilt.")] = True,
    out: Annotated[Path | None, typer.Option(help="Write the numbers as JSON.")] = None,
) -> None:
    """Lift published 2D detections of MVOR and compare with its 3D, by the released and by a strict protocol."""
    from orpose_models.evaluation.lifting import measure_lifter
    from orpose_models.evaluation.pairs3d import CONVENTIONS, HIP_CONVENTIONS
    from orpose_models.files.disk import write_json

    measured = measure_lifter(mvor, detections, weights, gravity)
    console = new_console()
    tilt = "known" if gravity else "unknown"
    console.print(f"2D detections {measured.detections}; lifter {measured.lifter[:12]}; gravity {tilt}")
    for conventions in (CONVENTIONS, HIP_CONVENTIONS):
        for name, text in conventions.items():
            console.print(f"{name}: {text}", soft_wrap=True)
    columns = {
        f"{protocol}, {hips}": score for protocol, by_hips in measured.scores.items() for hips, score in by_hips.items()
    }
    console.print(_table(columns))
    if out is not None:
        write_json(out, measured.document(), indent=1)


def _table(scores: "dict[str, Score3D]") -> Table:
    table = Table(Column("mm", min_width=14), *scores)

    def row(name: str, values: list[float | None], digits: int = 1) -> None:
        table.add_row(name, *(number(value, digits) for value in values))

    columns = list(scores.values())
    row("MPJPE", [s.mpjpe for s in columns])
    row("N-MPJPE", [s.n_mpjpe for s in columns])
    row("PA-MPJPE", [s.pa_mpjpe for s in columns])
    table.add_section()
    for joint in columns[0].per_joint:
        row(joint, [s.per_joint[joint] for s in columns])
    table.add_section()
    row("recall", [s.recall for s in columns], 3)
    row("persons paired", [s.paired for s in columns], 0)
    row("joints", [s.joints for s in columns], 0)
    row("counted as zero", [s.zeroed for s in columns], 3)
    return table
