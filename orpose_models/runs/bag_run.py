"""Poses of the images in a bag, into a new bag. No DDS: every image is processed, in order, once."""

from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from orpose_models.datasets.bags.bag_depth import depth_of, require_depth, with_depth
from orpose_models.datasets.bags.bag_pictures import BagCameras, decoded, picture
from orpose_models.datasets.bags.reader import Bag, BagMessage
from orpose_models.datasets.bags.topics import POSES2D, POSES3D, SKELETON_INFO, camera_info_topic
from orpose_models.datasets.bags.types import message_class
from orpose_models.datasets.bags.writer import BagWriter, Storage, new_bag
from orpose_models.datasets.camera_file import View
from orpose_models.files.disk import require_new
from orpose_models.files.locks import locked
from orpose_models.files.prediction_journal import PredictionJournal
from orpose_models.files.predictions import ImagePrediction
from orpose_models.messages.camera_info import BY_NAME, is_rectified
from orpose_models.messages.fields import stamp_of
from orpose_models.messages.pose_messages import poses2d_message, poses3d_message, skeleton_info_message
from orpose_models.model_format.score_calibration import described
from orpose_models.runs.identity import file_key, kept_by, settings_of
from orpose_models.runs.image_run import RunImage, followed, run_images
from orpose_models.runtime.pipeline import Pipeline
from orpose_models.vocabulary.errors import OrposeError
from orpose_models.vocabulary.reporting import Reporter, Silent, counter


@dataclass
class BagRun:
    """What came of a run.

    Attributes:
        images: how many images have poses.
        persons: how many persons were found in all of them.
        skipped: how many images could not be read, by reason.
        notes: what else should be known, one sentence each.
    """

    images: int = 0
    persons: int = 0
    skipped: Counter[str] = field(default_factory=Counter)
    notes: list[str] = field(default_factory=list)


def run_bag(
    bag: Bag,
    out: str | Path,
    pipeline: Pipeline,
    images: str,
    infos: str | None = None,
    gravity: tuple[float, float, float] | None = None,
    storage: Storage = "mcap",
    reporter: Reporter | None = None,
    rectified: str = "auto",
    depth: str | None = None,
) -> BagRun:
    """Find everybody in a bag's images and write poses2d, poses3d and skeleton_info into a new one.

    The same bag, model and settings give the same bytes, also of an interrupted run that went on. Messages have their
    image's header and time of recording.

    Args:
        bag: where the images are.
        out: the new bag's folder.
        pipeline: finds the persons; its tracker, if it has one, gives them ids.
        images, infos: topics of images and intrinsics; None for the intrinsics beside the images.
        gravity: direction things fall in, in optical axes.
        storage, reporter: the kind of the new bag; who hears how far it is.
        rectified: whether the images are: "true", "false", or "auto" for what the topic's name says.
        depth: the topic of registered depth images, which say where persons stand; None for none.

    Raises:
        OrposeError: `out` exists already, no such depth topic, no image can be read, or it is being made already.
    """
    out, reporter = Path(out), reporter or Silent()
    require_new_bag(out)
    require_depth(bag, depth)
    run = BagRun()
    infos = infos or camera_info_topic(images)
    straight = is_rectified(images, rectified)
    cameras = BagCameras(bag, infos, View(None, gravity), run.notes, straight)
    if straight and rectified == "auto":
        reporter.note("note", BY_NAME.format(images))
    topics = {"image_topic": images, "camera_info_topic": infos, "depth_topic": depth}
    identity = {**settings_of(pipeline), **_identity(bag), **topics, "gravity": gravity, "rectified": straight}
    out.parent.mkdir(parents=True, exist_ok=True)
    with locked(_lock(out), f"{out}: another process is making this bag; wait for it"):
        journal = PredictionJournal(_journal(out), identity | kept_by(pipeline))
        _tell_of_earlier(journal, reporter)
        advance = counter(reporter, "poses", bag.topics[images].count)
        found = run_images(_run_images(bag, images, cameras, depth), pipeline, journal, advance)
        run.skipped.update(found.left_out)
        run.notes.extend(dict.fromkeys(found.notes))
        if not found.images:
            journal.close(remove=True)
            raise _nothing_read(bag, images, run.skipped)
        done = followed(found, pipeline)
        with new_bag(out, storage, _notes(pipeline, images)) as writer:
            _write(bag, images, done, pipeline, writer)
        journal.close(remove=True)
    run.images, run.persons = len(done), sum(len(image.poses) for image in done)
    run.notes.extend(bag.problems)
    return run


def require_new_bag(out: Path) -> None:
    """Refuse a bag that is there; what a run left that was killed when it had just made it is removed.

    Raises:
        OrposeError: `out` exists already.
    """
    if out.exists() and (_journal(out).exists() or _lock(out).exists()):
        with suppress(OrposeError, OSError), locked(_lock(out), f"{out}: it is being made"):
            _journal(out).unlink(missing_ok=True)
    require_new(out)


def _lock(out: Path) -> Path:
    return out.with_name(f".{out.name}.lock")


def _journal(out: Path) -> Path:
    return out.with_name(f".{out.name}.journal")


def _identity(bag: Bag) -> dict[str, Any]:
    return {"files": [file_key(file) for file in bag.files], "path": str(bag.path.resolve())}


def _tell_of_earlier(journal: PredictionJournal, reporter: Reporter) -> None:
    if journal.done:
        reporter.note("note", f"going on after {len(journal.done)} images done before")
    if journal.set_aside:
        reporter.note("note", "an interrupted run of another bag or settings does not count; starting anew")


def _nothing_read(bag: Bag, topic: str, skipped: Counter[str]) -> OrposeError:
    reasons = "; ".join(reason for reason, _ in skipped.most_common(3)) or "the topic has no messages"
    return OrposeError(f"{bag.path}: no image of {topic} could be read: {reasons}")


def _run_images(bag: Bag, topic: str, cameras: BagCameras, depth: str | None) -> Iterator[RunImage]:
    for number, (message, beside) in enumerate(with_depth(bag, topic, depth), start=1):
        notes: list[str] = []
        stamp = _stamp(message)
        yield RunImage(
            number,
            f"{topic}#{number - 1}",
            str(number),
            partial(_read, message),
            partial(cameras.at, stamp),
            stamp,
            notes,
            partial(depth_of, beside, notes),
        )


def _read(message: BagMessage) -> NDArray[np.uint8]:
    return picture(decoded(message))


def _stamp(message: BagMessage) -> int:
    """When the image was taken; when it was recorded, if its header does not say or cannot be read."""
    try:
        return stamp_of(decoded(message).header) or message.time_ns
    except OrposeError:
        return message.time_ns


def _notes(pipeline: Pipeline, images: str) -> dict[str, str]:
    """What the new bag says of itself."""
    return {
        "model": pipeline.model.name,
        "model_sha256": pipeline.model.sha256,
        "downsample": f"{pipeline.downsample:g}",
        "max_input_pixels": str(pipeline.max_input_pixels or ""),
        "image_topic": images,
        **described(pipeline.model),
    }


def _write(bag: Bag, topic: str, images: list[ImagePrediction], pipeline: Pipeline, writer: BagWriter) -> None:
    """Go through the images again, for their headers."""
    writer.add_topic(POSES2D, "orpose_msgs/msg/PersonPose2DArray")
    writer.add_topic(POSES3D, "orpose_msgs/msg/PersonPose3DArray")
    writer.add_topic(SKELETON_INFO, "orpose_msgs/msg/SkeletonInfo", transient_local=True)
    found = {image.image_id: image for image in images}
    described_skeleton = False
    for number, message in enumerate(bag.messages([topic]), start=1):
        if number not in found:
            continue
        header = decoded(message).header
        if not described_skeleton:
            info = skeleton_info_message(pipeline.model, header, message_class)
            info.header.frame_id = ""
            writer.write(SKELETON_INFO, info, message.time_ns)
            described_skeleton = True
        image = found[number]
        for name, convert in ((POSES2D, poses2d_message), (POSES3D, poses3d_message)):
            writer.write(name, convert(image.poses, image.resolution, header, message_class), message.time_ns)
