"""sensor_msgs/Image as BGR arrays, and back.

Works on anything with the fields of the message: the classes of rclpy and those of rosbags alike. Values are those of
cv_bridge's conversion to bgr8, for every encoding that it converts.
"""

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from orpose_models.messages.fields import MessageTypes, number_sequence
from orpose_models.vocabulary.brightness import UnknownWhiteError, check_16_bit
from orpose_models.vocabulary.errors import OrposeError


@dataclass(frozen=True)
class _Packed:
    """An encoding with all channels of a pixel side by side; `to_bgr` is OpenCV's conversion, None for BGR itself."""

    channels: int
    to_bgr: int | None
    depth: int = 8


_GREY = _Packed(1, cv2.COLOR_GRAY2BGR)
_GREY16 = _Packed(1, cv2.COLOR_GRAY2BGR, 16)
_BGR = _Packed(3, None)
_BGRA = _Packed(4, cv2.COLOR_BGRA2BGR)
_UYVY = _Packed(2, cv2.COLOR_YUV2BGR_UYVY)
_YUYV = _Packed(2, cv2.COLOR_YUV2BGR_YUY2)

_PACKED: dict[str, _Packed] = {
    "bgr8": _BGR,
    "rgb8": _Packed(3, cv2.COLOR_RGB2BGR),
    "bgra8": _BGRA,
    "rgba8": _Packed(4, cv2.COLOR_RGBA2BGR),
    "bgr16": _Packed(3, None, 16),
    "rgb16": _Packed(3, cv2.COLOR_RGB2BGR, 16),
    "bgra16": _Packed(4, cv2.COLOR_BGRA2BGR, 16),
    "rgba16": _Packed(4, cv2.COLOR_RGBA2BGR, 16),
    "mono8": _GREY,
    "mono16": _GREY16,
    # The generic names say nothing of colours: they are read as grey, BGR and BGRA, OpenCV's own orders.
    "8UC1": _GREY,
    "8UC3": _BGR,
    "8UC4": _BGRA,
    "16UC1": _GREY16,
    "uyvy": _UYVY,
    "yuv422": _UYVY,
    "yuyv": _YUYV,
    "yuv422_yuy2": _YUYV,
}
# OpenCV names a Bayer pattern by its second row and column, ROS by its first.
for _ros, _opencv in (("rggb", "BG"), ("bggr", "RG"), ("gbrg", "GR"), ("grbg", "GB")):
    for _depth in (8, 16):
        _PACKED[f"bayer_{_ros}{_depth}"] = _Packed(1, getattr(cv2, f"COLOR_Bayer{_opencv}2BGR"), _depth)

# Luminance first, then the colours of 2 x 2 pixels side by side.
_PLANAR = {"nv12": cv2.COLOR_YUV2BGR_NV12, "nv21": cv2.COLOR_YUV2BGR_NV21}

ENCODINGS = (*_PACKED, *_PLANAR, "nv24")
# Of REP 118: distances in metres. 16UC1, in millimetres there, is used for pictures as well.
_DISTANCES = ("32FC1", "64FC1")


def image_to_bgr(message: Any) -> NDArray[np.uint8]:
    """The picture of a sensor_msgs/Image as a new (height, width, 3) uint8 BGR array.

    Row padding (`step`) and, for 16 bit, `is_bigendian` are honoured. 16 bit is scaled so that 65535 becomes 255 and
    rounded. YUV is BT.601 video range, as OpenCV and cv_bridge take it.

    Raises:
        OrposeError: the encoding is none of `ENCODINGS`; size, step and amount of data contradict each other; or 16-bit
            values are those of fewer bits, or distances.
    """
    encoding, width, height = message.encoding, int(message.width), int(message.height)
    if width < 1 or height < 1:
        raise OrposeError(f"image message: the size is {width} x {height}")
    if packed := _PACKED.get(encoding):
        rows = _rows(message, height, width * packed.channels * packed.depth // 8)
        pixels = _unpadded(rows, width * packed.channels * packed.depth // 8)
        if packed.depth == 16:
            pixels = pixels.view(">u2" if message.is_bigendian else "<u2").astype(np.uint16)
            check_depth(pixels, encoding)
        if packed.channels > 1:
            pixels = pixels.reshape(height, width, packed.channels)
        return _convert(pixels, packed.to_bgr, encoding)
    if code := _PLANAR.get(encoding):
        if width % 2 or height % 2:
            raise OrposeError(f"image message: {encoding} needs an even width and height, got {width} x {height}")
        return _convert(_unpadded(_rows(message, height * 3 // 2, width), width), code, encoding)
    if encoding == "nv24":
        return _nv24(_rows(message, height * 3, width), width, height)
    if encoding in _DISTANCES:
        raise OrposeError(f"image message: encoding {encoding!r} is a depth image, not a picture")
    raise OrposeError(f"image message: encoding {encoding!r} is not supported; supported are {', '.join(ENCODINGS)}")


def pixels_to_bgr(pixels: NDArray, encoding: str) -> NDArray[np.uint8]:
    """Pixels that were unpacked already, as a new (h, w, 3) uint8 BGR array.

    Args:
        pixels: (h, w) or (h, w, channels), uint8 or uint16.
        encoding: a packed one of as many channels; its depth does not count.
    """
    return _convert(pixels, _PACKED[encoding].to_bgr, encoding)


def check_depth(pixels: NDArray, encoding: str) -> None:
    """
    Raises:
        OrposeError: the values are those of fewer than 16 bits, or distances.
    """
    try:
        check_16_bit(pixels)
    except UnknownWhiteError as error:
        raise OrposeError(f"image message: {encoding}: {error}") from None


def bgr_to_image(image: NDArray[np.uint8], header: Any, types: MessageTypes, encoding: str = "bgr8") -> Any:
    """A sensor_msgs/Image without row padding.

    Args:
        image: (h, w, 3) uint8 BGR for encoding "bgr8", (h, w) uint8 for "mono8".
        header: std_msgs/Header of the same library as `types`; taken as it is.
        types: finds the message classes.
    """
    channels = {"bgr8": 3, "mono8": 1}[encoding]
    if image.dtype != np.uint8 or image.shape[2:] != ((3,) if channels == 3 else ()):
        raise ValueError(f"expected an {encoding} image, got {image.shape} {image.dtype}")
    height, width = image.shape[:2]
    cls = types("sensor_msgs/msg/Image")
    return cls(
        header=header,
        height=height,
        width=width,
        encoding=encoding,
        is_bigendian=0,
        step=width * channels,
        data=number_sequence(cls, np.ascontiguousarray(image)),
    )


def _rows(message: Any, rows: int, row_bytes: int) -> NDArray[np.uint8]:
    """The data as (rows, step) after checking that it is whole."""
    step, size = int(message.step), len(message.data)
    what = f"{message.width} x {message.height} {message.encoding}"
    if step < row_bytes:
        raise OrposeError(f"image message: {what} needs rows of {row_bytes} bytes, but step is {step}")
    if size != rows * step:
        raise OrposeError(f"image message: {what} with step {step} needs {rows * step} bytes, got {size}")
    return np.frombuffer(message.data, np.uint8).reshape(rows, step)


def _unpadded(rows: NDArray[np.uint8], row_bytes: int) -> NDArray[np.uint8]:
    return np.ascontiguousarray(rows[:, :row_bytes])


def _convert(pixels: NDArray, code: int | None, encoding: str) -> NDArray[np.uint8]:
    """Colours first, then depth, as cv_bridge does it. Always a new array."""
    try:
        bgr = pixels if code is None else cv2.cvtColor(pixels, code)
    except cv2.error as error:
        height, width = pixels.shape[:2]
        raise OrposeError(f"image message: {width} x {height} {encoding} cannot be converted ({error.err})") from None
    if bgr.dtype == np.uint16:
        return np.asarray(cv2.convertScaleAbs(bgr, alpha=255 / 65535), np.uint8)
    return np.array(bgr, np.uint8, copy=code is None)


def _nv24(rows: NDArray[np.uint8], width: int, height: int) -> NDArray[np.uint8]:
    """NV24 has a colour for every pixel: made UYVY of twice the width, whose pixels come in pairs of one colour."""
    step = rows.shape[1]
    luminance = rows[:height, :width]
    colours = rows[height:].reshape(height, 2 * step)[:, : 2 * width].reshape(height, width, 2)
    pairs = np.stack([colours[..., 0], luminance, colours[..., 1], luminance], axis=-1)
    doubled = _convert(pairs.reshape(height, 2 * width, 2), cv2.COLOR_YUV2BGR_UYVY, "nv24")
    return np.ascontiguousarray(doubled[:, ::2])
