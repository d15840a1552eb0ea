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

from orpose_models.messages.images import bgr_to_image
from orpose_models.vocabulary.cameras import Camera
from orpose_models.vocabulary.errors import OrposeError
from orpose_models.vocabulary.poses import Poses
from orpose_models.vocabulary.resolution import Size
from orpose_ros.message_types import message_class
from orpose_ros.parameters import PARAMETERS
from orpose_ros.stream import CameraStream, Frame
from orpose_ros.topics import camera_info_topic, camera_names, check_topics, image_topic
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


@pytest.mark.parametrize(
    ("node", "images", "infos", "expected"),
    [
        ((), "image_raw", "", ("/orpose/left/image_raw", "/orpose/left/camera_info")),
        ((), "/{camera}/color/image", "", ("/left/color/image", "/left/color/camera_info")),
        ((), "image_{camera}", "/info/{camera}", ("/orpose/left/image_left", "/info/left")),
        (("left/image_raw:=/cam/image",), "image_raw", "", ("/cam/image", "/cam/camera_info")),
        (("left/camera_info:=/cam/info",), "image_raw", "", ("/orpose/left/image_raw", "/cam/info")),
    ],
    indirect=["node"],
)
def test_topics_of_one_camera_of_several(node: Node, images: str, infos: str, expected: tuple[str, str]) -> None:
    check_topics({"image_topic": images, "camera_info_topic": infos}, "left")
    assert (image_topic(node, images, False, "left"), camera_info_topic(node, images, infos, "left")) == expected


def test_names_of_cameras() -> None:
    assert camera_names(" ") == [""]
    assert camera_names("left, room/right") == ["left", "room/right"]


@pytest.mark.parametrize(
    ("cameras", "reason"),
    [
        ("left,", "'' is no name for a camera's namespace"),
        ("2nd", "'2nd' is no name for a camera's namespace"),
        ("le ft", "'le ft' is no name for a camera's namespace"),
        ("/left", "a camera's name does not begin with '/'"),
        ("left,left", "every camera needs a name of its own"),
    ],
)
def test_impossible_names_of_cameras(cameras: str, reason: str) -> None:
    with pytest.raises(OrposeError, match=f"^parameter 'cameras' cannot be '{cameras}': {reason}$"):
        camera_names(cameras)


@pytest.mark.parametrize("parameter", ["image_topic", "camera_info_topic"])
def test_cameras_cannot_share_a_topic(parameter: str) -> None:
    names = {"image_topic": "image_raw", "camera_info_topic": "", parameter: "/everybody"}
    check_topics(names, "")
    with pytest.raises(OrposeError, match=f"parameter '{parameter}' cannot be '/everybody' with several cameras"):
        check_topics(names, "left")


class SlowModel:
    """Finds nobody, and waits until it is let go."""

    name, sha256, engine = "slow", "0" * 64, "none"

    def __init__(self) -> None:
        self.started, self.go = Event(), Event()

    def predict(
        self,
        image: NDArray[np.uint8],
        full_size: Size | None = None,
        camera: Camera | None = None,
        min_score: float = 0.0,
    ) -> Poses:
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
