"""Unlabelled images from rosbag2: one source an image topic."""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from orpose_models.datasets.bags.bag_pictures import BagCameras, image_topics, late_picture, picture_topics
from orpose_models.datasets.bags.reader import Bag, BagMessage, open_bag
from orpose_models.datasets.bags.topics import camera_info_topic
from orpose_models.messages.camera_info import BY_NAME, is_rectified
from orpose_models.training.contents import digest_of_recording
from orpose_models.training.image_source import Choice, Item, Source, keep_image
from orpose_models.vocabulary.cameras import Camera
from orpose_models.vocabulary.errors import OrposeError


def open_bag_sources(path: Path, frames: Path, choice: Choice) -> list[Source]:
    """Open image topics of a bag, those chosen or all that have images and are not of depth.

    Images are written beside the labels as they are labelled. The intrinsics are those of `camera_info` beside the
    images; where the bag has none, those of the choice; where these are unknown too, none.

    Args:
        path: the bag's folder, or one .mcap or .db3 file.
        frames: folder for the images.
        choice: topics, stride, and what is known of the camera.

    Raises:
        OrposeError: no bag, nothing of it can be read, no such topic, or no image.
    """
    bag = open_bag(path)
    every = choice.topics == ()
    topics = picture_topics(bag) if every else [image_topics(bag, topic)[0] for topic in dict.fromkeys(choice.topics)]
    full = [topic for topic in topics if bag.topics[topic].count]
    if not full:
        raise OrposeError(f"{path}: no image on {', '.join(topics)}")
    content = digest_of_recording(bag.files)
    folders = [frames / path.stem / topic.strip("/").replace("/", "-") for topic in full]
    return [_topic(bag, topic, images, choice, content) for topic, images in zip(full, folders, strict=True)]


def _topic(bag: Bag, topic: str, images: Path, choice: Choice, content: str) -> Source:
    stride = choice.stride_of(bag.topics[topic].count)
    count = -(-bag.topics[topic].count // stride)
    notes = list(bag.problems)
    straight = is_rectified(topic, choice.rectified)
    if straight and choice.rectified == "auto":
        notes.append(BY_NAME.format(topic))
    cameras = BagCameras(bag, camera_info_topic(topic), choice.view, notes, straight)

    def items(wanted: Callable[[int], bool]) -> Iterator[Item]:
        number = -1
        for number, message in enumerate(bag.messages([topic])):
            index = number // stride
            if number % stride == 0 and wanted(index):
                yield _item(index, number, message)
        index = -(-(number + 1) // stride)
        if index < count and wanted(index):  # the first that is missing stands for the rest

            def missing() -> NDArray[np.uint8]:
                raise OrposeError("; ".join(bag.problems) or f"{bag.path}: {topic} ends after {number + 1} images")

            yield Item(index, "", missing, lambda size: None)

    def _item(index: int, number: int, message: BagMessage) -> Item:
        name = f"{number:06d}.jpg"
        stamp, decode = late_picture(message, f"{bag.path}: {topic}, image {number}")

        def read() -> NDArray[np.uint8]:
            image = decode()
            keep_image(images / name, image)
            return image

        def camera(size: tuple[int, int]) -> Camera | None:
            found = cameras.at(stamp, size)
            return None if found.guessed and found.gravity is None else found

        return Item(index, name, read, camera, topic, bag.path.stem, stamp)

    return Source(
        bag.path,
        "bag",
        images,
        count,
        items,
        stride,
        content,
        choice.view,
        topic,
        tuple(notes),
        rectified=choice.rectified,
    )
