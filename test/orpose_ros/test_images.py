import numpy as np
import pytest

pytest.importorskip(
    "orpose_msgs.msg._skeleton_info", reason="the ROS packages are not built or not sourced: source tools/ros_env.sh"
)
from sensor_msgs.msg import CompressedImage

from orpose_models.messages.images import ENCODINGS, image_to_bgr
from orpose_models.vocabulary.errors import OrposeError
from orpose_ros.images import CV_BRIDGE_PIXELS, ImageReader

from support.rig import image_message  # isort: skip


def test_what_is_left_to_cv_bridge_is_what_the_own_converter_knows() -> None:
    assert set(CV_BRIDGE_PIXELS) <= set(ENCODINGS)


def test_either_kind_of_message_is_read() -> None:
    reader = ImageReader()
    picture = np.arange(4 * 6 * 3, dtype=np.uint8).reshape(4, 6, 3)
    np.testing.assert_array_equal(reader.to_bgr(image_message(picture, padding=5)), picture)
    with pytest.raises(OrposeError, match="it holds no data"):
        reader.to_bgr(CompressedImage(format="jpeg"))


@pytest.mark.parametrize("encoding", sorted(CV_BRIDGE_PIXELS))
def test_cv_bridge_gives_the_same_picture(encoding: str) -> None:
    pytest.importorskip("cv_bridge", reason="cv_bridge is not part of ROS 2 from pip wheels")
    pixels = np.random.default_rng(0).integers(0, 256, (32, 48, CV_BRIDGE_PIXELS[encoding]), np.uint8)
    message = image_message(pixels, encoding)
    read = ImageReader().to_bgr(message)
    np.testing.assert_array_equal(read, image_to_bgr(message))
