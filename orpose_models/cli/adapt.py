"""`orpose adapt`: a student for one room, from recordings of it that nobody annotated."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from orpose_models.cli.console import new_console, say
from orpose_models.cli.progress import reporting
from orpose_models.vocabulary.installing import needed_for

if TYPE_CHECKING:
    from orpose_models.adaptation.adapt_run import Adapted
    from orpose_models.adaptation.own_recordings import Recording
    from orpose_models.vocabulary.reporting import Reporter

console = new_console(stderr=True)

Recordings = Annotated[
    list[Path], typer.Argument(metavar="RECORDING...", help="Videos, bags, folders of images, all of one room.")
]
Out = Annotated[Path, typer.Option(help="Folder of everything; its name becomes the student's.")]
Budget = Annotated[
    float | None, typer.Option(min=0.01, metavar="HOURS", help="How long it may take (default: usual sizes).")
]
Start = Annotated[
    str | None, typer.Option(help="Student to start from (default: the one of this name, else the shipped one).")
]
MaxPixels = Annotated[
    int | None,
    typer.Option(min=1, help="Privacy guard: everything, the teacher too, sees at most so many pixels of an image."),
]
Forget = Annotated[
    bool, typer.Option("--forget", help="Delete frames and labels in the end; the report then has no pictures.")
]
TeacherName = Annotated[str, typer.Option(help="Who labels; `orpose models` lists teachers.")]
Accept = Annotated[float, typer.Option(min=0, max=1, help="Score from which on a person is taken to be there.")]
Topic = Annotated[
    list[str] | None, typer.Option(help="Image topic of bags; may be repeated (default: all but those of depth).")
]
Fps = Annotated[float | None, typer.Option(min=0.001, help="Images a second of folders, whose images have no times.")]
CameraFile = Annotated[
    Path | None,
    typer.Option(
        help="Intrinsics where the recording has none: camera_calibration's YAML, or a .qca.txt with cameras of the "
        "recordings' names, which then are taken at the same time and confirm each other."
    ),
]
Pitch = Annotated[
    float | None, typer.Option(min=-90, max=90, help="Degrees the camera looks down, where that is not known.")
]
Labels = Annotated[list[Path] | None, typer.Option(help="Labels of other images to train on too; may be repeated.")]
Moments = Annotated[
    int | None, typer.Option(min=1, help="How many moments to learn from, instead of what fits the budget.")
]
Iterations = Annotated[int | None, typer.Option(min=1, help="How long to train, instead of what fits the budget.")]
OneByOne = Annotated[
    bool,
    typer.Option("--one-by-one", help="Do not let neighbouring images and cameras correct each other's labels."),
]
Short = Annotated[bool, typer.Option("--short", help="Take recordings of less than 30 s, too.")]
Workers = Annotated[
    int | None, typer.Option(min=1, help="Processes that label and train (default: one for each core, at most 8).")
]

Engine = Annotated[str | None, typer.Option(help="What computes the teacher, by name or auto (default: its own).")]


def adapt(
    recording: Recordings,
    out: Out,
    budget: Budget = None,
    start: Start = None,
    max_input_pixels: MaxPixels = None,
    forget: Forget = False,
    teacher: TeacherName = "teacher",
    accept: Accept = 0.3,
    topic: Topic = None,
    fps: Fps = None,
    camera: CameraFile = None,
    pitch: Pitch = None,
    labels: Labels = None,
    moments: Moments = None,
    iterations: Iterations = None,
    one_by_one: OneByOne = False,
    short: Short = False,
    workers: Workers = None,
    engine: Engine = None,
) -> None:
    """Make a student for one room, and say whether it is better than the one before.

    Nobody annotates anything. The last fifth of the recording is kept back to prove it by. A student that is better
    there and no worse on everyday people is found by its name from then on (`--model NAME`, `model:=NAME`). Interrupted
    in any way, the same command goes on; with other recordings it goes on from the student that there is.
    """
    with needed_for("adapting", "train"):
        import torch  # noqa: F401
    from orpose_models.adaptation.adapt_run import AdaptPlan
    from orpose_models.adaptation.adapt_run import adapt as run

    with reporting(console) as reporter:
        opened = _open(recording, topic, fps, camera, pitch, reporter)
        seconds = None if budget is None else budget * 3600
        plan = AdaptPlan(opened, out, start, teacher, accept, seconds, moments, iterations, max_input_pixels, forget)
        plan = plan.also(tuple(labels or ()), not one_by_one, short, workers, engine)
        adapted = run(plan, reporter)
    _say(adapted, plan.name)
    if not adapted.recommended:
        raise typer.Exit(1)


def _open(
    paths: list[Path],
    topics: list[str] | None,
    fps: float | None,
    camera: Path | None,
    pitch: float | None,
    reporter: "Reporter",
) -> "tuple[Recording, ...]":
    from orpose_models.adaptation.own_recordings import open_recordings
    from orpose_models.datasets.multiview import read_qualisys
    from orpose_models.training.teach_run import view_of

    placed = read_qualisys(camera) if camera is not None and camera.name.endswith(".qca.txt") else []
    views = [view_of(path, camera, pitch, reporter) for path in paths]
    return tuple(open_recordings(paths, views, topics or (), fps, placed))


def _say(adapted: "Adapted", name: str) -> None:
    for note in adapted.notes:
        say(console, "note", note)
    style = "green" if adapted.recommended else "bold red"
    say(console, "recommended" if adapted.recommended else "not recommended", "; ".join(adapted.reasons), style)
    if adapted.installed is not None:
        console.print(f"use it: --model {name}, or model:={name}; it is in {adapted.installed}", soft_wrap=True)
    else:
        console.print(f"all the same, it can be tried: --model {adapted.model}", soft_wrap=True)
    console.print(f"report: {adapted.report}", soft_wrap=True)
