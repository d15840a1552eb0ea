"""A contact sheet of a simulated split: what its pictures look like at a glance."""

from pathlib import Path

import numpy as np

from orpose_models.datasets.image_file import read_image
from orpose_models.files.disk import read_json
from orpose_models.files.picture_writer import write_picture
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
        picture = read_image(layout.root / names[index])
        y, x = k // COLUMNS * _HEIGHT, k % COLUMNS * _WIDTH
        sheet[y : y + _HEIGHT, x : x + _WIDTH] = resize_down(picture, (_WIDTH, _HEIGHT))
    write_picture(path, sheet, jpeg_quality=85)
