"""Poses of an image, a folder of images or a video, into a predictions file and pictures."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from orpose_models.datasets.camera_file import View
from orpose_models.datasets.frames import FrameSource, Shot
from orpose_models.datasets.image_file import size_of
from orpose_models.files.disk import read_json
from orpose_models.files.locks import locked
from orpose_models.files.prediction_journal import PredictionJournal
from orpose_models.files.predictions import KIND, ImagePrediction, Predictions
from orpose_models.runs.identity import file_key, kept_by, settings_of
from orpose_models.runs.image_run import RunImage, followed, run_images
from orpose_models.runs.pictures import picture_target, remove_earlier, write_pictures
from orpose_models.runtime.pipeline import Pipeline
from orpose_models.tracking.tracker import Tracker
from orpose_models.vocabulary.cameras import Camera
from orpose_models.vocabulary.errors import OrposeError
from orpose_models.vocabulary.reporting import Reporter, Silent, counter
from orpose_models.vocabulary.resolution import Size


@dataclass(frozen=True)
class FileRun:
    """What came of a run.

    Attributes:
        images: the predictions, those of images without anybody too.
        file: where they are written.
        pictures: the overlay video, or the folder of overlays; None if none were drawn.
        problems: one sentence for each thing that is left out: an image, a frame, somebody's position in space.
    """

    images: list[ImagePrediction]
    file: Path
    pictures: Path | None
    problems: list[str]

    @property
    def persons(self) -> int:
        """How many persons were found in all images."""
        return sum(len(image.poses) for image in self.images)


def run_files(
    frames: FrameSource,
    out: Path,
    pipeline: Pipeline,
    view: View | None = None,
    stride: int = 1,
    draw_threshold: float | None = None,
    reporter: Reporter | None = None,
) -> FileRun:
    """Find everybody in an image, a folder or a video and write `predictions.json`, on request pictures, too.

    An interrupted run goes on where it stopped, if images and settings are the same.

    Args:
        frames: the images.
        out: folder for the results.
        pipeline: finds the persons; those of a video get ids.
        view: what is known of the camera.
        stride: every n-th image is taken.
        draw_threshold: overlays and 3D side views of persons of at least this score are drawn; None for none.
        reporter: hears how far it is, and what becomes of an earlier run's results.

    Raises:
        OrposeError: none of the images can be read, the intrinsics fit none of them, the results cannot be
            written there, or another process is doing so.
    """
    reporter, view = reporter or Silent(), view or View()
    if draw_threshold is not None:
        _require_other_place(frames.path, out)
    _require_fitting(view, frames, stride)
    out.mkdir(parents=True, exist_ok=True)
    with locked(out / ".predictions.lock", f"{out}: another run is writing there; wait for it or choose another --out"):
        file = out / "predictions.json"
        earlier = _earlier_info(file)
        images, problems = _predict(frames, stride, pipeline, view, file, earlier, reporter)
        pictures = None
        if draw_threshold is not None:
            # What lies there without a run of ours before may be the user's own.
            remove_earlier(out / "overlays", earlier is not None, reporter)
            pictures = picture_target(frames, out)
            camera = partial(_camera_or_guess, view)
            problems += write_pictures(frames, stride, images, camera, pictures, draw_threshold, reporter)
    return FileRun(images, file, pictures, problems)


def _predict(
    frames: FrameSource,
    stride: int,
    pipeline: Pipeline,
    view: View,
    file: Path,
    earlier: dict[str, Any] | None,
    reporter: Reporter,
) -> tuple[list[ImagePrediction], list[str]]:
    """The predictions, in their file, and what is left out."""
    pipeline = replace(pipeline, tracker=(pipeline.tracker or Tracker()) if frames.is_video else None)
    settings = {
        **settings_of(pipeline),
        "input": frames.path.name,
        "stride": stride,
        "intrinsics": view.intrinsics(),
        "gravity": view.gravity,
    }
    # Another folder of the same name is another run.
    journal = PredictionJournal(
        file.with_name(".predictions.journal"), {**settings, **kept_by(pipeline), "path": str(frames.path.resolve())}
    )
    if earlier is not None and any(earlier.get(key) != settings[key] for key in ("model", "downsample")):
        model, factor = earlier.get("model", "another model"), str(earlier.get("downsample", "?")).removesuffix(".0")
        reporter.note("note", f"replaces the predictions of {model} at {factor}x")
    if journal.done:
        reporter.note("note", f"going on after {len(journal.done)} images done before")
    if journal.set_aside:
        reporter.note("note", "an interrupted run of other images or settings does not count; starting anew")
    advance = counter(reporter, "poses", -(-len(frames) // stride))
    found = run_images(_run_images(frames, stride, view), pipeline, journal, advance)
    problems, images = [*found.left_out, *found.notes, *frames.problems], found.images
    if not images:
        journal.close(remove=True)
        reasons = f": {problems[0]}" if problems else ""
        raise OrposeError(f"{frames.path}: none of the images could be read{reasons}")
    images = followed(found, pipeline)
    Predictions(images, settings).save(file)
    journal.close(remove=True)
    return images, problems


def _run_images(frames: FrameSource, stride: int, view: View) -> Iterator[RunImage]:
    for shot in frames.shots(stride):
        file = frames.files[0 if frames.is_video else shot.index]
        notes: list[str] = []
        yield RunImage(
            shot.index + 1,
            shot.name,
            f"{shot.name}: {file_key(file)}",
            partial(_read, frames, shot, notes),
            partial(_camera, view, shot.name, notes),
            shot.stamp_ns,
            notes,
        )


def _read(frames: FrameSource, shot: Shot, notes: list[str]) -> NDArray[np.uint8]:
    """Read an image, and keep with it what there is to say of it."""
    known = len(frames.problems)
    image = shot.read()
    notes.extend(frames.problems[known:])
    del frames.problems[known:]
    return image


def _camera(view: View, name: str, notes: list[str], size: Size) -> Camera:
    misfit = view.misfit(size)
    if misfit is not None:
        notes.append(f"{name}: nobody is placed in space: {misfit}")
    return _camera_or_guess(view, size)


def _camera_or_guess(view: View, size: Size) -> Camera:
    return (view if view.misfit(size) is None else View(None, view.gravity)).camera(size)


def _require_fitting(view: View, frames: FrameSource, stride: int) -> None:
    """Refuse intrinsics that fit no image at all: they are of another camera. A single odd image is another matter."""
    if view.intrinsics_camera is None:
        return
    refusal = None
    for shot in frames.shots(stride):
        try:
            size = size_of(shot.read())
        except OrposeError:
            continue
        misfit = view.misfit(size)
        if misfit is None:
            return
        refusal = refusal or misfit
        if frames.is_video:
            break
    if refusal is not None:
        raise OrposeError(refusal)


def _require_other_place(source: Path, out: Path) -> None:
    """Refuse a folder of results where pictures and images would be taken for each other."""
    if source.is_dir() and out.resolve().is_relative_to(source.resolve()):
        raise OrposeError(
            f"{out}: lies within {source}, so that the next run would take the pictures there for images; "
            "choose another folder with --out"
        )
    if source.resolve().is_relative_to((out / "overlays").resolve()):
        raise OrposeError(
            f"{source}: lies within {out / 'overlays'}, where the pictures would take its place; "
            "choose another folder with --out"
        )


def _earlier_info(path: Path) -> dict[str, Any] | None:
    """What an earlier run's predictions file says of itself; None if there is none."""
    try:
        raw = read_json(path)
    except OrposeError:
        return None
    info = raw.get("info") if isinstance(raw, dict) else None
    return info if isinstance(info, dict) and info.get("kind") == KIND else None
