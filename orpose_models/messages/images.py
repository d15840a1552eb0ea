"""Images of ROS messages as BGR arrays, and back.

Works on anything with the fields of sensor_msgs/Image or sensor_msgs/CompressedImage: the classes of rclpy and those of
rosbags alike. Values are those of cv_bridge's conversion to bgr8, for every encoding that it converts.
"""

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from orpose_models.messages.fields import MessageTypes, number_sequence
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
_JPEG_START, _JPEG_END = b"\xff\xd8", b"\xff\xd9"


def image_to_bgr(message: Any) -> NDArray[np.uint8]:
    """The picture of a sensor_msgs/Image as a new (height, width, 3) uint8 BGR array.

    Row padding (`step`) and, for 16 bit, `is_bigendian` are honoured. 16 bit is scaled so that 65535 becomes 255 and
    rounded. YUV is BT.601 video range, as OpenCV and cv_bridge take it.

    Raises:
        OrposeError: the encoding is none of `ENCODINGS`, or size, step and amount of data contradict each other.
    """
    encoding, width, height = message.encoding, int(message.width), int(message.height)
    if width < 1 or height < 1:
        raise OrposeError(f"image message: the size is {width} x {height}")
    if packed := _PACKED.get(encoding):
        rows = _rows(message, height, width * packed.channels * packed.depth // 8)
        pixels = _unpadded(rows, width * packed.channels * packed.depth // 8)
        if packed.depth == 16:
            pixels = pixels.view(">u2" if message.is_bigendian else "<u2").astype(np.uint16)
        if packed.channels > 1:
            pixels = pixels.reshape(height, width, packed.channels)
        return _convert(pixels, packed.to_bgr, encoding)
    if code := _PLANAR.get(encoding):
        if width % 2 or height % 2:
            raise OrposeError(f"image message: {encoding} needs an even width and height, got {width} x {height}")
        return _convert(_unpadded(_rows(message, height * 3 // 2, width), width), code, encoding)
    if encoding == "nv24":
        return _nv24(_rows(message, height * 3, width), width, height)
    raise OrposeError(f"image message: encoding {encoding!r} is not supported; supported are {', '.join(ENCODINGS)}")


def compressed_to_bgr(message: Any) -> NDArray[np.uint8]:
    """The picture of a sensor_msgs/CompressedImage (JPEG, PNG, ...) as a new (height, width, 3) uint8 BGR array.

    Raises:
        OrposeError: the data is cut short, damaged, or no colour or grey picture.
    """
    if "compressedDepth" in message.format:
        raise OrposeError(f"compressed image message: format {message.format!r} is a depth image, not a picture")
    data = np.frombuffer(message.data, np.uint8)
    if data.size == 0:
        raise OrposeError("compressed image message: it holds no data")
    # Some versions of OpenCV fill what a cut JPEG lacks with grey and say nothing.
    tail = data[-4096:].tobytes()
    if data[:2].tobytes() == _JPEG_START and _JPEG_END not in tail:
        raise OrposeError(f"compressed image message: the JPEG is cut short after {data.size} bytes")
    try:
        picture = cv2.imdecode(data, cv2.IMREAD_UNCHANGED)
    except cv2.error as error:
        raise OrposeError(f"compressed image message: it cannot be decoded ({error.err})") from None
    if picture is None:
        raise OrposeError(f"compressed image message: {data.size} bytes of {message.format!r} cannot be decoded")
    if picture.dtype not in (np.uint8, np.uint16):
        raise OrposeError(f"compressed image message: pixels of type {picture.dtype} are not supported")
    codes = {1: cv2.COLOR_GRAY2BGR, 3: None, 4: cv2.COLOR_BGRA2BGR}
    return _convert(picture, codes[1 if picture.ndim == 2 else picture.shape[2]], message.format)


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


def bgr_to_compressed(image: NDArray[np.uint8], header: Any, types: MessageTypes, quality: int = 95) -> Any:
    """A sensor_msgs/CompressedImage with an (h, w, 3) uint8 BGR image as JPEG of a quality of 1 to 100."""
    done, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])
    if not done:
        raise ValueError(f"an image of shape {image.shape} cannot be stored as JPEG")
    cls = types("sensor_msgs/msg/CompressedImage")
    return cls(header=header, format="bgr8; jpeg compressed bgr8", data=number_sequence(cls, data))


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
