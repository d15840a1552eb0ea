"""What the converters between messages and arrays share: message classes by name, headers, sequences of numbers.

No ROS is imported: every converter is given a lookup, `orpose_models.datasets.bags.types.message_class` for the
classes of rosbags or `orpose_ros.message_types.message_class` for those of rclpy, and works with either.
"""

from array import array
from collections.abc import Callable
from dataclasses import is_dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

# Finds a message class by its full name, such as "sensor_msgs/msg/Image".
MessageTypes = Callable[[str], Any]

_SECOND = 1_000_000_000


def make_header(stamp_ns: int, frame_id: str, types: MessageTypes) -> Any:
    """A std_msgs/Header from a time in nanoseconds."""
    return types("std_msgs/msg/Header")(stamp=make_time(stamp_ns, types), frame_id=frame_id)


def make_time(stamp_ns: int, types: MessageTypes) -> Any:
    """A builtin_interfaces/Time from a time in nanoseconds."""
    sec, nanosec = divmod(stamp_ns, _SECOND)
    return types("builtin_interfaces/msg/Time")(sec=sec, nanosec=nanosec)


def copy_header(header: Any, types: MessageTypes) -> Any:
    """The same header, made of the classes that `types` finds."""
    return make_header(stamp_of(header), header.frame_id, types)


def stamp_of(header: Any) -> int:
    """Time of a std_msgs/Header in nanoseconds."""
    return int(header.stamp.sec) * _SECOND + int(header.stamp.nanosec)


def number_sequence(message_class: Any, numbers: NDArray) -> Any:
    """What a field such as uint8[] or float64[] of the class takes fastest: an array.array for rclpy's classes, which
    check anything else number by number; a flat NumPy array for rosbags'.
    """
    if is_dataclass(message_class):
        return numbers.reshape(-1)
    values = array(numbers.dtype.char)
    if numbers.size:
        values.frombytes(np.ascontiguousarray(numbers).data.cast("B"))
    return values
