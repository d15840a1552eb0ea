"""The images of a folder as a dataset in which nobody is annotated yet."""

from pathlib import Path

from PIL import Image as PillowImage

from orpose_models.datasets.frames import open_frames, read_image, size_of
from orpose_models.datasets.truth import ImageTruth, Persons, Truth
from orpose_models.vocabulary.resolution import Size
from orpose_models.vocabulary.skeletons import COCO17, H36M17

_ORIENTATION = 0x0112  # the EXIF tag; from 5 on width and height change places
_NOBODY = Persons.from_arrays(COCO17, H36M17, [])


def images_of(folder: Path) -> tuple[ImageTruth, ...]:
    """The images below a folder, without a person, numbered from 1; only their heads are read.

    Raises:
        OrposeError: no folder, no images, or one that is none.
    """
    files = open_frames(folder).files
    return tuple(
        ImageTruth(number, file.relative_to(folder).as_posix(), _size(file), _NOBODY)
        for number, file in enumerate(files, 1)
    )


def read_person_free(path: Path, images: Path | None = None) -> Truth:
    """A folder of images in which there is nobody, so that whoever is found in them is made up.

    Args:
        path: the folder, searched recursively.
        images: another folder to take the images from instead.

    Raises:
        OrposeError: as `images_of`.
    """
    root = images or path
    note = "Nobody is in these images: whoever is found is a false person."
    return Truth(
        f"{root.resolve().name} (person-free)", COCO17, H36M17, images_of(root), root, (note,), person_free=True
    )


def _size(file: Path) -> Size:
    try:
        with PillowImage.open(file) as opened:
            width, height = opened.size
            return (height, width) if opened.getexif().get(_ORIENTATION, 1) >= 5 else (width, height)
    except (OSError, SyntaxError, ValueError, PillowImage.DecompressionBombError):
        return size_of(read_image(file))  # which says what is wrong
