"""One image file as BGR, whatever it holds: grey, palettes, transparency, CMYK, 16 bit, floats, orientation tags."""

import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PillowImage
from PIL import ImageOps, UnidentifiedImageError

from orpose_models.datasets.kinds import kind_of_content
from orpose_models.files.names import printable
from orpose_models.vocabulary.brightness import UnknownWhiteError, check_16_bit, white_of
from orpose_models.vocabulary.errors import OrposeError, reason_of
from orpose_models.vocabulary.resolution import Size

MAX_PIXELS = 1 << 27
# What else Pillow knows is rare, and some of it is handed to other programs.
_FORMATS = ("JPEG", "PNG", "BMP", "DIB", "TIFF", "WEBP", "PPM", "GIF", "JPEG2000")
_WHITE_IS_ZERO, _PHOTOMETRIC = 0, 262  # of TIFF

warnings.filterwarnings("ignore", module=r"PIL\.")  # we say in our own words what is wrong, or repair it


@dataclass(frozen=True, eq=False)
class Picture:
    """What is in an image file.

    Attributes:
        image: (h, w, 3) uint8 BGR; of a file of several pages or frames the first.
        pages: how many pages or frames the file has.
    """

    image: NDArray[np.uint8]
    pages: int = 1


def further_pages(path: Path, picture: Picture) -> list[str]:
    """A sentence of what a file holds besides the image that is read; none if that is all."""
    if picture.pages == 1:
        return []
    return [
        f"{printable(path)}: holds {picture.pages} pages or frames, only the first is read; "
        "save them as images of their own"
    ]


def size_of(image: NDArray[np.uint8]) -> Size:
    """Width, height of an (h, w, ...) image."""
    return image.shape[1], image.shape[0]


def read_image(path: str | Path) -> NDArray[np.uint8]:
    """The image of a file, see `read_picture`."""
    return read_picture(path).image


def read_picture(path: str | Path) -> Picture:
    """Read an image file.

    Grey becomes three equal channels, 16 bit is scaled to 8 (65535 to 255), so are floats of 0 to 1; floats and
    32-bit integers that are whole numbers up to 255 or 65535 are taken for such; TIFFs whose white is zero are
    inverted, CMYK becomes colour, transparency is dropped, the camera's orientation tag is honoured.

    Raises:
        OrposeError: no such file, not an image, cut short, too large, or of values that do not say what is white.
    """
    path = Path(path)
    name = printable(path)
    try:
        if path.exists() and not path.is_file():
            raise OrposeError(f"{name}: not a file")
        with path.open("rb") as file, PillowImage.open(file, formats=_FORMATS) as opened:
            width, height = opened.size
            if width * height > MAX_PIXELS:
                raise OrposeError(f"{name}: an image of {width} x {height} pixels is too large")
            # A photograph of several pictures is one with a preview or a depth map.
            pages = 1 if opened.format == "MPO" else int(getattr(opened, "n_frames", 1))
            return Picture(_to_bgr(opened), pages)
    except OrposeError:
        raise
    except UnidentifiedImageError:
        kind = kind_of_content(path)
        raise OrposeError(f"{name}: not an image file that can be read" + (f" ({kind})" if kind else "")) from None
    except UnknownWhiteError as error:
        raise OrposeError(f"{name}: {error}") from None
    except Exception as error:  # whatever a damaged file makes of the library
        if isinstance(error, FileNotFoundError):
            raise OrposeError(f"{name}: no such file") from None
        of_the_disk = isinstance(error, OSError) and error.errno
        what = reason_of(error) if of_the_disk else f"the image is damaged ({reason_of(error)})"
        raise OrposeError(f"{name}: {what}") from None


def _to_bgr(opened: PillowImage.Image) -> NDArray[np.uint8]:
    inverted = getattr(opened, "tag_v2", {}).get(_PHOTOMETRIC) == _WHITE_IS_ZERO
    deep = any("RGB;16" in str(tile) for tile in getattr(opened, "tile", ()))
    image = _upright(opened)
    if image.mode.startswith("I;16") or (image.mode == "I" and opened.format in ("PPM", "PNG")):
        values = np.asarray(image).astype(np.float64)
        check_16_bit(values)
        return _grey(values, 65535, inverted)
    if image.mode in ("I", "F"):
        values = np.asarray(image, np.float64)
        return _grey(values, white_of(values, "floats" if image.mode == "F" else "integers of 32 bit"), inverted)
    if image.mode in ("RGBa", "La"):
        image = image.convert("RGBA" if image.mode == "RGBa" else "LA")
    bgr = np.ascontiguousarray(np.asarray(image.convert("RGB"), np.uint8)[..., ::-1])
    if deep:
        check_16_bit(bgr.astype(np.uint16) * 257)
    return bgr


def _upright(opened: PillowImage.Image) -> PillowImage.Image:
    """Turned as the camera says; a picture whose tags are damaged is as good as it is."""
    try:
        return ImageOps.exif_transpose(opened)
    except Exception:  # the library's own for the tags; for the pixels it comes again
        return opened


def _grey(values: NDArray[np.float64], white: float, inverted: bool) -> NDArray[np.uint8]:
    if inverted:
        values = white - values
    grey = np.clip(np.round(values * (255 / white)), 0, 255).astype(np.uint8)
    return np.repeat(grey[..., None], 3, axis=2)
