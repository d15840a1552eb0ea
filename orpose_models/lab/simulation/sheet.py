"""A contact sheet of a simulated split: what its pictures look like at a glance."""

from pathlib import Path

import cv2
import numpy as np

from orpose_models.files.disk import atomic_path, read_json
from orpose_models.lab.simulation.dataset import Layout
from orpose_models.vocabulary.resolution import resize_down

COLUMNS, ROWS = 6, 5
_WIDTH, _HEIGHT = 256, 192


def write_contact_sheet(layout: Layout, path: str | Path) -> None:
    """Write up to 30 pictures of a complete split, evenly spread over its scenes and cameras, as one JPEG."""
    source = layout.images if layout.truth_root != layout.root else layout.annotations
    names = sorted(image["file_name"] for image in read_json(source)["images"])
    chosen = np.unique(np.linspace(0, len(names) - 1, min(len(names), COLUMNS * ROWS)).astype(int))
    rows = -(-len(chosen) // COLUMNS)
    sheet = np.zeros((rows * _HEIGHT, COLUMNS * _WIDTH, 3), np.uint8)
    for k, index in enumerate(chosen):
        picture = np.asarray(cv2.imread(str(layout.root / names[index])), np.uint8)
        y, x = k // COLUMNS * _HEIGHT, k % COLUMNS * _WIDTH
        sheet[y : y + _HEIGHT, x : x + _WIDTH] = resize_down(picture, (_WIDTH, _HEIGHT))
    with atomic_path(path) as temporary:
        cv2.imwrite(str(temporary), sheet, [cv2.IMWRITE_JPEG_QUALITY, 85])
