from collections.abc import Iterator
from threading import Event

import numpy as np
import pytest

pytest.importorskip(
    "orpose_msgs.msg._skeleton_info", reason="the ROS packages are not built or not sourced: source tools/ros_env.sh"
)

import rclpy
from numpy.typing import NDArray
from rclpy.context import Context
from rclpy.lifecycle import LifecycleNode
from rclpy.node import Node
from sensor_msgs.msg import Image

from orpose_models.cameras import Camera
from orpose_models.image_messages import bgr_to_image
from orpose_models.poses import Poses
from orpose_models.resolution import Size
from orpose_ros.message_types import message_class
from orpose_ros.parameters import PARAMETERS
from orpose_ros.stream import CameraStream, Frame, camera_info_topic, image_topic
from orpose_ros.worker import Worker

LIMIT = 10.0


@pytest.fixture
def node(request: pytest.FixtureRequest) -> Iterator[Node]:
    """A node in namespace /orpose with the remappings of the parametrisation."""
    context = Context()
    rclpy.init(args=[], context=context, domain_id=86)
    remaps = [option for remap in request.param for option in ("-r", remap)]
    node = Node("names", namespace="orpose", context=context, cli_args=["--ros-args", *remaps] if remaps else None)
    yield node
    node.destroy_node()
    rclpy.shutdown(context=context)


@pytest.mark.parametrize(
    ("node", "images", "infos", "expected"),
    [
        ((), "image_raw", "", ("/orpose/image_raw", "/orpose/camera_info")),
        ((), "/left/color/image", "", ("/left/color/image", "/left/color/camera_info")),
        ((), "left/image", "/other/info", ("/orpose/left/image", "/other/info")),
        (("image_raw:=/cam/image",), "image_raw", "", ("/cam/image", "/cam/camera_info")),
        (("image_raw:=/cam/image", "camera_info:=/cam/info"), "image_raw", "", ("/cam/image", "/cam/info")),
        (("camera_info:=/cam/info",), "/left/image", "", ("/left/image", "/cam/info")),
    ],
    indirect=["node"],
)
def test_topics_after_remapping(node: Node, images: str, infos: str, expected: tuple[str, str]) -> None:
    assert (image_topic(node, images, False), camera_info_topic(node, images, infos)) == expected
    assert image_topic(node, images, True) == f"{expected[0]}/compressed"


class SlowModel:
    """Finds nobody, and waits until it is let go."""

    name, sha256, engine = "slow", "0" * 64, "none"

    def __init__(self) -> None:
        self.started, self.go = Event(), Event()

    def predict(self, image: NDArray[np.uint8], full_size: Size | None = None, camera: Camera | None = None) -> Poses:
        self.started.set()
        assert self.go.wait(LIMIT)
        return Poses.empty()


def test_an_image_of_before_a_deactivation_gives_nothing_after_it() -> None:
    context = Context()
    rclpy.init(args=[], context=context, domain_id=86)
    node, model = LifecycleNode("stream", context=context), SlowModel()
    stream = CameraStream(node, {name: parameter.default for name, parameter in PARAMETERS.items()}, model)
    workers = [Worker[Frame](lambda _, frame: stream.work(frame), lambda *lost: None) for _ in range(2)]
    image = bgr_to_image(np.zeros((4, 4, 3), np.uint8), Image().header, message_class)
    try:
        stream.start(workers[0])
        workers[0].submit("", Frame(image, 0.0, workers[0]))
        assert model.started.wait(LIMIT)
        stream.stop()
        assert not workers[0].stop(0.01)
        stream.start(workers[1])
        model.go.set()
        assert workers[0].stop(LIMIT)
        assert stream.snapshot().processed == 0
        model.started.clear()
        workers[1].submit("", Frame(image, 0.0, workers[1]))
        assert model.started.wait(LIMIT)
        assert workers[1].stop(LIMIT)
        assert stream.snapshot().processed == 1
    finally:
        stream.close()
        node.destroy_node()
        rclpy.shutdown(context=context)
