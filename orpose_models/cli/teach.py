"""`orpose teach`: pseudo-labels for unlabelled images."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from orpose_models.cli.console import new_console, say
from orpose_models.cli.options import Engine, Rectified, is_straight
from orpose_models.cli.progress import reporting
from orpose_models.vocabulary.errors import OrposeError

if TYPE_CHECKING:
    from orpose_models.training.teach_run import Taught
    from orpose_models.training.teaching import Shard

console = new_console(stderr=True)


def teach(
    source: Annotated[
        list[Path], typer.Argument(metavar="DATASET...", help="Folders of images, videos, bags, simulated splits.")
    ],
    out: Annotated[Path | None, typer.Option(help="The file of labels (default: out/labels/NAME/labels.json).")] = None,
    teacher: Annotated[str, typer.Option(help="Which teacher; `orpose models` lists them.")] = "teacher",
    accept: Annotated[float, typer.Option(min=0, max=1, help="Score from which on a person is taken to be there.")] = (
        0.3
    ),
    hard_threshold: Annotated[
        float | None, typer.Option(min=0, max=1, help="Keypoint score of the hard set (default: the teacher's).")
    ] = None,
    stride: Annotated[int, typer.Option(min=1, help="Take every n-th image.")] = 1,
    at_most: Annotated[
        int | None, typer.Option(min=1, help="Take at most this many images of each dataset, evenly.")
    ] = None,
    topic: Annotated[
        list[str] | None, typer.Option(help="Image topic of bags; may be repeated (default: all but those of depth).")
    ] = None,
    camera: Annotated[
        Path | None,
        typer.Option(
            help="Intrinsics where the dataset has none: camera_calibration's YAML, or a .qca.txt with cameras of "
            "the datasets' names."
        ),
    ] = None,
    pitch: Annotated[
        float | None, typer.Option(min=-90, max=90, help="Degrees the camera looks down, where that is not known.")
    ] = None,
    rectified: Rectified = "auto",
    workers: Annotated[int, typer.Option(min=1, help="Processes; each uses one thread if there are several.")] = 1,
    engine: Engine = None,
    shard: Annotated[str | None, typer.Option(metavar="I/N", help="Do part I (from 0) of N; torchrun sets it.")] = None,
) -> None:
    """Let a teacher label images: soft and hard labels, in 2D and 3D, in one file.

    Interrupted in any way, the same command goes on where it stopped. Parts of the work may be done by several
    processes or machines that share the folder: the one that finishes last writes the file and its summary.
    """
    from orpose_models.training.image_source import Choice
    from orpose_models.training.teach_run import TeachPlan, view_of
    from orpose_models.training.teach_run import teach as label

    part = _part(shard)
    with reporting(console) as reporter:
        topics = tuple(topic or ())
        straight = (is_straight(rectified, (*topics, path.stem)[0]) for path in source)
        views = (view_of(path, camera, pitch, reporter, is_so) for path, is_so in zip(source, straight, strict=True))
        choices = (Choice(view, stride, at_most, topics, rectified) for view in views)
        labels = out or Path("out/labels") / source[0].resolve().stem / "labels.json"
        plan = TeachPlan(tuple(source), tuple(choices), labels, teacher, hard_threshold, accept, workers, part, engine)
        taught = label(plan, reporter)
    if taught is None:
        console.print("this part is done; the last part to finish writes the labels")
        return
    _show(taught, labels)
    if taught.problems:
        raise typer.Exit(1)


def _show(taught: "Taught", labels: Path) -> None:
    for problem in taught.problems:
        say(console, "left out", problem)
    counts = taught.counts
    console.print(
        f"{counts['persons_accepted']} persons accepted, {counts['persons_rejected']} rejected in "
        f"{counts['images']} images ({counts['images_without_accepted_person']} without anybody); "
        f"{counts['keypoints_hard']} of {counts['keypoints_soft']} keypoints in the hard set",
        soft_wrap=True,
    )
    console.print(f"{labels}, pictures and histograms in {taught.summary}", soft_wrap=True)


def _part(text: str | None) -> "Shard":
    from orpose_models.training.teaching import Shard

    if text is None:
        return Shard(int(os.environ.get("RANK", 0)), int(os.environ.get("WORLD_SIZE", 1)))
    index, slash, count = text.partition("/")
    if not slash or not index.isdigit() or not count.isdigit() or int(index) >= int(count):
        raise OrposeError(f"--shard {text!r}: expected I/N with I from 0 to N - 1, such as 0/4")
    return Shard(int(index), int(count))
