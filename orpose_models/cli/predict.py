"""`orpose predict`: 2D and 3D poses of everybody in an image, a folder or a video."""

from pathlib import Path
from typing import Annotated

import typer

from orpose_models.cli.console import new_console, say
from orpose_models.cli.options import (
    CameraFile,
    CameraName,
    Downsample,
    Engine,
    MaxInputPixels,
    Model,
    Pitch,
    Rectified,
    ScoreThreshold,
    Threads,
    is_straight,
)
from orpose_models.cli.progress import reporting
from orpose_models.registry.models import DEFAULT_MODEL

console = new_console(stderr=True)


def predict(
    source: Annotated[Path, typer.Argument(metavar="INPUT", help="An image, a folder of images or a video.")],
    out: Annotated[Path | None, typer.Option(help="Folder for the results (default: out/NAME).")] = None,
    model: Model = DEFAULT_MODEL,
    downsample: Downsample = 1.0,
    max_input_pixels: MaxInputPixels = None,
    camera: CameraFile = None,
    camera_name: CameraName = None,
    rectified: Rectified = "auto",
    pitch: Pitch = None,
    score_threshold: ScoreThreshold = 0.1,
    draw_threshold: Annotated[float, typer.Option(min=0, max=1, help="Draw only persons with this score.")] = 0.3,
    stride: Annotated[int, typer.Option(min=1, help="Take every n-th frame.")] = 1,
    threads: Threads = None,
    engine: Engine = None,
    pictures: Annotated[bool, typer.Option(help="Draw overlays and the 3D side view.")] = True,
) -> None:
    """Find everybody in INPUT and write `predictions.json`, overlays and a side view of the 3D skeletons.

    An interrupted run goes on where it stopped when the same command is given again. The pictures of
    an earlier run in `overlays` are removed when new ones are drawn. Exit code 1 means that something is
    left out, and says what: an image that cannot be read, or places in space where the intrinsics do not fit.
    """
    from orpose_models.datasets.camera_file import View
    from orpose_models.datasets.frames import open_frames
    from orpose_models.registry.pipelines import load_pipeline
    from orpose_models.runs.file_run import run_files

    frames = open_frames(source)
    view = View.read(camera, pitch, camera_name or source.stem, is_straight(rectified, source.stem))
    pipeline = load_pipeline(
        model,
        downsample=downsample,
        max_input_pixels=max_input_pixels,
        score_threshold=score_threshold,
        threads=threads,
        engine=engine,
    )
    out = out or Path("out") / source.resolve().stem
    with reporting(console) as reporter:
        run = run_files(frames, out, pipeline, view, stride, draw_threshold if pictures else None, reporter)
    for problem in run.problems:
        say(console, "left out", problem)
    console.print(f"{run.persons} persons in {len(run.images)} images -> {run.file}", soft_wrap=True)
    if run.persons == 0:
        console.print("nobody was found: see --score-threshold, or a model that searches tiles, `orpose models`")
    if run.pictures is not None:
        console.print(f"pictures -> {run.pictures}", soft_wrap=True)
    if run.problems:
        console.print(f"{len(run.problems)} left out")
        raise typer.Exit(1)
