"""Image files of all kinds, as they come from cameras, scanners and other programs."""

import io
import os
import struct
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from orpose_models.datasets.image_file import read_image, read_picture
from orpose_models.vocabulary.errors import OrposeError

RAMP = np.tile(np.arange(256, dtype=np.uint8), (32, 1))
COLOURS = np.dstack([RAMP, RAMP[:, ::-1], np.full_like(RAMP, 40)])  # RGB


def three(grey: np.ndarray) -> np.ndarray:
    return np.repeat(np.asarray(grey, np.uint8)[..., None], 3, axis=2)


def test_an_empty_file(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"")
    with pytest.raises(OrposeError, match=r"a\.png: not an image file that can be read$"):
        read_image(tmp_path / "a.png")


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (RAMP.astype("f4") / 255, RAMP),
        (RAMP.astype("f4"), RAMP),
        (RAMP.astype("f4") * 257, RAMP),
        (RAMP.astype("i4"), RAMP),
        (RAMP.astype("i4") * 257, RAMP),
        (np.zeros_like(RAMP, "f4"), np.zeros_like(RAMP)),
    ],
    ids=["0..1", "floats 0..255", "floats 0..65535", "integers 0..255", "integers 0..65535", "black"],
)
def test_floats_and_32_bit_whose_white_is_beyond_doubt(
    tmp_path: Path, values: np.ndarray, expected: np.ndarray
) -> None:
    Image.fromarray(values).save(tmp_path / "a.tif")
    np.testing.assert_array_equal(read_image(tmp_path / "a.tif"), three(expected))


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (RAMP.astype("f4") / 200, "floats from 0 to 1.275, which do not say what is white"),
        (RAMP.astype("f4") - 1, "floats from -1 to 254"),
        (np.full_like(RAMP, np.nan, "f4"), "floats from nan to nan"),
        (RAMP.astype("i4") * 16, "integers of 32 bit from 0 to 4080"),
        (RAMP.astype("i4") * 65537, "integers of 32 bit from 0 to 1.67119e.07"),
    ],
)
def test_pixels_that_do_not_say_what_is_white_are_refused(tmp_path: Path, values: np.ndarray, message: str) -> None:
    Image.fromarray(values).save(tmp_path / "a.tif")
    with pytest.raises(OrposeError, match=rf"a\.tif: its pixels are {message}"):
        read_image(tmp_path / "a.tif")


@pytest.mark.parametrize("suffix", [".png", ".tif", ".pgm", ".jp2"])
def test_16_bit_has_65535_for_white(tmp_path: Path, suffix: str) -> None:
    (tmp_path / f"a{suffix}").write_bytes(cv2.imencode(suffix, RAMP.astype(np.uint16) * 257)[1].tobytes())
    image = read_image(tmp_path / f"a{suffix}")
    assert np.abs(image.astype(int) - three(RAMP)).max() <= (2 if suffix == ".jp2" else 0)


@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_16_bit_of_colours(tmp_path: Path, suffix: str) -> None:
    (tmp_path / f"a{suffix}").write_bytes(cv2.imencode(suffix, COLOURS.astype(np.uint16) * 257)[1].tobytes())
    np.testing.assert_array_equal(read_image(tmp_path / f"a{suffix}"), COLOURS)  # given as BGR, read as BGR


@pytest.mark.parametrize(("shift", "used"), [(2, 10), (4, 12), (5, 13)])
def test_raw_values_and_distances_in_16_bit_are_refused(tmp_path: Path, shift: int, used: int) -> None:
    values = RAMP.astype(np.uint16) << shift
    Image.fromarray(values).save(tmp_path / "a.png")
    with pytest.raises(OrposeError, match=f"only the lowest {used} are used .brightest pixel {255 << shift} of 65535"):
        read_image(tmp_path / "a.png")
    (tmp_path / "c.png").write_bytes(cv2.imencode(".png", np.dstack([values] * 3))[1].tobytes())
    with pytest.raises(OrposeError, match="it has 16 bit, of which only the lowest"):
        read_image(tmp_path / "c.png")


def test_16_bit_may_be_black_throughout(tmp_path: Path) -> None:
    Image.fromarray(np.zeros((4, 6), np.uint16)).save(tmp_path / "a.png")
    np.testing.assert_array_equal(read_image(tmp_path / "a.png"), np.zeros((4, 6, 3)))


@pytest.mark.parametrize("values", [RAMP, RAMP.astype(np.uint16) * 257, RAMP.astype("f4") / 255], ids=lambda v: v.dtype)
def test_tiff_whose_white_is_zero(tmp_path: Path, values: np.ndarray) -> None:
    Image.fromarray(values).save(tmp_path / "black.tif")
    content = bytearray((tmp_path / "black.tif").read_bytes())
    place = content.index(struct.pack("<HHI", 262, 3, 1))  # PhotometricInterpretation: black is zero
    content[place + 8 : place + 10] = struct.pack("<H", 0)
    (tmp_path / "white.tif").write_bytes(content)
    np.testing.assert_array_equal(read_image(tmp_path / "black.tif"), three(RAMP))
    np.testing.assert_array_equal(read_image(tmp_path / "white.tif"), three(255 - RAMP))


def test_one_bit(tmp_path: Path) -> None:
    for suffix in ("png", "tif", "pbm"):
        Image.fromarray(RAMP).convert("1", dither=Image.Dither.NONE).save(tmp_path / f"a.{suffix}")
        np.testing.assert_array_equal(read_image(tmp_path / f"a.{suffix}"), three(np.where(RAMP > 127, 255, 0)))


def test_transparency_is_dropped(tmp_path: Path) -> None:
    Image.fromarray(np.dstack([COLOURS, RAMP])).save(tmp_path / "colours.png")
    Image.fromarray(np.dstack([RAMP, RAMP[:, ::-1]]), "LA").save(tmp_path / "grey.png")
    np.testing.assert_array_equal(read_image(tmp_path / "colours.png"), COLOURS[..., ::-1])
    np.testing.assert_array_equal(read_image(tmp_path / "grey.png"), three(RAMP))


def test_palettes(tmp_path: Path) -> None:
    palette = Image.fromarray(RAMP // 128, "P")
    palette.putpalette([250, 10, 20, 30, 40, 240])
    expected = np.where(RAMP[..., None] < 128, [20, 10, 250], [240, 40, 30])
    for name, options in (("a.png", {}), ("a.gif", {}), ("b.png", {"transparency": 1})):
        palette.save(tmp_path / name, **options)
        np.testing.assert_array_equal(read_image(tmp_path / name), expected)


@pytest.mark.parametrize("suffix", [".jpg", ".tif"])
def test_cmyk_becomes_colour(tmp_path: Path, suffix: str) -> None:
    flat = np.full((16, 16, 3), (200, 100, 50), np.uint8)
    Image.fromarray(flat).convert("CMYK").save(tmp_path / f"a{suffix}")
    assert np.abs(read_image(tmp_path / f"a{suffix}").astype(int) - [50, 100, 200]).max() <= 3


@pytest.mark.parametrize(("orientation", "turns"), [(1, 0), (6, 3), (3, 2), (8, 1)])
def test_the_orientation_tag_is_honoured(tmp_path: Path, orientation: int, turns: int) -> None:
    exif = Image.Exif()
    exif[274] = orientation
    Image.fromarray(COLOURS).save(tmp_path / "a.png", exif=exif)
    np.testing.assert_array_equal(read_image(tmp_path / "a.png"), np.rot90(COLOURS[..., ::-1], turns))


def test_damaged_tags_do_not_lose_the_picture(tmp_path: Path) -> None:
    content = io.BytesIO()
    Image.fromarray(COLOURS).save(content, "JPEG", exif=b"Exif\0\0II*\0\xff\xff\xff\xff")
    (tmp_path / "a.jpg").write_bytes(content.getvalue())
    assert read_image(tmp_path / "a.jpg").shape == (32, 256, 3)


@pytest.mark.parametrize("suffix", [".tif", ".gif", ".png"])
def test_pages_and_frames_are_counted(tmp_path: Path, suffix: str) -> None:
    pages = [Image.fromarray(np.roll(COLOURS, 8 * i, 1)) for i in range(3)]
    pages[0].save(tmp_path / f"a{suffix}", save_all=True, append_images=pages[1:])
    picture = read_picture(tmp_path / f"a{suffix}")
    assert (picture.pages, picture.image.shape) == (3, (32, 256, 3))


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"\0\0\0\x18ftypheic", " (HEIC picture)"),
        (b"\0\0\0\x18ftypisom", " (MP4 or QuickTime video)"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", ""),  # for which Pillow would run another program
    ],
)
def test_what_lies_about_its_kind(tmp_path: Path, content: bytes, kind: str) -> None:
    (tmp_path / "a.jpg").write_bytes(content)
    with pytest.raises(OrposeError) as error:
        read_image(tmp_path / "a.jpg")
    assert str(error.value) == f"{tmp_path / 'a.jpg'}: not an image file that can be read{kind}"


def test_size_is_bounded_before_anything_is_allocated(tmp_path: Path) -> None:
    Image.fromarray(RAMP).save(tmp_path / "a.bmp")
    content = bytearray((tmp_path / "a.bmp").read_bytes())
    content[18:26] = struct.pack("<ii", 12_000, 12_000)
    (tmp_path / "a.bmp").write_bytes(content)
    with pytest.raises(OrposeError, match=r"a\.bmp: an image of 12000 x 12000 pixels is too large"):
        read_image(tmp_path / "a.bmp")


def test_nothing_but_a_file_is_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.png")
    (tmp_path / "folder.png").mkdir()
    for name in ("pipe.png", "folder.png"):
        with pytest.raises(OrposeError, match=rf"{name}: not a file"):
            read_image(tmp_path / name)
    with pytest.raises(OrposeError, match=r"absent\.png: no such file"):
        read_image(tmp_path / "absent.png")


def test_a_name_that_is_not_utf_8(tmp_path: Path) -> None:
    path = tmp_path / os.fsdecode(b"S\xe4le.png")
    Image.fromarray(COLOURS).save(path)
    np.testing.assert_array_equal(read_image(path), COLOURS[..., ::-1])
    path.write_bytes(b"")
    with pytest.raises(OrposeError, match=r"S\\xe4le\.png: not an image"):
        read_image(path)
