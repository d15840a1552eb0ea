"""The direction of gravity in a camera's optical axes, from TF."""

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from orpose_models.vocabulary.errors import OrposeError

if TYPE_CHECKING:
    from rclpy.node import Node


def rotate(quaternion: ArrayLike, vector: ArrayLike) -> NDArray[np.float64]:
    """Rotate a vector (3,) by a quaternion x, y, z, w of any positive length.

    Raises:
        ValueError: the quaternion is zero.
    """
    q = np.asarray(quaternion, np.float64)
    norm = np.linalg.norm(q)
    if not norm > 0:
        raise ValueError("a zero quaternion is not a rotation")
    axis, w = q[:3] / norm, q[3] / norm
    v = np.asarray(vector, np.float64)
    turned = 2 * np.cross(axis, v)
    return v + w * turned + np.cross(axis, turned)


class TfGravity:
    """Looks gravity up in TF: the way against the z axis of a frame whose z axis points up.

    Args:
        node: receives the transforms.
        frame: such a frame, for example 'map' or 'world'.

    Raises:
        OrposeError: tf2_ros is not installed.
    """

    def __init__(self, node: "Node", frame: str) -> None:
        try:
            import tf2_ros
        except ImportError:
            raise OrposeError(
                f"gravity_frame is '{frame}', but tf2_ros is not installed; install it (tf2_ros_py) "
                "or give the direction by the parameter 'gravity'"
            ) from None
        self._frame = frame
        self._no_transform: type[Exception] = tf2_ros.TransformException
        self._buffer: Any = tf2_ros.Buffer()
        self._listener: Any = tf2_ros.TransformListener(self._buffer, node)

    def lookup(self, camera_frame: str) -> NDArray[np.float64] | None:
        """Gravity (3,) in the axes of `camera_frame` by the latest transform; None while there is none."""
        from rclpy.time import Time

        try:
            transform = self._buffer.lookup_transform(camera_frame, self._frame, Time())
        except self._no_transform:
            return None
        q = transform.transform.rotation
        return rotate((q.x, q.y, q.z, q.w), (0.0, 0.0, -1.0))

    def close(self) -> None:
        """Stop receiving transforms."""
        self._listener.unregister()
