"""`orpose bag`: make, play and process rosbag2."""

import re
from pathlib import Path
from typing import Annotated

import typer

from orpose_models.cli.console import new_console, say
from orpose_models.cli.options import (
    CameraFile,
    CameraHeight,
    CameraName,
    DepthTopic,
    Downsample,
    Engine,
    MaxInputPixels,
    Model,
    Pitch,
    Rectified,
    ScoreThreshold,
    Smoothing,
    Threads,
    is_straight,
)
from orpose_models.cli.progress import reporting
from orpose_models.registry.models import DEFAULT_MODEL
from orpose_models.vocabulary.errors import OrposeError
from orpose_models.vocabulary.reporting import counter

console = new_console(stderr=True)

app = typer.Typer(help="Make, play and process rosbag2 recordings.", no_args_is_help=True)

CameraInfoTopic = Annotated[
    str | None, typer.Option(help="Topic of the intrinsics (default: camera_info beside the images).")
]
_Storage = Annotated[str, typer.Option(help="Kind of bag: mcap or sqlite3.")]


@app.command()
def create(
    source: Annotated[Path, typer.Argument(metavar="INPUT", help="A video, an image or a folder of images.")],
    out: Annotated[Path, typer.Argument(help="Folder of the new bag.")],
    camera: CameraFile = None,
    camera_name: CameraName = None,
    rectified: Rectified = "auto",
    storage: _Storage = "mcap",
    topic: Annotated[str, typer.Option(help="Image topic; camera_info is put beside it.")] = "/orpose/image_raw",
    compressed: Annotated[bool, typer.Option(help="JPEG images on TOPIC/compressed.")] = False,
    frame_id: Annotated[str, typer.Option(help="The camera's optical frame.")] = "camera",
    size: Annotated[
        int | None, typer.Option(min=1, help="Reduce images to this many pixels on the shorter side.")
    ] = None,
    rate: Annotated[
        float | None, typer.Option(min=0.01, max=1000, help="Images per second (default: the video's; images: 10).")
    ] = None,
    stride: Annotated[int, typer.Option(min=1, help="Take every n-th image.")] = 1,
) -> None:
    """Make a bag of images, with camera_info if --camera is given.

    Stamps start at 2020-09-13 12:26:40 UTC, so that the same input makes the same bag.
    """
    from orpose_models.datasets.bags.create import BagPlan, create_bag
    from orpose_models.datasets.bags.writer import chosen_storage
    from orpose_models.datasets.camera_file import View
    from orpose_models.datasets.frames import open_frames

    if not re.fullmatch(r"(/[A-Za-z_][A-Za-z0-9_]*)+", topic):
        raise OrposeError(
            f"topic {topic!r} is not a full name: a slash before each part, of letters, digits and underscores"
        )
    if topic.endswith("/compressed") and not compressed:
        raise OrposeError(f"topic {topic!r} is one of compressed images: add --compressed, or choose another --topic")
    frames = open_frames(source)
    intrinsics = View.read(
        camera, None, camera_name or source.stem, is_straight(rectified, source.stem)
    ).intrinsics_camera
    plan = BagPlan(topic, compressed, frame_id, size, rate, stride, chosen_storage(storage))
    with reporting(console) as reporter:
        count = create_bag(frames, out, plan, intrinsics, counter(reporter, "images", -(-len(frames) // stride)))
    for problem in frames.problems:
        say(console, "left out", problem)
    console.print(f"{count} images on {plan.image_topic} -> {out}", soft_wrap=True)
    if frames.problems:
        raise typer.Exit(1)


@app.command()
def run(
    bag: Annotated[Path, typer.Argument(help="The bag: its folder, or one .mcap or .db3 file.")],
    out: Annotated[Path, typer.Argument(help="Folder of the new bag with the poses.")],
    model: Model = DEFAULT_MODEL,
    downsample: Downsample = 1.0,
    max_input_pixels: MaxInputPixels = None,
    image_topic: Annotated[str | None, typer.Option(help="Which images (default: the only ones but depth).")] = None,
    camera_info_topic: CameraInfoTopic = None,
    rectified: Rectified = "auto",
    pitch: Pitch = None,
    camera_height: CameraHeight = None,
    depth_topic: DepthTopic = None,
    smoothing: Smoothing = True,
    score_threshold: ScoreThreshold = 0.1,
    storage: _Storage = "mcap",
    threads: Threads = None,
    engine: Engine = None,
) -> None:
    """Find everybody in a bag's images and write poses2d, poses3d and skeleton_info into a new bag.

    Every image is processed once, in order, without ROS; the same bag and model give the same poses. An interrupted
    run goes on where it stopped when the same command is given again.
    Exit code 1 means that some of the images could not be read; the others are done.
    """
    from orpose_models.datasets.bags.reader import open_bag
    from orpose_models.datasets.bags.writer import chosen_storage
    from orpose_models.datasets.camera_file import View
    from orpose_models.registry.pipelines import load_pipeline
    from orpose_models.runs.bag_images import image_topic as choose_topic
    from orpose_models.runs.bag_run import require_new_bag, run_bag

    kind = chosen_storage(storage)
    require_new_bag(out)
    opened = open_bag(bag)
    images = choose_topic(opened, image_topic)
    pipeline = load_pipeline(
        model,
        downsample=downsample,
        max_input_pixels=max_input_pixels,
        score_threshold=score_threshold,
        tracking=True,
        smoothing=smoothing,
        camera_height=camera_height,
        threads=threads,
        engine=engine,
    )
    is_straight(rectified, images)
    gravity = View.read(None, pitch).gravity
    with reporting(console) as reporter:
        done = run_bag(
            opened, out, pipeline, images, camera_info_topic, gravity, kind, reporter, rectified, depth_topic
        )
    for note in done.notes:
        say(console, "note", note)
    for reason, count in done.skipped.most_common():
        say(console, "left out", f"{count} x {reason}")
    console.print(f"{done.persons} persons in {done.images} images of {images} -> {out}", soft_wrap=True)
    if done.skipped or opened.problems:
        raise typer.Exit(1)
