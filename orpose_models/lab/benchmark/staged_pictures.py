"""Pictures with a known number of persons: parts of the multi-person footage side by side."""

from dataclasses import dataclass
from math import ceil
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from orpose_models.datasets.frames import open_frames
from orpose_models.datasets.image_file import size_of
from orpose_models.files.assets import asset
from orpose_models.vocabulary.resolution import Size, resize_down, resize_up

SIZE: Size = (640, 480)
MAX_PERSONS = 20
VARIANTS = 4  # so that no call sees the picture of the call before
_STEP = 6  # frames of the footage from one variant to the next, a tenth of a second
_GREY = 114


@dataclass(frozen=True)
class _Part:
    """A region of a camera's image, as shares of its width and height: x_min, y_min, x_max, y_max."""

    camera: str
    region: tuple[float, float, float, float]


# Nobody else comes into these regions in the frames that are used. Camera 4 is left for evaluation.
_PAIRS = (
    _Part("cam03", (0.05, 0.18, 0.87, 0.72)),
    _Part("cam02", (0.0, 0.18, 0.66, 0.82)),
    _Part("cam01", (0.17, 0.12, 1.0, 0.96)),
)
_SINGLE = _Part("cam03", (0.38, 0.18, 0.82, 0.72))


def pictures(persons: int) -> list[NDArray[np.uint8]]:
    """`VARIANTS` pictures of `SIZE`, (480, 640, 3) uint8 BGR, with so many persons in each.

    Args:
        persons: 0 (plain grey) to `MAX_PERSONS`.

    Raises:
        OrposeError: the footage is not fetched.
        ValueError: more or fewer persons than that.
    """
    if not 0 <= persons <= MAX_PERSONS:
        raise ValueError(f"there are pictures of 0 to {MAX_PERSONS} persons, not of {persons}")
    parts = [_PAIRS[i % len(_PAIRS)] for i in range(persons // 2)] + [_SINGLE] * (persons % 2)
    footage = {name: _frames(name) for name in dict.fromkeys(part.camera for part in parts)}
    return [
        # The same part shown twice is of another moment.
        _side_by_side([_cut(part, footage[part.camera][(variant + i) % VARIANTS]) for i, part in enumerate(parts)])
        for variant in range(VARIANTS)
    ]


def save_pictures(persons: int, folder: Path) -> list[str]:
    """Files of `pictures`, as measuring processes take them."""
    files = []
    for i, picture in enumerate(pictures(persons)):
        files.append(str(folder / f"{persons}-{i}.npy"))
        np.save(files[-1], picture)
    return files


def _frames(camera: str) -> list[NDArray[np.uint8]]:
    frames = open_frames(asset("multiperson") / f"{camera}.mp4").frames(_STEP)
    return [frame.image for _, frame in zip(range(VARIANTS), frames, strict=False)]


def _cut(part: _Part, frame: NDArray[np.uint8]) -> NDArray[np.uint8]:
    width, height = size_of(frame)
    x0, y0, x1, y1 = part.region
    return frame[round(y0 * height) : round(y1 * height), round(x0 * width) : round(x1 * width)]


def _side_by_side(parts: list[NDArray[np.uint8]]) -> NDArray[np.uint8]:
    """The parts on a grid of up to three columns, each as large as its cell lets it be."""
    canvas = np.full((SIZE[1], SIZE[0], 3), _GREY, np.uint8)
    columns = min(3 if len(parts) <= 6 else 4, len(parts))
    rows = ceil(len(parts) / columns) if parts else 0
    for i, part in enumerate(parts):
        row, column = divmod(i, columns)
        cell = SIZE[0] // columns, SIZE[1] // rows
        scale = min(cell[0] / part.shape[1], cell[1] / part.shape[0])
        size = max(1, int(part.shape[1] * scale)), max(1, int(part.shape[0] * scale))
        shown = (resize_down if scale < 1 else resize_up)(part, size)
        x, y = column * cell[0] + (cell[0] - size[0]) // 2, row * cell[1] + (cell[1] - size[1]) // 2
        canvas[y : y + size[1], x : x + size[0]] = shown
    return canvas
