"""Whether a camera was moved while it recorded."""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from orpose_models.adaptation.looking import Look

_GROUP = 8  # looks that a view of the room without movement is made of
_BLOCKS = 4  # parts of a view in each direction
# Correlation of edges that a quarter of the parts reach where two views are of one place: 0.55 and more where cameras
# stood still and drapes, gowns and trolleys came and went, 0.40 at most where one was turned by 4 % of its picture.
_SAME = 0.48


def moved_cameras(looks: Sequence[Look], names: Sequence[str]) -> list[str]:
    """A sentence for each recording whose camera was moved: when, and what that means."""
    found = []
    for number, name in enumerate(names):
        mine = [one for one in looks if one.recording == number and one.shows]
        at = moved_at([one.thumb for one in mine])
        if at is None:
            continue
        stamp, first = mine[at].stamp_ns, mine[0].stamp_ns
        where = (
            f"{(stamp - first) / 1e9:.0f} s" if stamp is not None and first is not None else f"image {mine[at].index}"
        )
        found.append(
            f"{name}: the camera was moved at about {where}; the student learns from both views, but what is proved is "
            "of the last one, and 3D by a calibration from before is wrong after it"
        )
    return found


def moved_at(thumbs: Sequence[NDArray[np.uint8]]) -> int | None:
    """The index of the first small picture of another view; None if the camera stands still.

    Views are medians of some pictures, so that people who walk by do not count, and are compared by their edges, so
    that lights do not, and part by part, so that what is put before the camera does not.
    """
    groups = [thumbs[i : i + _GROUP] for i in range(0, len(thumbs) - _GROUP + 1, _GROUP)]
    views = [_edges(np.median(np.stack(group), axis=0)) for group in groups]
    for i in range(1, len(views) - 1):
        # The view between may be of both places.
        if not _same(views[i - 1], views[i + 1]):
            return (i + 1 if _same(views[i - 1], views[i]) else i) * _GROUP
    return None


def _edges(view: NDArray[np.float64]) -> NDArray[np.float32]:
    smooth = cv2.GaussianBlur(view.astype(np.float32), (0, 0), 0.7)
    edges = smooth - cv2.GaussianBlur(smooth, (0, 0), 2.0)
    return np.asarray((edges - edges.mean()) / max(float(edges.std()), 1e-3), np.float32)


def _same(one: NDArray[np.float32], other: NDArray[np.float32]) -> bool:
    """Whether two views are of one place: a quarter of their parts alike, whatever stands before the others."""
    first, second = (_parts(view) for view in (one, other))
    return float(np.percentile((first * second).mean(axis=1), 75)) >= _SAME


def _parts(view: NDArray[np.float32]) -> NDArray[np.float32]:
    """(parts, pixels) of a view, each of mean 0 and deviation 1."""
    rows = [part for band in np.array_split(view, _BLOCKS) for part in np.array_split(band, _BLOCKS, axis=1)]
    flat = np.stack([part.ravel() for part in rows])
    flat = flat - flat.mean(axis=1, keepdims=True)
    return np.asarray(flat / np.maximum(flat.std(axis=1, keepdims=True), 1e-3), np.float32)
