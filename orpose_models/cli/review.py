"""`orpose review`: a few clicks on kept-back frames, for an estimate that does not rest on the teacher."""

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from orpose_models.cli.console import new_console

console = new_console(stderr=True)


def review(
    out: Annotated[Path, typer.Argument(metavar="ADAPTATION", help="The folder that `orpose adapt --out` named.")],
    frames: Annotated[int, typer.Option(min=1, max=200, help="How many frames to show.")] = 20,
    port: Annotated[int, typer.Option(min=0, max=65535, help="Of the page (default: any that is free).")] = 0,
) -> None:
    """Show some frames with the teacher's persons on a page of this machine; clicks say who is wrong or missing.

    When the page is answered, it is said how many of the persons the student found before and after, and how many it
    made up, with 95 % intervals. Nothing leaves this machine.
    """
    from orpose_models.adaptation.review_run import review as run

    found = run(out, frames, port, lambda address: console.print(f"open {address} in a browser; Ctrl-C ends this"))
    new_console().print(_table(found))


def _table(found: dict[str, Any]) -> Table:
    some = next(iter(found.values()))
    table = Table("", "at", "before", "after", "change", "95 %")
    table.title = f"{some['persons']} persons in {some['frames']} frames, by your corrections"
    for factor, row in found.items():
        for key, name, scale in (("found", "persons found, %", 100), ("made_up", "made up, a frame", 1)):
            values = row[key]
            numbers = ["-" if values[k] is None else f"{scale * values[k]:.1f}" for k in ("before", "after")]
            change = "-" if values["difference"] is None else f"{scale * values['difference']:+.1f}"
            bounds = "-" if values["low"] is None else f"{scale * values['low']:+.1f} to {scale * values['high']:+.1f}"
            table.add_row(name, f"{factor}x", *numbers, change, bounds)
    return table
