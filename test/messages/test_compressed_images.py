from collections.abc import Callable
from io import BytesIO
from types import SimpleNamespace
from typing import Any
from zlib import crc32

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image as PillowImage

from orpose_models.messages.compressed_images import bgr_to_compressed, compressed_to_bgr, message_to_bgr
from orpose_models.messages.fields import make_header
from orpose_models.messages.images import bgr_to_image
from orpose_models.vocabulary.errors import OrposeError

# Of one colour, so that JPEG keeps the values.
GREY = np.full((16, 24, 3), 128, np.uint8)
# The pixels of a red picture behind each pattern, row by row.
RED = {"rggb": (0, 0), "grbg": (0, 1), "gbrg": (1, 0), "bggr": (1, 1)}


def compressed(data: bytes, form: str = "png") -> Any:
    return SimpleNamespace(format=form, data=data)


def noise(*shape: int, dtype: type = np.uint8) -> NDArray:
    return np.random.default_rng(1).integers(0, np.iinfo(dtype).max + 1, shape, dtype)


def encoded(picture: NDArray, suffix: str = ".png") -> bytes:
    return cv2.imencode(suffix, picture)[1].tobytes()


def mosaic(pattern: str, value: int, dtype: type = np.uint8) -> NDArray:
    """(8, 10) pixels of a plain red picture as a camera of the pattern sees it."""
    pixels = np.zeros((8, 10), dtype)
    row, column = RED[pattern]
    pixels[row::2, column::2] = value
    return pixels


@pytest.mark.parametrize(
    ("data", "form", "reason"),
    [
        (b"", "jpeg", "it holds no data"),
        (b"nonsense", "jpeg", "8 bytes of 'jpeg' cannot be decoded"),
        (b"\x00" * 100, "16UC1; compressedDepth png", "is a depth image"),
        (b"\xff\xd8", "jpeg", "the JPEG is cut short after 2 bytes"),
        (b"\xff\xd8\xff\xd9", "jpeg", "the JPEG is cut short after 4 bytes"),
        (b"P6 8000 8000 255 ", "ppm", "cannot be decoded"),
    ],
)
def test_bad_messages_are_refused(data: bytes, form: str, reason: str) -> None:
    with pytest.raises(OrposeError, match=reason):
        compressed_to_bgr(compressed(data, form))


@pytest.mark.parametrize("side", [8200, 30_000])
@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
def test_an_image_of_absurd_size_is_refused_before_it_is_decoded(side: int) -> None:
    small = encoded(noise(4, 4, 3))
    header = b"IHDR" + side.to_bytes(4, "big") * 2 + small[24:29]
    large = small[:12] + header + crc32(header).to_bytes(4, "big") + small[33:]
    with pytest.raises(OrposeError, match="are an image of too many pixels"):
        compressed_to_bgr(compressed(large))


@given(st.binary(max_size=200), st.sampled_from([b"", b"\xff\xd8", b"\x89PNG\r\n\x1a\n", b"II*\x00", b"RIFF", b"BM"]))
def test_whatever_bytes_give_a_sentence(rest: bytes, start: bytes) -> None:
    with pytest.raises(OrposeError, match=r"^compressed image message: "):
        compressed_to_bgr(compressed(start + rest, "jpeg"))


@pytest.mark.parametrize("channels", [1, 3, 4])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("suffix", [".png", ".tiff"])
def test_pictures_of_every_kind(channels: int, dtype: type, suffix: str) -> None:
    picture = noise(*((6, 8) if channels == 1 else (6, 8, channels)), dtype=dtype)
    image = compressed_to_bgr(compressed(encoded(picture, suffix)))
    bgr = np.repeat(picture[..., None], 3, axis=2) if channels == 1 else picture[..., :3]
    assert image.dtype == np.uint8
    np.testing.assert_array_equal(image, np.round(bgr / 257) if dtype == np.uint16 else bgr)


@pytest.mark.parametrize("dtype", [np.float32, np.int32])
def test_pixels_that_are_no_picture_are_refused(dtype: type) -> None:
    data = BytesIO()
    PillowImage.fromarray(np.ones((4, 4), dtype)).save(data, "TIFF")
    with pytest.raises(OrposeError, match=r"1 channels of (float|int)32 are no picture|cannot be decoded"):
        compressed_to_bgr(compressed(data.getvalue(), "tiff"))


@pytest.mark.parametrize("form", ["png", "16UC1; png compressed ", "mono16; png compressed mono16"])
def test_16_bit_with_values_of_fewer_bits_is_refused(form: str) -> None:
    with pytest.raises(OrposeError, match="of which only the lowest 12 are used"):
        compressed_to_bgr(compressed(encoded(np.full((4, 4), 4000, np.uint16)), form))


@pytest.mark.parametrize("pattern", RED)
@pytest.mark.parametrize(("depth", "value"), [(8, 200), (16, 200 * 257)])
@pytest.mark.parametrize("form", ["bayer_{}; png compressed ", "bayer_{}; png compressed bayer_{}", "bayer_{}"])
def test_a_bayer_mosaic_is_demosaiced(pattern: str, depth: int, value: int, form: str) -> None:
    picture = encoded(mosaic(pattern, value, np.uint8 if depth == 8 else np.uint16))
    image = compressed_to_bgr(compressed(picture, form.replace("{}", f"{pattern}{depth}")))
    assert image.shape == (8, 10, 3)
    np.testing.assert_array_equal(image[1:-1, 1:-1], np.broadcast_to((0, 0, 200), (6, 8, 3)))


def test_a_bayer_image_that_was_demosaiced_before_it_was_compressed_is_left_alone() -> None:
    picture = noise(8, 10, 3)
    form = "bayer_rggb8; png compressed bgr8"
    np.testing.assert_array_equal(compressed_to_bgr(compressed(encoded(picture), form)), picture)


def test_an_unknown_mosaic_is_grey() -> None:
    image = compressed_to_bgr(compressed(encoded(mosaic("rggb", 200)), "bayer_xyzw8; png compressed "))
    np.testing.assert_array_equal(image, np.repeat(mosaic("rggb", 200)[..., None], 3, axis=2))


@pytest.mark.parametrize(
    ("form", "swapped"),
    [
        ("rgb8; png compressed rgb8", True),
        ("rgba8; png compressed rgba8", True),
        ("bgr8; png compressed rgb8", True),
        ("rgb8; png compressed bgr8", False),
        ("rgb8; jpeg compressed bgr8", False),
        ("bgr8; png compressed bgr8", False),
        ("bgr8; png", False),
        ("rgb8", False),
        ("png", False),
    ],
)
@pytest.mark.parametrize("channels", [3, 4])
def test_the_order_of_colours_is_as_the_format_says(form: str, swapped: bool, channels: int) -> None:
    picture = noise(6, 8, channels)
    image = compressed_to_bgr(compressed(encoded(picture), form))
    np.testing.assert_array_equal(image, picture[..., 2::-1] if swapped else picture[..., :3])


@pytest.mark.parametrize("padding", [0, 1, 3, 4094, 4095, 65536, 1 << 20])
@pytest.mark.parametrize("filling", [b"\x00", b"\xff", b"\xff\xd9", b"\xff\xd8\xff\xe0"])
def test_what_follows_a_jpeg_in_the_drivers_buffer_does_no_harm(padding: int, filling: bytes) -> None:
    data = encoded(GREY, ".jpg") + (filling * padding)[:padding]
    np.testing.assert_array_equal(compressed_to_bgr(compressed(data, "jpeg")), GREY)


@given(st.floats(0.01, 0.999), st.integers(0, 9000))
def test_a_cut_jpeg_is_refused_whatever_follows(share: float, padding: int) -> None:
    data = encoded(noise(48, 64, 3), ".jpg")
    with pytest.raises(OrposeError, match=r"cut short|cannot be decoded"):
        compressed_to_bgr(compressed(data[: int(len(data) * share)] + bytes(padding), "jpeg"))


def with_thumbnail(data: bytes) -> bytes:
    """With a whole small JPEG in a segment of its own, as cameras put it there."""
    inner = encoded(GREY[:8, :8], ".jpg")
    return data[:2] + b"\xff\xe1" + (len(inner) + 2).to_bytes(2, "big") + inner + data[2:]


def test_the_end_of_a_thumbnail_is_not_the_end_of_the_jpeg() -> None:
    data = with_thumbnail(encoded(GREY, ".jpg"))
    np.testing.assert_array_equal(compressed_to_bgr(compressed(data + bytes(5000), "jpeg")), GREY)
    with pytest.raises(OrposeError, match="cut short"):
        compressed_to_bgr(compressed(data[:-40], "jpeg"))


@pytest.mark.parametrize("options", [{"progressive": True}, {"restart_marker_rows": 1}, {"optimize": True}])
def test_every_kind_of_jpeg_has_an_end(options: dict[str, Any]) -> None:
    data = BytesIO()
    PillowImage.fromarray(noise(48, 64, 3)).save(data, "JPEG", **options)
    whole = compressed_to_bgr(compressed(data.getvalue(), "jpeg"))
    assert whole.shape == (48, 64, 3)
    np.testing.assert_array_equal(compressed_to_bgr(compressed(data.getvalue() + bytes(9999), "jpeg")), whole)
    with pytest.raises(OrposeError, match="cut short"):
        compressed_to_bgr(compressed(data.getvalue()[:-3], "jpeg"))


def test_round_trip_of_either_library(message_types: Callable[[str], Any]) -> None:
    header = make_header(2_000_000_007, "camera", message_types)
    image = noise(6, 8, 3)
    sent = bgr_to_compressed(image, header, message_types)
    assert sent.format == "bgr8; jpeg compressed bgr8"
    wanted = cv2.imdecode(np.frombuffer(sent.data, "u1"), 1)
    np.testing.assert_array_equal(compressed_to_bgr(sent), wanted)
    np.testing.assert_array_equal(message_to_bgr(sent), wanted)
    np.testing.assert_array_equal(message_to_bgr(bgr_to_image(image, header, message_types)), image)
