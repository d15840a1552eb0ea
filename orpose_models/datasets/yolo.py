"""Boxes in YOLO's layout: a text file per image, a line per box: class, then centre and size as shares of the image."""

import re
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from orpose_models.datasets.image_folder import images_of
from orpose_models.datasets.truth import Persons, Truth
from orpose_models.vocabulary.errors import OrposeError
from orpose_models.vocabulary.resolution import Size
from orpose_models.vocabulary.skeletons import COCO17, H36M17

LABEL_FOLDERS = ("labels", "annotations")
_CLASSES = re.compile(r"^(.+)@(\d+(?:,\d+)*)$")
_SLACK = 1e-3  # exporters round, so that boxes at the edge reach a little beyond it


def read_yolo(path: Path, images: Path | None = None) -> Truth:
    """Read a folder of images with boxes in YOLO's layout; persons have boxes only.

    The images are in the folder itself or in its `images`, the text files in its `labels` or `annotations` under the
    same names, or beside the images. An image without a text file has nobody in it; the notes count these.

    Args:
        path: the folder, and after an @ the numbers of the classes that are persons, such as `ward@0,1`; without them
            class 0 is, and another class is refused.
        images: the folder of the images, where it is another one.

    Raises:
        OrposeError: no images, no text files, a line of another layout, or a class that nobody said what it is.
    """
    given = _CLASSES.match(str(path))
    folder = Path(given[1]) if given else path
    persons = {int(number) for number in given[2].split(",")} if given else {0}
    root = images or (folder / "images" if (folder / "images").is_dir() else folder)
    labels = next((folder / name for name in LABEL_FOLDERS if (folder / name).is_dir()), root)
    others: Counter[int] = Counter()
    annotated, without = [], 0
    for image in images_of(root):
        file = labels / Path(image.file_name).with_suffix(".txt")
        if not file.is_file():
            without += 1
            annotated.append(image)
            continue
        classes, boxes = _read(file, image.size)
        others.update(number for number in classes if number not in persons)
        chosen = boxes[[number in persons for number in classes]]
        annotated.append(replace(image, persons=Persons.from_arrays(COCO17, H36M17, chosen)))
    if without == len(annotated):
        raise OrposeError(
            f"{folder}: no text file with boxes for any image; they are looked for in {' and '.join(LABEL_FOLDERS)} "
            "and beside the images"
        )
    if others and not given:
        raise OrposeError(
            f"{folder}: there are boxes of class {', '.join(map(str, sorted(others)))} too; say which classes are "
            f"persons: yolo:{folder}@0,{min(others)} for example"
        )
    notes = [f"boxes of class {', '.join(map(str, sorted(persons)))} are persons"]
    if others:
        notes.append(f"{others.total()} boxes of other classes are left out")
    if without:
        notes.append(f"{without} of {len(annotated)} images have no text file: nobody is annotated there")
    return Truth(folder.resolve().name, COCO17, H36M17, tuple(annotated), root, tuple(notes))


def _read(file: Path, size: Size) -> tuple[list[int], NDArray[np.float64]]:
    """The class of each of the n boxes, and the boxes (n, 4), x_min, y_min, x_max, y_max in pixels."""
    classes, boxes = [], []
    for number, line in enumerate(file.read_text(errors="replace").splitlines(), 1):
        if not line.strip():
            continue
        where = f"{file}: line {number}: {line.strip()[:60]!r}"
        try:
            kind, *rest = line.split()
            x, y, width, height = (float(value) for value in rest)
            classes.append(int(kind))
        except ValueError:
            raise OrposeError(f"{where} is not class x y width height") from None
        inside = max(abs(x - 0.5), abs(y - 0.5)) <= 0.5 + _SLACK
        if not (inside and 0 < width <= 1 + _SLACK and 0 < height <= 1 + _SLACK):
            raise OrposeError(f"{where}: centre and size must be shares of the image, from 0 to 1")
        boxes.append((x - width / 2, y - height / 2, x + width / 2, y + height / 2))
    shares = np.clip(np.array(boxes, np.float64).reshape(-1, 4), 0, 1)
    return classes, shares * np.tile(size, 2)
