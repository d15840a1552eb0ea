"""Message classes that need no ROS: rosbags' own and those of orpose_msgs."""

from functools import cache
from pathlib import Path
from typing import Any

from rosbags.typesys import Stores, get_types_from_msg, get_typestore
from rosbags.typesys.store import Typestore

# orpose_msgs' own files: a link in a checkout, copies in an installation.
_DEFINITIONS = Path(__file__).resolve().parents[2] / "msg"


@cache
def typestore() -> Typestore:
    """ROS 2's message types with those of orpose_msgs, to write and read messages as they stand in a bag."""
    store = get_typestore(Stores.ROS2_KILTED)
    types: dict[str, Any] = {}
    for path in _DEFINITIONS.glob("*.msg"):
        types.update(get_types_from_msg(path.read_text(), f"orpose_msgs/msg/{path.stem}"))
    store.register(types)
    return store


def message_class(name: str) -> Any:
    """The class of a message by its full name, such as "sensor_msgs/msg/Image"."""
    return typestore().types[name]
