"""Stage 1 of the packaged teacher: CenterNet on several views of an image, fused."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from orpose_models.teacher.augmentation import fuse_boxes
from orpose_models.teacher.centernet import CenterNet, View

# A box that comes closer than this many pixels to a tile's inner border may be cut off by it.
_BORDER = 4


@dataclass(frozen=True)
class ViewSet:
    """Views of one scale.

    Attributes:
        long_side: length in pixels to which the longer side of the image, or of a tile, is scaled.
        flip: whether the mirror image is looked at, too.
        tiles: number of tiles along each side of the image; 1 for the whole image.
        overlap: share of a tile that its neighbour shows, too.
    """

    long_side: int
    flip: bool = False
    tiles: int = 1
    overlap: float = 0.3

    def views(self, width: int, height: int) -> list[View]:
        """The views of an image of this size."""
        columns, rows = _starts(width, self.tiles, self.overlap), _starts(height, self.tiles, self.overlap)
        return [
            View(x, y, w, h, self.long_side, flip)
            for y, h in rows
            for x, w in columns
            for flip in ((False, True) if self.flip else (False,))
        ]


@dataclass
class PersonDetector:
    """Finds persons (`teacher.protocols.Detector`).

    Attributes:
        network: the detector.
        view_sets: what it is shown.
        view_threshold: lower scores in a single view are not looked at.
        threshold: lower scores after fusion are not reported.
        max_persons: at most this many boxes, the best.
        iou_threshold: overlap from which on two boxes are the same person's.
    """

    network: CenterNet
    view_sets: tuple[ViewSet, ...]
    view_threshold: float
    threshold: float
    max_persons: int
    iou_threshold: float

    def detect(self, image: NDArray[np.uint8]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Boxes (n, 4) in pixels within the image and scores (n,), best first."""
        height, width = image.shape[:2]
        views = [view for view_set in self.view_sets for view in view_set.views(width, height)]
        boxes, scores = [], []
        for view in views:
            found, found_scores = self.network.detect(image, view, self.view_threshold)
            whole = _is_whole(found, view, width, height)
            boxes.append(found[whole])
            scores.append(found_scores[whole])
        expected = [np.sum([_is_whole(b, view, width, height) for view in views], axis=0, dtype=float) for b in boxes]
        fused, fused_scores = fuse_boxes(boxes, scores, expected, self.iou_threshold)
        count = min(self.max_persons, int((fused_scores >= self.threshold).sum()))
        return fused[:count], fused_scores[:count]


def _starts(length: int, tiles: int, overlap: float) -> list[tuple[int, int]]:
    """Start and length of overlapping tiles that cover a side evenly."""
    tile = min(length, int(np.ceil(length / (tiles - (tiles - 1) * overlap))))
    starts = dict.fromkeys(round(i * (length - tile) / max(tiles - 1, 1)) for i in range(tiles))
    return [(start, tile) for start in starts]


def _is_whole(boxes: NDArray[np.float64], view: View, width: int, height: int) -> NDArray[np.bool_]:
    """(n,) whether a box lies in the view and does not touch a border that is not the image's."""
    low = np.array([view.x, view.y]) + _BORDER
    high = np.array([view.x + view.width, view.y + view.height]) - _BORDER
    low = np.where(np.array([view.x, view.y]) == 0, -np.inf, low)
    high = np.where([view.x + view.width >= width, view.y + view.height >= height], np.inf, high)
    return np.asarray(np.all((boxes[:, :2] >= low) & (boxes[:, 2:] <= high), axis=1))
