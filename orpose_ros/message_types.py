"""rclpy's message classes by name, for the conversions of `orpose_models`, which know no ROS."""

from functools import cache
from importlib import import_module
from typing import Any


@cache
def message_class(name: str) -> Any:
    """The class of a full name such as 'sensor_msgs/msg/Image'."""
    package, kind, cls = name.split("/")
    return getattr(import_module(f"{package}.{kind}"), cls)
