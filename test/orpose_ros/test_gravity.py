from importlib.util import find_spec

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from orpose_models.errors import OrposeError
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


@pytest.mark.skipif(find_spec("tf2_ros") is not None, reason="tf2_ros is installed here")
def test_without_tf2_the_error_says_what_to_do() -> None:
    with pytest.raises(OrposeError, match=r"tf2_ros is not installed; install it .* or give .* 'gravity'"):
        TfGravity(None, "map")  # type: ignore[arg-type]
