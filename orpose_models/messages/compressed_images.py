"""sensor_msgs/CompressedImage as BGR arrays, and back."""

import re
import warnings
from io import BytesIO
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image as PillowImage

from orpose_models.messages.fields import MessageTypes, number_sequence
from orpose_models.messages.images import check_depth, image_to_bgr, pixels_to_bgr
from orpose_models.vocabulary.errors import OrposeError

# What image transports and cameras send. Everything else that OpenCV knows is left alone: it would be decoded before
# its size is known.
_FORMATS = ("JPEG", "PNG", "TIFF", "WEBP", "BMP", "JPEG2000")
_MAX_PIXELS = 1 << 26  # twice the pixels of 8K
_JPEG_START, _JPEG_SCAN, _JPEG_END = b"\xff\xd8", 0xDA, 0xD9
# Two bytes that begin a segment: not a stuffed 0xff, a restart or a filling.
_JPEG_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")

warnings.filterwarnings("ignore", module=r"PIL\.")  # of damaged tags, which do not matter here


def message_to_bgr(message: Any) -> NDArray[np.uint8]:
    """The picture of a sensor_msgs/Image or CompressedImage as a new (height, width, 3) uint8 BGR array.

    Raises:
        OrposeError: as `image_to_bgr` and `compressed_to_bgr`.
    """
    return compressed_to_bgr(message) if hasattr(message, "format") else image_to_bgr(message)


def compressed_to_bgr(message: Any) -> NDArray[np.uint8]:
    """The picture of a sensor_msgs/CompressedImage (JPEG, PNG, ...) as a new (height, width, 3) uint8 BGR array.

    The message's format is read as image_transport writes it: 'bayer_rggb8; png compressed' is a mosaic, 'rgb8; png
    compressed rgb8' has red and blue the other way round. What follows a JPEG in the driver's buffer is left out.

    Raises:
        OrposeError: the data is cut short, damaged, or no colour or grey picture.
    """
    form = str(message.format)
    if "compressedDepth" in form:
        raise OrposeError(f"compressed image message: format {form!r} is a depth image, not a picture")
    data = bytes(message.data)
    if not data:
        raise OrposeError("compressed image message: it holds no data")
    if data.startswith(_JPEG_START):
        data = data[: _jpeg_end(data)]
    picture = _decoded(data, form)
    channels = 1 if picture.ndim == 2 else picture.shape[2]
    if picture.dtype not in (np.uint8, np.uint16) or channels not in (1, 3, 4):
        raise OrposeError(
            f"compressed image message: {channels} channels of {picture.dtype} are no picture of 8 or 16 bit"
        )
    encoding = _encoding(form, channels)
    if picture.dtype == np.uint16:
        check_depth(picture, encoding)
    return pixels_to_bgr(picture, encoding)


def bgr_to_compressed(image: NDArray[np.uint8], header: Any, types: MessageTypes, quality: int = 95) -> Any:
    """A sensor_msgs/CompressedImage with an (h, w, 3) uint8 BGR image as JPEG of a quality of 1 to 100."""
    done, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])
    if not done:
        raise ValueError(f"an image of shape {image.shape} cannot be stored as JPEG")
    cls = types("sensor_msgs/msg/CompressedImage")
    return cls(header=header, format="bgr8; jpeg compressed bgr8", data=number_sequence(cls, data))


def _encoding(form: str, channels: int) -> str:
    """What the decoded pixels are; OpenCV decodes colours to blue, green, red."""
    encoding, _, stored = (part.strip() for part in form.partition(";"))
    if channels == 1:
        return encoding if re.fullmatch("bayer_(rggb|bggr|gbrg|grbg)(8|16)", encoding) else "mono8"
    if "compressed rgb" in stored:
        return "rgb8" if channels == 3 else "rgba8"
    return "bgr8" if channels == 3 else "bgra8"


def _decoded(data: bytes, form: str) -> NDArray:
    what = f"compressed image message: {len(data)} bytes of {form!r}"
    try:
        # Reads the size alone.
        with PillowImage.open(BytesIO(data), formats=_FORMATS) as opened:
            width, height = opened.size
    except PillowImage.DecompressionBombError:
        raise OrposeError(f"{what} are an image of too many pixels") from None
    except Exception:  # whatever foreign bytes make of the library
        raise OrposeError(f"{what} cannot be decoded") from None
    if width * height > _MAX_PIXELS:
        raise OrposeError(f"{what} are an image of too many pixels")
    try:
        picture = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    except cv2.error as error:
        raise OrposeError(f"{what} cannot be decoded ({error.err})") from None
    if picture is None:
        raise OrposeError(f"{what} cannot be decoded")
    return picture


def _jpeg_end(data: bytes) -> int:
    """How many bytes a JPEG has, without what follows it.

    Some versions of OpenCV fill what a cut JPEG lacks with grey and say nothing.

    Raises:
        OrposeError: it has no end.
    """
    position, has_scan = len(_JPEG_START), False
    while found := _JPEG_MARKER.search(data, position):
        marker = data[found.end() - 1]
        if marker == _JPEG_END and has_scan:
            return found.end()
        has_scan = has_scan or marker == _JPEG_SCAN
        # A segment says how long it is; a thumbnail in it has an end of its own.
        position = found.end() + max(2, int.from_bytes(data[found.end() : found.end() + 2], "big"))
    raise OrposeError(f"compressed image message: the JPEG is cut short after {len(data)} bytes")
