"""Bags of images from a video, an image or a folder of images."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from orpose_models.datasets.bags.topics import camera_info_topic, compressed_topic
from orpose_models.datasets.bags.types import message_class
from orpose_models.datasets.bags.writer import Storage, new_bag
from orpose_models.datasets.camera_file import View
from orpose_models.datasets.frames import FrameSource
from orpose_models.datasets.image_file import size_of
from orpose_models.files.names import printable
from orpose_models.messages.camera_info import camera_info_message
from orpose_models.messages.compressed_images import bgr_to_compressed
from orpose_models.messages.fields import make_header
from orpose_models.messages.images import bgr_to_image
from orpose_models.vocabulary.cameras import Camera
from orpose_models.vocabulary.errors import OrposeError
from orpose_models.vocabulary.resolution import Size, resize_down

# Every bag starts here, at 2020-09-13 12:26:40 UTC, so that the same input makes the same bag.
START_NS = 1_600_000_000_000_000_000
IMAGES_PER_SECOND = 10.0  # of a folder, which does not say


@dataclass(frozen=True)
class BagPlan:
    """How a bag is made of images.

    Attributes:
        topic: of the images; with `compressed` "/compressed" is added, unless it ends so. The camera's intrinsics,
            where known, go to `camera_info` beside it.
        compressed: JPEG instead of raw images.
        frame_id: the camera's optical frame.
        short_side: images are reduced so that their shorter side has this many pixels; None for as they are.
        rate: images per second; None for the video's own, and `IMAGES_PER_SECOND` for images.
        stride: every n-th image is taken, at the time that it has in the video.
        storage: the kind of bag.
    """

    topic: str = "/orpose/image_raw"
    compressed: bool = False
    frame_id: str = "camera"
    short_side: int | None = None
    rate: float | None = None
    stride: int = 1
    storage: Storage = "mcap"

    @property
    def image_topic(self) -> str:
        """Where the images are."""
        return compressed_topic(self.topic) if self.compressed else self.topic


def create_bag(
    frames: FrameSource,
    out: str | Path,
    plan: BagPlan,
    camera: Camera | None = None,
    advance: Callable[[], None] = lambda: None,
) -> int:
    """Write the images of a source into a new bag.

    Args:
        frames: the images; those that cannot be read, or are of another shape than the camera's, are noted in its
            `problems` and left out.
        out: the bag's folder.
        camera: intrinsics of the images in the source, written with every image; None for none.
        advance: called after each image.

    Returns:
        How many images the bag has.

    Raises:
        OrposeError: `out` exists already, or no image can be taken.
    """
    view = View(camera)
    infos_topic = camera_info_topic(plan.topic)
    count = 0
    with new_bag(out, plan.storage, {"source": printable(frames.path.name)}) as bag:
        kind = "CompressedImage" if plan.compressed else "Image"
        bag.add_topic(plan.image_topic, f"sensor_msgs/msg/{kind}")
        if camera is not None:
            bag.add_topic(infos_topic, "sensor_msgs/msg/CameraInfo")
        for frame in frames.frames(plan.stride):
            time_ns = START_NS + _time_ns(frames, plan, frame.index, frame.stamp_ns)
            header = make_header(time_ns, plan.frame_id, message_class)
            image = _reduced(frame.image, plan.short_side)
            if camera is not None:
                try:
                    info = camera_info_message(view.camera(size_of(image)), header, message_class)
                except OrposeError as error:
                    frames.problems.append(f"{frame.name}: {error}")
                    continue
                # First, so that a player sends it first: the intrinsics are known when the image comes.
                bag.write(infos_topic, info, time_ns)
            bag.write(plan.image_topic, _message(image, header, plan), time_ns)
            count += 1
            advance()
        if count == 0:
            raise OrposeError(f"{frames.path}: none of the images could be taken; {'; '.join(frames.problems[:3])}")
    return count


def _time_ns(frames: FrameSource, plan: BagPlan, index: int, stamp_ns: int | None) -> int:
    if plan.rate is None and stamp_ns is not None:
        return stamp_ns
    # With a rate it is the images of the bag that follow each other at that rate.
    return round(index / plan.stride / (plan.rate or IMAGES_PER_SECOND) * 1e9)


def _reduced(image: NDArray[np.uint8], short_side: int | None) -> NDArray[np.uint8]:
    width, height = size_of(image)
    if short_side is None or short_side >= min(width, height):
        return image
    scale = short_side / min(width, height)
    size: Size = max(1, round(width * scale)), max(1, round(height * scale))
    return resize_down(image, size)


def _message(image: NDArray[np.uint8], header: Any, plan: BagPlan) -> Any:
    convert = bgr_to_compressed if plan.compressed else bgr_to_image
    return convert(image, header, message_class)
