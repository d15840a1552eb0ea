from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from orpose_models.datasets.frames import read_image, size_of
from orpose_models.datasets.image_folder import read_person_free
from orpose_models.vocabulary.errors import OrposeError


def test_no_images(tmp_path: Path) -> None:
    with pytest.raises(OrposeError, match="no images in this folder"):
        read_person_free(tmp_path)
    with pytest.raises(OrposeError, match="no such file or folder"):
        read_person_free(tmp_path / "missing")


def test_images_of_folders_below_with_nobody_in_them(tmp_path: Path) -> None:
    lying = Image.fromarray(np.zeros((30, 40, 3), np.uint8))
    (tmp_path / "rooms" / "theatre").mkdir(parents=True)
    lying.save(tmp_path / "rooms" / "theatre" / "a.png")
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by a quarter
    lying.save(tmp_path / "rooms" / "b.jpg", exif=exif)
    truth = read_person_free(tmp_path / "rooms")
    assert (truth.name, truth.person_free, truth.person_count) == ("rooms (person-free)", True, 0)
    assert {image.file_name: image.size for image in truth.images} == {"theatre/a.png": (40, 30), "b.jpg": (30, 40)}
    for image in truth.images:
        assert size_of(read_image(truth.image_root / image.file_name)) == image.size


def test_a_file_that_is_no_image(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_text("no picture")
    with pytest.raises(OrposeError, match=r"a\.png"):
        read_person_free(tmp_path)
