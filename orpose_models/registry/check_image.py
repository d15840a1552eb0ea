"""The image that engines are tried on: some simulated persons."""

from functools import cache
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

_FILE = Path(__file__).resolve().parents[1] / "weights" / "check.jpg"


@cache
def check_image() -> NDArray[np.uint8]:
    """(h, w, 3) uint8, BGR; not to be changed."""
    image = cv2.imread(str(_FILE))
    assert image is not None, f"{_FILE} belongs to the program"
    found = np.asarray(image, np.uint8)
    found.flags.writeable = False
    return found
