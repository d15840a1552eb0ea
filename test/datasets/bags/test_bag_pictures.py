"""Which topics of a bag are pictures."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from orpose_models.datasets.bags.bag_pictures import picture_topics
from orpose_models.datasets.bags.reader import Bag, open_bag
from orpose_models.datasets.bags.types import message_class
from orpose_models.datasets.bags.writer import new_bag
from orpose_models.messages.fields import make_header
from orpose_models.messages.images import bgr_to_image
from orpose_models.vocabulary.errors import OrposeError

IMAGE, COMPRESSED = "sensor_msgs/msg/Image", "sensor_msgs/msg/CompressedImage"


def of_colour(header: Any) -> Any:
    return bgr_to_image(np.zeros((2, 2, 3), np.uint8), header, message_class)


def of_depth(encoding: str, size: int) -> Callable[[Any], Any]:
    return lambda header: message_class(IMAGE)(header, 1, 1, encoding, 0, size, np.zeros(size, np.uint8))


def compressed(form: str) -> Callable[[Any], Any]:
    return lambda header: message_class(COMPRESSED)(header, form, np.zeros(4, np.uint8))


TOPICS: Mapping[str, tuple[str, Callable[[Any], Any]]] = {
    "/camera/color/image_raw": (IMAGE, of_colour),
    "/camera/color/image_raw/compressed": (COMPRESSED, compressed("bgr8; jpeg compressed bgr8")),
    "/camera/depth/image_raw": (IMAGE, of_depth("16UC1", 2)),
    "/camera/depth/image_raw/compressedDepth": (COMPRESSED, compressed("16UC1; compressedDepth png")),
    "/camera/depth/image_raw/compressed": (COMPRESSED, compressed("16UC1; png compressed")),
    "/camera/depth/metres": (IMAGE, of_depth("32FC1", 4)),
}


def bag_of(path: Path, topics: list[str], empty: str = "") -> Bag:
    with new_bag(path) as bag:
        for topic in topics:
            kind, message = TOPICS[topic]
            bag.add_topic(topic, kind)
            if topic != empty:
                bag.write(topic, message(make_header(0, "camera", message_class)), 0)
    return open_bag(path)


def test_a_bag_without_images(tmp_path: Path) -> None:
    with new_bag(tmp_path / "bag") as bag:
        bag.add_topic("/camera/camera_info", "sensor_msgs/msg/CameraInfo")
    with pytest.raises(OrposeError, match="no image topic"):
        picture_topics(open_bag(tmp_path / "bag"))


def test_depth_images_are_no_pictures(tmp_path: Path) -> None:
    bag = bag_of(tmp_path / "bag", list(TOPICS))
    assert picture_topics(bag) == ["/camera/color/image_raw", "/camera/color/image_raw/compressed"]


def test_a_bag_of_depth_alone_keeps_its_topics(tmp_path: Path) -> None:
    depth = ["/camera/depth/image_raw", "/camera/depth/metres"]
    assert picture_topics(bag_of(tmp_path / "bag", depth)) == depth


def test_a_topic_without_messages_may_be_of_pictures(tmp_path: Path) -> None:
    topic = "/camera/depth/image_raw"
    assert picture_topics(bag_of(tmp_path / "bag", [topic, "/camera/depth/metres"], empty=topic)) == [topic]
