from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from orpose_models.datasets.yolo import read_yolo
from orpose_models.vocabulary.errors import OrposeError

BOX = "0.5 0.5 0.2 0.4"


def folder(root: Path, texts: dict[str, str | None], images: str = "", labels: str = "labels") -> Path:
    """Images of 200 x 100 pixels by name, each with a text file unless it is None."""
    for name, text in texts.items():
        picture = root / images / f"{name}.png"
        picture.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.zeros((100, 200, 3), np.uint8)).save(picture)
        if text is not None:
            file = root / labels / f"{name}.txt"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
    return root


def test_nobody(tmp_path: Path) -> None:
    truth = read_yolo(folder(tmp_path / "ward", {"a": "", "b": None}))
    assert (truth.name, len(truth.images), truth.person_count) == ("ward", 2, 0)
    assert truth.notes[-1] == "1 of 2 images have no text file: nobody is annotated there"


def test_boxes_in_pixels(tmp_path: Path) -> None:
    truth = read_yolo(folder(tmp_path, {"a": f"0 {BOX}\n\n0 0.95 0.5 0.2 1.0\n"}))
    (image,) = truth.images
    assert (image.image_id, image.file_name, image.size) == (1, "a.png", (200, 100))
    assert image.persons.boxes == pytest.approx(np.array([[80, 30, 120, 70], [170, 0, 200, 100]]))  # within the image
    assert image.persons.areas.tolist() == pytest.approx([1600, 3000])
    assert not image.persons.labelled.any()


@pytest.mark.parametrize(
    ("images", "labels"), [("", "labels"), ("", "annotations"), ("", ""), ("images", "labels"), ("images", "images")]
)
def test_where_the_text_files_lie(tmp_path: Path, images: str, labels: str) -> None:
    truth = read_yolo(folder(tmp_path, {"val/a.b": f"0 {BOX}"}, images, labels))
    assert truth.person_count == 1
    assert (truth.image_root / truth.images[0].file_name).is_file()


def test_images_that_lie_elsewhere(tmp_path: Path) -> None:
    folder(tmp_path / "pictures", {"a": None})
    folder(tmp_path / "boxes", {"a": f"0 {BOX}"})
    (tmp_path / "boxes" / "a.png").unlink()
    truth = read_yolo(tmp_path / "boxes", tmp_path / "pictures")
    assert (truth.name, truth.image_root, truth.person_count) == ("boxes", tmp_path / "pictures", 1)


def test_which_classes_are_persons(tmp_path: Path) -> None:
    ward = folder(tmp_path / "ward", {"a": f"0 {BOX}\n1 {BOX}\n7 {BOX}\n7 {BOX}\n"})
    with pytest.raises(
        OrposeError, match=r"there are boxes of class 1, 7 too; say which classes are persons: yolo:.*@0,1"
    ):
        read_yolo(ward)
    truth = read_yolo(Path(f"{ward}@0,1"))
    assert truth.person_count == 2
    assert truth.notes == ("boxes of class 0, 1 are persons", "2 boxes of other classes are left out")
    assert truth.image_root == ward
    assert read_yolo(Path(f"{ward}@7")).person_count == 2


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("0 0.5 0.5 0.2", "a.txt: line 2: '0 0.5 0.5 0.2' is not class x y width height"),
        ("0 0.5 0.5 0.2 0.4 0.9", "is not class x y width height"),
        ("person 0.5 0.5 0.2 0.4", "is not class x y width height"),
        ("0 120 50 40 40", "a.txt: line 2: '0 120 50 40 40': centre and size must be shares of the image"),
        ("0 0.5 0.5 0 0.4", "must be shares of the image"),
        ("0 nan 0.5 0.1 0.4", "must be shares of the image"),
    ],
)
def test_lines_of_another_layout(tmp_path: Path, line: str, message: str) -> None:
    with pytest.raises(OrposeError, match=message):
        read_yolo(folder(tmp_path, {"a": f"0 {BOX}\n{line}\n"}))


def test_nothing_to_read(tmp_path: Path) -> None:
    with pytest.raises(OrposeError, match="no images in this folder"):
        read_yolo(tmp_path)
    with pytest.raises(OrposeError, match="no text file with boxes for any image; they are looked for in labels and"):
        read_yolo(folder(tmp_path, {"a": None}))
