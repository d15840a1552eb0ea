import time
from importlib.util import find_spec

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from orpose_models.vocabulary.errors import OrposeError
from orpose_ros.gravity import TfGravity, rotate

NUMBER = st.floats(-10, 10, allow_nan=False).map(lambda x: round(x, 4))


def test_known_rotations() -> None:
    half = np.sqrt(0.5)
    np.testing.assert_allclose(rotate((0, 0, 0, 1), (1, 2, 3)), (1, 2, 3))
    np.testing.assert_allclose(rotate((0, 0, half, half), (1, 0, 0)), (0, 1, 0), atol=1e-12)
    np.testing.assert_allclose(rotate((half, 0, 0, half), (0, 1, 0)), (0, 0, 1), atol=1e-12)


def test_down_in_a_level_camera_is_its_y_axis() -> None:
    """A camera that looks along x of the room: room axes in optical axes are z, -x, -y, quaternion 0.5 -0.5 0.5 0.5."""
    np.testing.assert_allclose(rotate((0.5, -0.5, 0.5, 0.5), (1, 0, 0)), (0, 0, 1), atol=1e-12)
    np.testing.assert_allclose(rotate((0.5, -0.5, 0.5, 0.5), (0, 0, -1)), (0, 1, 0), atol=1e-12)


@given(st.tuples(NUMBER, NUMBER, NUMBER, NUMBER), st.tuples(NUMBER, NUMBER, NUMBER))
def test_rotations_keep_lengths_and_have_inverses(q: tuple, v: tuple) -> None:
    if not any(q):
        with pytest.raises(ValueError, match="zero quaternion"):
            rotate(q, v)
        return
    turned = rotate(q, v)
    np.testing.assert_allclose(np.linalg.norm(turned), np.linalg.norm(v), atol=1e-9)
    np.testing.assert_allclose(rotate((-q[0], -q[1], -q[2], q[3]), turned), v, atol=1e-9)
    np.testing.assert_allclose(rotate(tuple(2 * x for x in q), v), turned, atol=1e-9)


@pytest.mark.skipif(find_spec("tf2_ros") is not None, reason="tests what is said without tf2_ros, which is here")
def test_without_tf2_the_error_says_what_to_do() -> None:
    with pytest.raises(OrposeError, match=r"tf2_ros is not installed; install it .* or give .* 'gravity'"):
        TfGravity(None, "map")  # type: ignore[arg-type]


def test_gravity_comes_from_tf() -> None:
    tf2_ros = pytest.importorskip("tf2_ros", reason="needs an installed ROS 2: tf2_ros has no wheel")
    import rclpy
    from geometry_msgs.msg import TransformStamped
    from rclpy.context import Context
    from rclpy.executors import SingleThreadedExecutor
    from rclpy.node import Node

    context = Context()
    rclpy.init(args=[], context=context, domain_id=85)
    executor = SingleThreadedExecutor(context=context)
    node = Node("gravity", context=context)
    executor.add_node(node)
    try:
        gravity = TfGravity(node, "map")
        assert gravity.lookup("camera_optical") is None
        # A camera that looks along the room's x axis; TF holds the camera's axes in the room.
        transform = TransformStamped(child_frame_id="camera_optical")
        transform.header.frame_id = "map"
        rotation = transform.transform.rotation
        rotation.x, rotation.y, rotation.z, rotation.w = -0.5, 0.5, -0.5, 0.5
        tf2_ros.StaticTransformBroadcaster(node).sendTransform(transform)
        end = time.monotonic() + 30
        while (found := gravity.lookup("camera_optical")) is None and time.monotonic() < end:
            executor.spin_once(timeout_sec=0.05)
        assert found is not None
        np.testing.assert_allclose(found, (0, 1, 0), atol=1e-12)
        gravity.close()
    finally:
        executor.shutdown()
        node.destroy_node()
        rclpy.shutdown(context=context)
