"""Frames as TF has them. For rclpy's classes and rosbags' alike."""

from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from orpose_models.messages.fields import MessageTypes, copy_header


class Frame(NamedTuple):
    """A frame in another one.

    Attributes:
        name: the frame's.
        position: (3,) of its origin, metres.
        rotation: (3, 3) turns its axes into the other's.
    """

    name: str
    position: NDArray[np.floating]
    rotation: NDArray[np.floating]


def tf_message(frames: Iterable[Frame], header: Any, types: MessageTypes) -> Any:
    """A TFMessage of frames in the frame that the header names, at its time."""
    vector, quaternion = types("geometry_msgs/msg/Vector3"), types("geometry_msgs/msg/Quaternion")
    transform, stamped = types("geometry_msgs/msg/Transform"), types("geometry_msgs/msg/TransformStamped")
    found = []
    for frame in frames:
        x, y, z = (float(v) for v in frame.position)
        a, b, c, d = Rotation.from_matrix(frame.rotation).as_quat().tolist()
        found.append(
            stamped(
                header=copy_header(header, types),
                child_frame_id=frame.name,
                transform=transform(translation=vector(x=x, y=y, z=z), rotation=quaternion(x=a, y=b, z=c, w=d)),
            )
        )
    return types("tf2_msgs/msg/TFMessage")(transforms=found)
