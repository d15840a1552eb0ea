"""Poses of the images in a bag, into a new bag. No DDS: every image is processed, in order, once."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from orpose_models.datasets.bags.images import BagCameras, decoded, image_topics, picture
from orpose_models.datasets.bags.reader import Bag, BagMessage
from orpose_models.datasets.bags.topics import POSES2D, POSES3D, SKELETON_INFO, camera_info_topic
from orpose_models.datasets.bags.types import message_class
from orpose_models.datasets.bags.writer import BagWriter, Storage, new_bag
from orpose_models.datasets.camera_file import View
from orpose_models.datasets.image_file import size_of
from orpose_models.messages.fields import stamp_of
from orpose_models.messages.poses import poses2d_message, poses3d_message, skeleton_info_message
from orpose_models.model_format.score_calibration import described
from orpose_models.runtime.pipeline import Pipeline
from orpose_models.vocabulary.errors import OrposeError


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


def image_topic(bag: Bag, wanted: str | None = None) -> str:
    """The image topic of a bag: the wanted one, or the only one there is.

    Raises:
        OrposeError: there is no such topic, or no image topic, or there are several to choose from.
    """
    images = image_topics(bag, wanted)
    if len(images) > 1:
        raise OrposeError(f"{bag.path}: several image topics, choose one with --image-topic: {', '.join(images)}")
    return images[0]


def run_bag(
    bag: Bag,
    out: str | Path,
    pipeline: Pipeline,
    images: str,
    infos: str | None = None,
    gravity: tuple[float, float, float] | None = None,
    storage: Storage = "mcap",
    advance: Callable[[], None] = lambda: None,
) -> BagRun:
    """Find everybody in the images of a bag and write poses2d, poses3d and skeleton_info into a new one.

    The same bag, model and settings give the same bytes of poses. Each pose message has its image's header and the
    time at which the image was recorded.

    Args:
        bag: where the images are.
        out: the new bag's folder.
        pipeline: finds the persons.
        images: the image topic.
        infos: the topic of the intrinsics; None for the one beside the images.
        gravity: direction things fall in, in optical axes.
        advance: called after each image, read or not.

    Raises:
        OrposeError: `out` exists already, or no image can be read.
    """
    run = BagRun()
    cameras = BagCameras(bag, infos or camera_info_topic(images), View(None, gravity), run.notes)
    model = pipeline.model
    notes = {
        "model": model.name,
        "model_sha256": model.sha256,
        "downsample": f"{pipeline.downsample:g}",
        "max_input_pixels": str(pipeline.max_input_pixels or ""),
        "image_topic": images,
        **described(model),
    }
    with new_bag(out, storage, notes) as writer:
        writer.add_topic(POSES2D, "orpose_msgs/msg/PersonPose2DArray")
        writer.add_topic(POSES3D, "orpose_msgs/msg/PersonPose3DArray")
        writer.add_topic(SKELETON_INFO, "orpose_msgs/msg/SkeletonInfo", transient_local=True)
        for message in bag.messages([images]):
            try:
                _process(message, writer, pipeline, cameras, run)
            except OrposeError as error:
                run.skipped[str(error)] += 1
            advance()
        if run.images == 0:
            reasons = "; ".join(reason for reason, _ in run.skipped.most_common(3)) or "the topic has no messages"
            raise OrposeError(f"{bag.path}: no image of {images} could be read: {reasons}")
    run.notes.extend(bag.problems)
    return run


def _process(message: BagMessage, writer: BagWriter, pipeline: Pipeline, cameras: BagCameras, run: BagRun) -> None:
    content = decoded(message)
    image = picture(content)
    stamp = stamp_of(content.header)
    camera = cameras.at(message.time_ns, size_of(image))
    result = pipeline.process(image, camera, (stamp or message.time_ns) * 1e-9)
    if run.images == 0:
        info = skeleton_info_message(pipeline.model, content.header, message_class)
        info.header.frame_id = ""
        writer.write(SKELETON_INFO, info, message.time_ns)
    for topic, convert in ((POSES2D, poses2d_message), (POSES3D, poses3d_message)):
        poses = convert(result.poses, result.resolution, content.header, message_class)
        writer.write(topic, poses, message.time_ns)
    run.images += 1
    run.persons += len(result.poses)
