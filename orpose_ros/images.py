"""Image messages to BGR: by cv_bridge where it is installed and knows the encoding, else by our own converter."""

from contextlib import suppress
from typing import Any

import numpy as np
from numpy.typing import NDArray

from orpose_models.image_messages import compressed_to_bgr, image_to_bgr

try:
    from cv_bridge import CvBridge
except ImportError:  # not in ROS 2 from pip wheels
    CvBridge = None

# What cv_bridge turns into bgr8. Both converters give the same pixels for these.
CV_BRIDGE_ENCODINGS = frozenset(
    {
        *("bgr8", "rgb8", "bgra8", "rgba8", "mono8", "mono16", "bgr16", "rgb16", "bgra16", "rgba16"),
        *(f"bayer_{pattern}{depth}" for pattern in ("rggb", "bggr", "gbrg", "grbg") for depth in (8, 16)),
        *("uyvy", "yuv422", "yuyv", "yuv422_yuy2"),
    }
)


class ImageReader:
    """Turns messages into BGR arrays."""

    def __init__(self) -> None:
        self._bridge: Any = CvBridge() if CvBridge is not None else None

    def to_bgr(self, message: Any) -> NDArray[np.uint8]:
        """The picture of a sensor_msgs/Image or CompressedImage as (height, width, 3) uint8 BGR.

        Raises:
            OrposeError: the message contradicts itself, is cut short, or has an encoding that is not supported.
        """
        if hasattr(message, "format"):
            return compressed_to_bgr(message)
        if self._bridge is not None and message.encoding in CV_BRIDGE_ENCODINGS and _whole(message):
            # cv_bridge raises whatever NumPy and OpenCV happen to; our converter then says what is wrong.
            with suppress(Exception):
                return np.array(self._bridge.imgmsg_to_cv2(message, "bgr8"), np.uint8)
        return image_to_bgr(message)


def _whole(message: Any) -> bool:
    """cv_bridge takes data beyond the last row in silence."""
    return message.width > 0 and message.height > 0 and len(message.data) == message.height * message.step
