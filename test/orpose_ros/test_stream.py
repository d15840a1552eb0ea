import os
import time
from collections.abc import Iterator
from dataclasses import replace
from queue import Queue
from threading import Event, Thread
from typing import Any

import numpy as np
import pytest

pytest.importorskip(
    "orpose_msgs.msg._skeleton_info", reason="the ROS packages are not built or not sourced: source tools/ros_env.sh"
)

import rclpy
from numpy.typing import NDArray
from rclpy.context import Context
from rclpy.executors import SingleThreadedExecutor
from rclpy.lifecycle import LifecycleNode
from rclpy.node import Node
from sensor_msgs.msg import CameraInfo, Image

from orpose_models.messages.camera_info import camera_info_message
from orpose_models.messages.fields import make_header
from orpose_models.messages.images import bgr_to_image
from orpose_models.vocabulary.cameras import Camera
from orpose_models.vocabulary.errors import OrposeError
from orpose_models.vocabulary.poses import Poses
from orpose_models.vocabulary.resolution import Size
from orpose_ros.message_types import message_class
from orpose_ros.parameters import PARAMETERS
from orpose_ros.stream import CameraStream, Frame
from orpose_ros.topic_names import camera_info_topic, camera_names, check_topics, image_topic
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
    check_topics({"image_topic": images, "camera_info_topic": infos, "depth_topic": ""}, "left")
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


@pytest.mark.parametrize("parameter", ["image_topic", "camera_info_topic", "depth_topic"])
def test_cameras_cannot_share_a_topic(parameter: str) -> None:
    names = {"image_topic": "image_raw", "camera_info_topic": "", "depth_topic": "", parameter: "/everybody"}
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


class Onlooker:
    """Finds nobody, and keeps the camera of every image."""

    name, sha256, engine = "onlooker", "0" * 64, "none"

    def __init__(self) -> None:
        self.cameras: Queue[Camera] = Queue()

    def predict(
        self,
        image: NDArray[np.uint8],
        full_size: Size | None = None,
        camera: Camera | None = None,
        min_score: float = 0.0,
    ) -> Poses:
        assert camera is not None
        self.cameras.put(camera)
        return Poses.empty()


class Feed:
    """A stream in this process whose images and intrinsics come over DDS."""

    def __init__(self, **parameters: Any) -> None:
        self.context = Context()
        rclpy.init(args=[], context=self.context, domain_id=1 + os.getpid() % 99)
        self.node = LifecycleNode("stream", namespace="feed", context=self.context)
        self.model = Onlooker()
        defaults = {name: parameter.default for name, parameter in PARAMETERS.items()}
        self.stream = CameraStream(self.node, {**defaults, "image_reliability": "reliable", **parameters}, self.model)
        self.worker = Worker[Frame](lambda _, frame: self.stream.work(frame), lambda *lost: None)
        self.stream.start(self.worker)
        self.images = self.node.create_publisher(Image, self.stream.image_topic, 10)
        self.infos = self.node.create_publisher(CameraInfo, self.stream.camera_info_topic, 10)
        self.executor = SingleThreadedExecutor(context=self.context)
        self.executor.add_node(self.node)
        self.spinner = Thread(target=self.executor.spin, daemon=True)
        self.spinner.start()
        end = time.monotonic() + LIMIT
        while not (self.images.get_subscription_count() and self.infos.get_subscription_count()):
            assert time.monotonic() < end
            time.sleep(0.01)

    def camera_of(self, seconds: int, info: Camera | None = None, p: list[float] | None = None) -> Camera:
        """What camera an image of this stamp has, whose intrinsics, if any, come with it."""
        header = make_header(seconds * 1_000_000_000, "camera", message_class)
        if info is not None:
            message = camera_info_message(info, header, message_class)
            if p is not None:
                message.p = p
            self.infos.publish(message)
        self.images.publish(bgr_to_image(np.zeros((48, 64, 3), np.uint8), header, message_class))
        return self.model.cameras.get(timeout=LIMIT)

    def close(self) -> None:
        self.executor.shutdown()
        self.spinner.join(LIMIT)
        self.worker.stop(LIMIT)
        self.stream.close()
        self.node.destroy_node()
        rclpy.shutdown(context=self.context)


@pytest.fixture
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """However busy the machine is, an image waits for its intrinsics."""
    monkeypatch.setattr("orpose_ros.stream._INFO_PATIENCE", LIMIT)


@pytest.fixture
def feed(request: pytest.FixtureRequest) -> Iterator[Feed]:
    feed = Feed(**request.param)
    yield feed
    feed.close()


RAW = Camera(64, 48, 50.0, 51.0, 31.5, 23.5, (-0.3, 0.09, 0.0, 0.0, 0.0))
P = [40.0, 0, 30, 0, 0, 41, 22, 0, 0, 0, 1, 0]


@pytest.mark.usefixtures("patience")
@pytest.mark.parametrize(
    ("feed", "rectified"),
    [
        ({}, False),
        ({"image_topic": "/cam/image_rect"}, True),
        ({"image_topic": "/cam/image_rect", "rectified": "false"}, False),
        ({"rectified": "true"}, True),
    ],
    indirect=["feed"],
)
def test_rectified_images_have_the_projection_matrix(feed: Feed, rectified: bool) -> None:
    camera = feed.camera_of(1, RAW, P)
    plane = (camera.fx, camera.fy, camera.cx, camera.cy, camera.distortion)
    assert plane == ((40.0, 41.0, 30.0, 22.0, ()) if rectified else (50.0, 51.0, 31.5, 23.5, RAW.distortion))
    assert not camera.guessed
    assert feed.stream.rectified is rectified
    assert feed.stream.calibrated


@pytest.mark.usefixtures("patience")
@pytest.mark.parametrize("feed", [{}], indirect=True)
def test_a_zoom_takes_effect_with_its_own_image(feed: Feed) -> None:
    lengths = [feed.camera_of(i, replace(RAW, fx=50.0 * i)).fx for i in (1, 1, 2, 2, 3)]
    assert lengths == [50.0, 50.0, 100.0, 100.0, 150.0]


@pytest.mark.parametrize("feed", [{}], indirect=True)
def test_without_intrinsics_the_camera_is_guessed(feed: Feed) -> None:
    assert feed.camera_of(1).guessed
    assert not feed.stream.calibrated
    assert feed.stream.camera_problem == ""
