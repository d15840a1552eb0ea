from collections.abc import Iterator

import pytest

pytest.importorskip(
    "orpose_msgs.msg._skeleton_info", reason="the ROS packages are not built or not sourced: source tools/ros_env.sh"
)

import rclpy
from rclpy.context import Context
from rclpy.node import Node

from orpose_ros.stream import camera_info_topic, image_topic


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
