"""The images of a bag, one after another, each with its camera and time."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from orpose_models.datasets.bags.bag_pictures import BagCameras, decoded, image_topics, picture, picture_topics
from orpose_models.datasets.bags.reader import Bag, open_bag
from orpose_models.datasets.bags.topics import camera_info_topic
from orpose_models.datasets.camera_file import View
from orpose_models.datasets.image_file import size_of
from orpose_models.messages.camera_info import is_rectified
from orpose_models.messages.fields import stamp_of
from orpose_models.vocabulary.cameras import Camera
from orpose_models.vocabulary.errors import OrposeError


@dataclass(frozen=True, eq=False)
class BagImage:
    """An image of a bag.

    Attributes:
        image: (h, w, 3) uint8 BGR.
        camera: its camera; `camera.guessed` if the bag does not know it.
        stamp_ns: when it was taken, in nanoseconds; when it was recorded, if its header does not say.
        frame_id: the camera's optical frame.
    """

    image: NDArray[np.uint8]
    camera: Camera
    stamp_ns: int
    frame_id: str

    @property
    def time(self) -> float:
        """When it was taken, in seconds."""
        return self.stamp_ns * 1e-9


class BagImages:
    """The images of one topic of a bag, that can be gone through any number of times; made by `open_bag_images`.

    Attributes:
        topic: the topic.
        rectified: whether the images are: their cameras are without distortion then.
        problems: one sentence for each thing that could not be read, or is not known, on the latest pass.
    """

    def __init__(
        self,
        bag: Bag,
        topic: str,
        infos: str | None = None,
        gravity: tuple[float, float, float] | None = None,
        rectified: str = "auto",
    ) -> None:
        self.topic = topic
        self.rectified = is_rectified(topic, rectified)
        self.problems: list[str] = []
        self._bag = bag
        self._infos = infos or camera_info_topic(topic)
        self._gravity = gravity

    def __len__(self) -> int:
        """How many messages the topic has."""
        return self._bag.topics[self.topic].count

    def __iter__(self) -> Iterator[BagImage]:
        """The images in order of time; those that cannot be read are noted in `problems` and left out."""
        self.problems.clear()
        cameras = BagCameras(self._bag, self._infos, View(None, self._gravity), self.problems, self.rectified)
        for message in self._bag.messages([self.topic]):
            try:
                content = decoded(message)
                image = picture(content)
            except OrposeError as error:
                self.problems.append(f"{self.topic}: {error}")
                continue
            stamp = stamp_of(content.header) or message.time_ns
            yield BagImage(image, cameras.at(stamp, size_of(image)), stamp, content.header.frame_id)
        self.problems.extend(self._bag.problems)


def image_topic(bag: Bag, wanted: str | None = None) -> str:
    """The image topic of a bag: the wanted one, or the only one there is that is not of depth.

    Raises:
        OrposeError: there is no such topic, or no image topic, or there are several to choose from.
    """
    images = picture_topics(bag) if wanted is None else image_topics(bag, wanted)
    if len(images) > 1:
        raise OrposeError(f"{bag.path}: several image topics, choose one with --image-topic: {', '.join(images)}")
    return images[0]


def open_bag_images(
    path: str | Path,
    topic: str | None = None,
    camera_info_topic: str | None = None,
    gravity: tuple[float, float, float] | None = None,
    rectified: str = "auto",
) -> BagImages:
    """Open the images of a rosbag2.

    Args:
        path: its folder, or a single .mcap or .db3 file.
        topic: of the images; None for the only image topic that is not of depth.
        camera_info_topic: of the intrinsics; None for `camera_info` beside the images.
        gravity: direction things fall in, in optical axes; helps the 3D.
        rectified: whether the images are: "true", "false", or "auto" for what the topic's name says.

    Raises:
        OrposeError: no bag, no such topic, or several image topics to choose from.
    """
    bag = open_bag(path)
    return BagImages(bag, image_topic(bag, topic), camera_info_topic, gravity, rectified)
