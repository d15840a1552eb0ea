"""Whether a camera was moved while it recorded."""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from orpose_models.adaptation.looking import Look

_GROUP = 8  # looks that a view of the room without movement is made of
_SAME = 0.55  # correlation of edges from which on two views are of one place
_SHIFT = 1.5  # pixels of the small pictures


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
    that lights do not.
    """
    groups = [thumbs[i : i + _GROUP] for i in range(0, len(thumbs) - _GROUP + 1, _GROUP)]
    views = [_edges(np.median(np.stack(group), axis=0)) for group in groups]
    for i in range(1, len(views)):
        if not _same(views[i - 1], views[i]):
            return i * _GROUP
    return None


def _edges(view: NDArray[np.float64]) -> NDArray[np.float32]:
    smooth = cv2.GaussianBlur(view.astype(np.float32), (0, 0), 1.0)
    edges = smooth - cv2.GaussianBlur(smooth, (0, 0), 4.0)
    return np.asarray((edges - edges.mean()) / max(float(edges.std()), 1e-3), np.float32)


def _same(one: NDArray[np.float32], other: NDArray[np.float32]) -> bool:
    if float((one * other).mean()) >= _SAME:
        return True
    # Part of the room may have changed: a view that fits best where it is has not moved.
    window = cv2.createHanningWindow((one.shape[1], one.shape[0]), cv2.CV_32F)
    (x, y), response = cv2.phaseCorrelate(one, other, window)
    return response > 0.2 and float(np.hypot(x, y)) < _SHIFT
