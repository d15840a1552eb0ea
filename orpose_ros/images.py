"""Image messages to BGR: by cv_bridge where it is installed and knows the encoding, else by our own converter."""

from contextlib import suppress
from typing import Any

import numpy as np
from numpy.typing import NDArray

from orpose_models.messages.images import compressed_to_bgr, image_to_bgr

try:
    from cv_bridge import CvBridge
except Exception:  # not in ROS 2 from pip wheels; or built for another NumPy than the one in use
    CvBridge = None

# Bytes of a pixel in what cv_bridge turns into bgr8. Both converters give the same picture for these.
CV_BRIDGE_PIXELS = {
    **dict.fromkeys(("bgr8", "rgb8"), 3),
    **dict.fromkeys(("bgra8", "rgba8"), 4),
    "mono8": 1,
    "mono16": 2,
    **dict.fromkeys(("bgr16", "rgb16"), 6),
    **dict.fromkeys(("bgra16", "rgba16"), 8),
    **{f"bayer_{pattern}{8 * size}": size for pattern in ("rggb", "bggr", "gbrg", "grbg") for size in (1, 2)},
    **dict.fromkeys(("uyvy", "yuv422", "yuyv", "yuv422_yuy2"), 2),
}


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
        if self._bridge is not None and _is_plain(message):
            # cv_bridge raises whatever NumPy and OpenCV happen to; our converter then says what is wrong.
            with suppress(Exception):
                return np.array(self._bridge.imgmsg_to_cv2(message, "bgr8"), np.uint8)
        return image_to_bgr(message)


def _is_plain(message: Any) -> bool:
    """Whether the rows are whole, little-endian and without padding.

    cv_bridge takes surplus data in silence and shears pictures whose padded rows are no multiple of a pixel.
    """
    row = message.width * CV_BRIDGE_PIXELS.get(message.encoding, 0)
    return row > 0 and message.step == row and len(message.data) == message.height * row and not message.is_bigendian
