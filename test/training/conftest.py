import cv2
import numpy as np
import pytest
from support.training_rig import write_labels


@pytest.fixture
def label_file(tmp_path):
    return write_labels(tmp_path / "data")


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "images" / "sub").mkdir(parents=True)
    for i in range(7):
        name = f"sub/{i}.png" if i % 2 else f"{i}.png"
        cv2.imwrite(str(tmp_path / "images" / name), np.full((30, 40, 3), i * 10, np.uint8))
    return tmp_path / "images"
