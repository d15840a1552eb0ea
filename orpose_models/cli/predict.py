"""`orpose predict`: 2D and 3D poses of everybody in an image, a folder or a video."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

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
    ScoreThreshold,
    Threads,
)
from orpose_models.cli.progress import progress_bar
from orpose_models.registry.models import DEFAULT_MODEL
from orpose_models.vocabulary.errors import OrposeError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from orpose_models.datasets.camera_file import View
    from orpose_models.datasets.frames import FrameSource
    from orpose_models.files.predictions import ImagePrediction
    from orpose_models.runtime.pipeline import Pipeline

console = new_console(stderr=True)


def predict(
    source: Annotated[Path, typer.Argument(metavar="INPUT", help="An image, a folder of images or a video.")],
    out: Annotated[Path | None, typer.Option(help="Folder for the results (default: out/NAME).")] = None,
    model: Model = DEFAULT_MODEL,
    downsample: Downsample = 1.0,
    max_input_pixels: MaxInputPixels = None,
    camera: CameraFile = None,
    camera_name: CameraName = None,
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
    an earlier run in `overlays` are removed when new ones are drawn. Exit code 1 means that some of
    the images could not be read; the others are done.
    """
    from orpose_models.datasets.camera_file import View
    from orpose_models.datasets.frames import open_frames
    from orpose_models.registry.models import load_model
    from orpose_models.runtime.pipeline import Pipeline

    frames = open_frames(source)
    out = out or Path("out") / source.resolve().stem
    if pictures and source.is_dir() and out.resolve().is_relative_to(source.resolve()):
        raise OrposeError(
            f"{out}: lies within {source}, so that the next run would take the pictures there for images; "
            "choose another folder with --out"
        )
    if pictures and source.resolve().is_relative_to((out / "overlays").resolve()):
        raise OrposeError(
            f"{source}: lies within {out / 'overlays'}, where the pictures would take its place; "
            "choose another folder with --out"
        )
    view = View.read(camera, pitch, camera_name or source.stem)
    pipeline = Pipeline(load_model(model, threads, engine), downsample, max_input_pixels, score_threshold)
    earlier = _earlier_info(out / "predictions.json")
    images = _predict(frames, stride, pipeline, view, out, earlier)
    problems = list(frames.problems)
    for problem in problems:
        say(console, "not read", problem)
    if not images:
        raise OrposeError(f"{source}: none of the images could be read")
    persons = sum(len(image.poses) for image in images)
    console.print(f"{persons} persons in {len(images)} images -> {out / 'predictions.json'}", soft_wrap=True)
    if persons == 0:
        console.print("nobody was found: see --score-threshold, or a model that searches tiles, `orpose models`")
    if pictures:
        # What lies there without a run of ours before may be the user's own.
        _clear(out / "overlays", ours=earlier is not None)
        _draw(frames, stride, images, view, out, draw_threshold)
    if problems:
        raise typer.Exit(1)


def _predict(
    frames: "FrameSource",
    stride: int,
    pipeline: "Pipeline",
    view: "View",
    out: Path,
    earlier: dict[str, Any] | None,
) -> "list[ImagePrediction]":
    """The predictions; they go on with those of an interrupted run of the same settings."""
    from orpose_models.datasets.image_file import size_of
    from orpose_models.files.predictions import ImagePrediction, PredictionJournal, Predictions
    from orpose_models.model_format.score_calibration import described
    from orpose_models.runtime.tracking import Tracker

    settings = {
        "model": pipeline.model.name,
        "model_sha256": pipeline.model.sha256,
        "engine": pipeline.model.engine,
        "input": frames.path.name,
        "stride": stride,
        "downsample": pipeline.downsample,
        "max_input_pixels": pipeline.max_input_pixels,
        "score_threshold": pipeline.score_threshold,
        "intrinsics": view.intrinsics(),
        "gravity": view.gravity,
        **described(pipeline.model),
    }
    # Another folder of the same name is another run.
    identity = {**settings, "path": str(frames.path.resolve()), "images": len(frames)}
    journal = PredictionJournal(out / ".predictions.journal", identity)
    if earlier is not None and any(earlier.get(key) != settings[key] for key in ("model", "downsample")):
        model, factor = earlier.get("model", "another model"), str(earlier.get("downsample", "?")).removesuffix(".0")
        console.print(f"replaces the predictions of {model} at {factor}x", soft_wrap=True)
    if journal.done:
        console.print(f"going on after {len(journal.done)} images done before")
    with progress_bar(console) as progress:
        task = progress.add_task("poses", total=-(-len(frames) // stride), completed=len(journal.done))
        for frame in frames.frames(stride):
            if frame.index + 1 in journal.done:
                continue
            result = pipeline.process(frame.image, view.camera(size_of(frame.image)))
            journal.append(
                ImagePrediction(frame.index + 1, frame.name, result.resolution, result.poses, frame.stamp_ns)
            )
            progress.update(task, advance=1)
    images = [journal.done[image_id] for image_id in sorted(journal.done)]
    if frames.is_video:
        tracker = Tracker()
        images = [replace(image, poses=tracker.update(image.poses, (image.stamp_ns or 0) / 1e9)) for image in images]
    Predictions(images, settings).save(out / "predictions.json")
    journal.close(remove=True)
    return images


def _earlier_info(path: Path) -> dict[str, Any] | None:
    """What an earlier run's predictions file says of itself; None if there is none."""
    from orpose_models.files.disk import read_json
    from orpose_models.files.predictions import KIND

    try:
        raw = read_json(path)
    except OrposeError:
        return None
    info = raw.get("info") if isinstance(raw, dict) else None
    return info if isinstance(info, dict) and info.get("kind") == KIND else None


def _clear(overlays: Path, ours: bool) -> None:
    """Remove the pictures of an earlier run, which may show more than this one's; if not surely `ours`, only say so.

    Only JPEGs go, and no links: this program makes nothing else there.
    """
    pictures = [path for path in overlays.rglob("*.jpg") if path.is_file() and not path.is_symlink()]
    if not pictures:
        return
    if not ours or overlays.is_symlink():
        text = f"{len(pictures)} pictures were in {overlays} before; those that are not drawn anew stay: delete them "
        say(console, "not removed", text + "if they show more than they should")
        return
    for path in pictures:
        path.unlink()
    console.print(f"removed {len(pictures)} pictures of an earlier run from {overlays}", soft_wrap=True)


def _draw(
    frames: "FrameSource",
    stride: int,
    images: "list[ImagePrediction]",
    view: "View",
    out: Path,
    threshold: float,
) -> None:
    from orpose_models.files.picture_writer import PictureWriter

    by_id = {image.image_id: image for image in images}
    target = out / "overlay.mp4" if frames.is_video else out / "overlays"
    writer = PictureWriter(target, fps=(frames.fps or 25.0) / stride)
    with progress_bar(console) as progress, writer:
        task = progress.add_task("pictures", total=len(by_id))
        for frame in frames.frames(stride):
            if image := by_id.get(frame.index + 1):
                writer.write(frame.name, _picture(frame.image, image, view, threshold), frame.stamp_ns)
                progress.update(task, advance=1)
    console.print(f"pictures -> {target}", soft_wrap=True)


def _picture(
    image: "NDArray[np.uint8]", prediction: "ImagePrediction", view: "View", threshold: float
) -> "NDArray[np.uint8]":
    """What the model saw with the poses over it, beside the 3D skeletons from the side."""
    from orpose_models.drawing.overlays import draw_poses, draw_scene3d, side_by_side
    from orpose_models.vocabulary.resolution import resize_down, resize_up

    resolution = prediction.resolution
    poses = prediction.poses.select(prediction.poses.box_scores >= threshold)
    seen = resize_up(resize_down(image, resolution.seen), resolution.full)
    shown = _at_most(draw_poses(seen, poses), 720)
    side = min(shown.shape[0], 720)
    return side_by_side(shown, draw_scene3d(poses, resolution.full, view.camera(resolution.full), (side, side)))


def _at_most(picture: "NDArray[np.uint8]", height: int) -> "NDArray[np.uint8]":
    from orpose_models.vocabulary.resolution import resize_down

    if picture.shape[0] <= height:
        return picture
    return resize_down(picture, (max(1, round(picture.shape[1] * height / picture.shape[0])), height))
