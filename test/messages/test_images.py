from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from orpose_models.datasets.bags.types import message_class
from orpose_models.messages.fields import make_header
from orpose_models.messages.images import (
    ENCODINGS,
    bgr_to_image,
    image_to_bgr,
)
from orpose_models.vocabulary.errors import OrposeError

DEEP = tuple(e for e in ENCODINGS if e.endswith("16") or e == "16UC1")
BAYER = tuple(e for e in ENCODINGS if e.startswith("bayer"))


def row_bytes(encoding: str, width: int) -> int:
    channels = 1
    for start, count in {"bgr": 3, "rgb": 3, "bgra": 4, "rgba": 4, "8UC3": 3, "8UC4": 4, "yu": 2, "uyvy": 2}.items():
        channels = count if encoding.startswith(start) else channels
    return width * channels * (2 if encoding in DEEP else 1)


def row_count(encoding: str, height: int) -> int:
    return {"nv12": height * 3 // 2, "nv21": height * 3 // 2, "nv24": height * 3}.get(encoding, height)


def message(encoding: str, width: int, height: int, rows: NDArray[np.uint8], bigendian: int = 0) -> SimpleNamespace:
    fields = {
        "width": width,
        "height": height,
        "encoding": encoding,
        "step": rows.shape[1],
        "is_bigendian": bigendian,
        "data": rows.tobytes(),
    }
    return SimpleNamespace(**fields)


def random_rows(encoding: str, width: int, height: int, seed: int = 0) -> NDArray[np.uint8]:
    size = row_count(encoding, height), row_bytes(encoding, width)
    return np.random.default_rng(seed).integers(0, 256, size, np.uint8)


def yuv_to_bgr(y: NDArray, u: NDArray, v: NDArray) -> NDArray[np.float64]:
    """BT.601, video range, by the formula."""
    y, u, v = 1.164 * np.maximum(y.astype(float) - 16, 0), u.astype(float) - 128, v.astype(float) - 128
    bgr = np.stack([y + 2.018 * u, y - 0.391 * u - 0.813 * v, y + 1.596 * v], axis=-1)
    return np.clip(bgr, 0, 255)


def demosaiced(pattern: str, bayer: NDArray) -> NDArray[np.float64]:
    """Bilinear demosaicing, written down pixel by pixel; the outermost pixels are left NaN."""
    height, width = bayer.shape
    colour = [["bgr".index(pattern[2 * (y % 2) + x % 2]) for x in range(width)] for y in range(height)]
    out = np.full((height, width, 3), np.nan)
    for y in range(1, height - 1):
        for x in range(1, width - 1):
            for c in range(3):
                around = [(0, 0)] if colour[y][x] == c else [(0, -1), (0, 1), (-1, 0), (1, 0)]
                if colour[y][x] != c and c != 1 and colour[y][x] != 1:
                    around = [(-1, -1), (-1, 1), (1, -1), (1, 1)]
                same = [float(bayer[y + dy, x + dx]) for dy, dx in around if colour[y + dy][x + dx] == c]
                out[y, x, c] = np.mean(same)
    return out


def expected(encoding: str, width: int, height: int, rows: NDArray[np.uint8]) -> NDArray[np.float64]:
    """What an encoding means, without OpenCV; NaN where it does not say."""
    values = rows.view("<u2").astype(float) / 257 if encoding in DEEP else rows.astype(float)
    if encoding in BAYER:
        return demosaiced(encoding.removeprefix("bayer_").removesuffix("16").removesuffix("8"), values)
    if encoding in ("mono8", "mono16", "8UC1", "16UC1"):
        return np.repeat(values[..., None], 3, axis=2)
    if encoding.startswith("nv"):
        luminance, rest = rows[:height], rows[height:]
        if encoding == "nv24":
            chroma = rest.reshape(height, width, 2)
        else:
            chroma = rest.reshape(height // 2, width // 2, 2).repeat(2, axis=0).repeat(2, axis=1)
        u, v = (1, 0) if encoding == "nv21" else (0, 1)
        return yuv_to_bgr(luminance, chroma[..., u], chroma[..., v])
    if encoding in ("uyvy", "yuv422", "yuyv", "yuv422_yuy2"):
        pairs = rows.reshape(height, width // 2, 4)
        order = (1, 3, 0, 2) if encoding in ("uyvy", "yuv422") else (0, 2, 1, 3)
        y0, y1, u, v = (pairs[..., i] for i in order)
        y = np.stack([y0, y1], axis=-1).reshape(height, width)
        return yuv_to_bgr(y, u.repeat(2, axis=1), v.repeat(2, axis=1))
    pixels = values.reshape(height, width, -1)[..., :3]
    return pixels[..., ::-1] if encoding.startswith("rgb") else pixels


def test_an_image_without_pixels_is_refused() -> None:
    with pytest.raises(OrposeError, match="the size is 0 x 0"):
        image_to_bgr(message("bgr8", 0, 0, np.zeros((0, 0), np.uint8)))


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_every_encoding_means_what_it_says(encoding: str) -> None:
    width, height = 8, 6
    rows = random_rows(encoding, width, height)
    image = image_to_bgr(message(encoding, width, height, rows))
    assert (image.shape, image.dtype) == ((6, 8, 3), np.uint8)
    want = expected(encoding, width, height, rows)
    told = np.isfinite(want)
    # Rounding: of a mean in a Bayer pattern, of fixed-point colour conversion, of 16 to 8 bit.
    assert np.abs(image[told] - want[told]).max() <= (1.5 if encoding.startswith(("nv", "yu", "uy")) else 0.51)
    assert told.sum() == (4 * 6 * 3 if encoding in BAYER else 6 * 8 * 3)


@given(
    encoding=st.sampled_from(ENCODINGS),
    half_width=st.integers(2, 9),
    half_height=st.integers(2, 7),
    padding=st.integers(0, 9),
    seed=st.integers(0, 99),
)
def test_row_padding_changes_nothing(encoding: str, half_width: int, half_height: int, padding: int, seed: int) -> None:
    width, height = 2 * half_width, 2 * half_height
    rows = random_rows(encoding, width, height, seed)
    if encoding == "nv24":  # a row of colours takes two steps
        luminance, colours = rows[:height], rows[height:].reshape(height, 2 * width)
        padded = np.concatenate(
            [
                np.pad(luminance, ((0, 0), (0, padding)), constant_values=77),
                np.pad(colours, ((0, 0), (0, 2 * padding)), constant_values=77).reshape(2 * height, width + padding),
            ]
        )
    else:
        padded = np.pad(rows, ((0, 0), (0, padding)), constant_values=77)
    np.testing.assert_array_equal(
        image_to_bgr(message(encoding, width, height, padded)), image_to_bgr(message(encoding, width, height, rows))
    )


@pytest.mark.parametrize("encoding", DEEP)
def test_endianness_of_16_bit(encoding: str) -> None:
    rows = random_rows(encoding, 8, 6)
    little = image_to_bgr(message(encoding, 8, 6, rows))
    big = image_to_bgr(message(encoding, 8, 6, rows.view("<u2").byteswap().view(np.uint8), bigendian=1))
    np.testing.assert_array_equal(little, big)


@pytest.mark.parametrize("encoding", [e for e in ENCODINGS if e not in DEEP])
def test_endianness_of_8_bit_says_nothing(encoding: str) -> None:
    rows = random_rows(encoding, 8, 6)
    np.testing.assert_array_equal(
        image_to_bgr(message(encoding, 8, 6, rows)), image_to_bgr(message(encoding, 8, 6, rows, bigendian=1))
    )


def test_all_16_bit_values_are_scaled_and_rounded() -> None:
    values = np.arange(65536, dtype="<u2").reshape(256, 256)
    image = image_to_bgr(message("mono16", 256, 256, values.view(np.uint8)))
    np.testing.assert_array_equal(image[..., 0], np.round(values / 257))


def test_odd_width_and_height() -> None:
    for encoding in ("bgr8", "mono8", "mono16", "8UC4", "nv24", "bayer_rggb8"):
        assert image_to_bgr(message(encoding, 5, 3, random_rows(encoding, 5, 3))).shape == (3, 5, 3)
    for encoding in ("uyvy", "yuyv"):
        with pytest.raises(OrposeError, match=f"5 x 3 {encoding} cannot be converted"):
            image_to_bgr(message(encoding, 5, 3, random_rows(encoding, 5, 3)))
    for encoding in ("nv12", "nv21"):
        with pytest.raises(OrposeError, match="even width and height"):
            image_to_bgr(message(encoding, 5, 3, random_rows(encoding, 5, 3)))


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"encoding": "32FC1"}, "encoding '32FC1' is a depth image, not a picture"),
        ({"encoding": "32FC3"}, "encoding '32FC3' is not supported"),
        ({"encoding": ""}, "encoding '' is not supported"),
        ({"step": 23}, "needs rows of 24 bytes, but step is 23"),
        ({"step": 0}, "but step is 0"),
        ({"step": 25}, "step 25 needs 150 bytes, got 144"),
        ({"height": 7}, "needs 168 bytes, got 144"),
        ({"data": b""}, "needs 144 bytes, got 0"),
        ({"data": bytes(145)}, "needs 144 bytes, got 145"),
        ({"width": 4_000_000_000}, "needs rows of 12000000000 bytes"),
    ],
)
def test_contradictory_messages_are_refused(change: dict[str, Any], reason: str) -> None:
    bad = message("bgr8", 8, 6, random_rows("bgr8", 8, 6))
    vars(bad).update(change)
    with pytest.raises(OrposeError, match=reason):
        image_to_bgr(bad)


@given(st.integers(1, 20), st.integers(1, 20), st.sampled_from(["bgr8", "mono8"]), st.integers(0, 99))
def test_round_trip(width: int, height: int, encoding: str, seed: int) -> None:
    header = make_header(1_500_000_001, "camera", message_class)
    shape = (height, width, 3) if encoding == "bgr8" else (height, width)
    image = np.random.default_rng(seed).integers(0, 256, shape, np.uint8)
    back = image_to_bgr(bgr_to_image(image, header, message_class, encoding))
    np.testing.assert_array_equal(back, image if encoding == "bgr8" else np.repeat(image[..., None], 3, axis=2))


def test_message_of_either_library(message_types: Callable[[str], Any]) -> None:
    image = np.random.default_rng(0).integers(0, 256, (6, 8, 3), np.uint8)
    header = make_header(2_000_000_007, "camera", message_types)
    sent = bgr_to_image(image[:, ::2], header, message_types)
    assert (sent.height, sent.width, sent.step, len(sent.data)) == (6, 4, 12, 72)
    assert (sent.header.stamp.sec, sent.header.stamp.nanosec, sent.header.frame_id) == (2, 7, "camera")
    np.testing.assert_array_equal(image_to_bgr(sent), image[:, ::2])


def test_an_image_of_the_wrong_kind_cannot_be_sent() -> None:
    header = make_header(0, "", message_class)
    for image, encoding in ((np.zeros((4, 4), np.uint8), "bgr8"), (np.zeros((4, 4, 3), np.uint8), "mono8")):
        with pytest.raises(ValueError, match=f"expected an {encoding} image"):
            bgr_to_image(image, header, message_class, encoding)


@pytest.mark.parametrize("encoding", DEEP)
@pytest.mark.parametrize(("brightest", "bits"), [(1, 1), (4095, 12), (8191, 13), (16383, 14)])
def test_16_bit_with_values_of_fewer_bits_is_refused(encoding: str, brightest: int, bits: int) -> None:
    """As cameras of 10 to 14 bits send it, and distances in millimetres."""
    values = np.zeros((6, row_bytes(encoding, 8) // 2), "<u2")
    values[3, 4] = brightest
    reason = f"image message: {encoding}: it has 16 bit, of which only the lowest {bits} are used"
    with pytest.raises(OrposeError, match=f"^{reason}"):
        image_to_bgr(message(encoding, 8, 6, values.view(np.uint8)))
    values[0, 0] = 65535  # a place whose distance is unknown, or a saturated pixel
    with pytest.raises(OrposeError, match=f"^{reason}"):
        image_to_bgr(message(encoding, 8, 6, values.view(np.uint8)))
    values[0, 0] = 16384
    image_to_bgr(message(encoding, 8, 6, values.view(np.uint8)))


def test_black_and_white_alone_are_16_bit() -> None:
    values = np.zeros((6, 8), "<u2")
    assert image_to_bgr(message("mono16", 8, 6, values.view(np.uint8))).max() == 0
    values[2:4] = 65535
    np.testing.assert_array_equal(image_to_bgr(message("mono16", 8, 6, values.view(np.uint8)))[..., 0], values // 257)
