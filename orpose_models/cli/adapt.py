"""`orpose adapt`: a student for one room, from recordings of it that nobody annotated."""

from pathlib import Path
from typing import Annotated

import typer

from orpose_models.cli.console import new_console, say
from orpose_models.cli.progress import reporting
from orpose_models.vocabulary.errors import OrposeError

console = new_console(stderr=True)


def adapt(
    recording: Annotated[
        list[Path], typer.Argument(metavar="RECORDING...", help="Videos, bags, folders of images, all of one room.")
    ],
    out: Annotated[Path, typer.Option(help="Folder of everything; its name becomes the student's.")],
    budget: Annotated[
        float | None, typer.Option(min=0.01, metavar="HOURS", help="How long it may take (default: usual sizes).")
    ] = None,
    start: Annotated[
        str | None, typer.Option(help="Student to start from (default: the one of this name, else the shipped one).")
    ] = None,
    max_input_pixels: Annotated[
        int | None,
        typer.Option(
            min=1, help="Privacy guard: everything, the teacher too, sees at most so many pixels of an image."
        ),
    ] = None,
    forget: Annotated[
        bool, typer.Option("--forget", help="Delete frames and labels in the end; the report then has no pictures.")
    ] = False,
    teacher: Annotated[str, typer.Option(help="Who labels; `orpose models` lists teachers.")] = "teacher",
    accept: Annotated[float, typer.Option(min=0, max=1, help="Score from which on a person is taken to be there.")] = (
        0.3
    ),
    topic: Annotated[
        list[str] | None, typer.Option(help="Image topic of bags; may be repeated (default: all image topics).")
    ] = None,
    fps: Annotated[
        float | None, typer.Option(min=0.001, help="Images a second of folders, whose images have no times.")
    ] = None,
    camera: Annotated[
        Path | None,
        typer.Option(
            help="Intrinsics where the recording has none: camera_calibration's YAML, or a .qca.txt with cameras of "
            "the recordings' names, which then are taken at the same time and confirm each other."
        ),
    ] = None,
    pitch: Annotated[
        float | None, typer.Option(min=-90, max=90, help="Degrees the camera looks down, where that is not known.")
    ] = None,
    labels: Annotated[
        list[Path] | None, typer.Option(help="Labels of other images to train on too; may be repeated.")
    ] = None,
    moments: Annotated[
        int | None, typer.Option(min=1, help="How many moments to learn from, instead of what fits the budget.")
    ] = None,
    iterations: Annotated[
        int | None, typer.Option(min=1, help="How long to train, instead of what fits the budget.")
    ] = None,
    one_by_one: Annotated[
        bool, typer.Option("--one-by-one", help="Do not let neighbouring images correct each other's labels.")
    ] = False,
    short: Annotated[bool, typer.Option("--short", help="Take recordings of less than 30 s, too.")] = False,
    workers: Annotated[
        int | None, typer.Option(min=1, help="Processes that label and train (default: one for each core, at most 8).")
    ] = None,
) -> None:
    """Make a student for one room, and say whether it is better than the one before.

    Nobody annotates anything. The last fifth of the recording is kept back to prove it by. A student that is better
    there and no worse on everyday people is found by its name from then on (`--model NAME`, `model:=NAME`). Interrupted
    in any way, the same command goes on; with other recordings it goes on from the student that there is.
    """
    try:
        import torch  # noqa: F401
    except ImportError:
        raise OrposeError("adapting needs torch: pip install -r requirements/train.txt") from None
    from orpose_models.adaptation.adapt_run import AdaptPlan
    from orpose_models.adaptation.adapt_run import adapt as run
    from orpose_models.adaptation.recordings import open_recordings
    from orpose_models.datasets.multiview import read_qualisys
    from orpose_models.training.teach_run import view_of

    with reporting(console) as reporter:
        placed = read_qualisys(camera) if camera is not None and camera.name.endswith(".qca.txt") else []
        views = [view_of(path, camera, pitch, reporter) for path in recording]
        plan = AdaptPlan(
            tuple(open_recordings(recording, views, topic or (), fps, placed)),
            out,
            start,
            teacher,
            accept,
            None if budget is None else budget * 3600,
            moments,
            iterations,
            max_input_pixels,
            forget,
            tuple(labels or ()),
            not one_by_one,
            short,
            **({} if workers is None else {"workers": workers}),
        )
        adapted = run(plan, reporter)
    for note in adapted.notes:
        say(console, "note", note)
    style = "green" if adapted.recommended else "bold red"
    say(console, "recommended" if adapted.recommended else "not recommended", "; ".join(adapted.reasons), style)
    if adapted.installed is not None:
        console.print(
            f"use it: --model {plan.name}, or model:={plan.name}; it is in {adapted.installed}", soft_wrap=True
        )
    else:
        console.print(f"all the same, it can be tried: --model {adapted.model}", soft_wrap=True)
    console.print(f"report: {adapted.report}", soft_wrap=True)
    if not adapted.recommended:
        raise typer.Exit(1)
