from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

import pytest

from orpose_models.bags.types import message_class as rosbags_class


@pytest.fixture(params=["rosbags", "rclpy"], scope="session")
def message_types(request: pytest.FixtureRequest) -> Callable[[str], Any]:
    """A lookup of message classes by name: once of rosbags' classes, once of rclpy's."""
    if request.param == "rosbags":
        return rosbags_class
    if find_spec("orpose_msgs") is None:
        pytest.skip("the ROS packages are not built or not sourced (make build; source tools/ros_env.sh)")
    from orpose_ros.message_types import message_class

    return message_class
