"""MoveNet MultiPose: finds several persons and their COCO-17 keypoints in one pass, in images of any size.

It is a CenterNet: a heatmap of person centres, at each centre a box and a regression of where the joints are, a
heatmap per joint, and sub-cell offsets. Everything lies on a grid of cells of 4 pixels.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import maximum_filter

from orpose_models.teacher.centernet import View
from orpose_models.teacher.movenet import Crops
from orpose_models.teacher.tfjs import Graph
from orpose_models.teacher.tfjs_onnx import Place, start_network, to_onnx
from orpose_models.vocabulary.similarity import box_iou
from orpose_models.vocabulary.skeletons import COCO17

STRIDE = 4
NOMINAL_SIZE = 256

# The network's own constants: cells around a centre in which it must be the highest; width of the pull towards a
# regressed joint, as a share of the map's shorter side; score from which on a joint counts for its person.
_PEAK = 5
_PULL = 0.300048828125
_COUNTS = 0.126953125

# Persons in a crop whose score is lower are not looked at; those whose box overlaps the wanted one less are others.
_FAINT = 0.01
_SAME = 0.3
_BATCH = 8

Maps = dict[str, NDArray[np.float32]]

_PREFIX = "StatefulPartitionedCall/"
_INPUT = _PREFIX + "Cast"
_OUTPUTS = {
    "centre": _PREFIX + "Sigmoid",
    "heatmaps": _PREFIX + "Sigmoid_1",
    "regression": _PREFIX + "kpt_regress_0/conv2d_8/BiasAdd",
    "offsets": _PREFIX + "kpt_offset_0/conv2d_9/BiasAdd",
    "box_sides": _PREFIX + "box_scale_0/conv2d_5/BiasAdd",
    "box_offset": _PREFIX + "box_offset_0/conv2d_6/BiasAdd",
}


@dataclass(frozen=True, eq=False)
class Found:
    """Persons, best first.

    Attributes:
        boxes: (n, 4) float64 x_min, y_min, x_max, y_max in pixels.
        scores: (n,) float64 in 0..1: the centre's, times the mean of the joints that count.
        keypoints: (n, 17, 2) float64 pixels, COCO-17 order.
        keypoint_scores: (n, 17) float64 in 0..1.
    """

    boxes: NDArray[np.float64]
    scores: NDArray[np.float64]
    keypoints: NDArray[np.float64]
    keypoint_scores: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.scores)

    def __getitem__(self, which: NDArray[np.bool_] | NDArray[np.integer]) -> "Found":
        return Found(self.boxes[which], self.scores[which], self.keypoints[which], self.keypoint_scores[which])


class MultiPose:
    """The network, on an engine of the table; `place` goes before `threads`."""

    def __init__(self, graph: Graph, threads: int | None = None, place: Place | None = None) -> None:
        self.sha256 = graph.sha256
        model = to_onnx(graph, _INPUT, _OUTPUTS, channels=3, nominal=(NOMINAL_SIZE, NOMINAL_SIZE))
        self._network = start_network(model, graph.sha256, place or Place(threads=threads))

    def maps(self, images: NDArray[np.float32]) -> Maps:
        """Output maps of images (m, 3, h, w), RGB 0..255, sides multiples of 32.

        Returns:
            centre (m, 1, h/4, w/4) and heatmaps (m, 17, ...) in 0..1; in cells: regression (m, 34, ...), y and x of
            each joint in turn, from the centre's cell; offsets (m, 34, ...), the same from a joint's cell; box_sides
            (m, 2, ...), height and width; box_offset (m, 2, ...), y and x of the box's middle from the centre's cell.
        """
        names = list(_OUTPUTS)
        return dict(zip(names, self._network(images), strict=True))

    def look(self, image: NDArray[np.uint8], view: View, threshold: float) -> Found:
        """Persons in one view of an image (h, w, 3), BGR, in pixels of the image; boxes are clipped to the view."""
        found = decode(self.maps(view.cut(image)), threshold)
        width, height = view.size
        boxes = np.clip(found.boxes, 0, [width, height, width, height])
        real = np.all(boxes[:, 2:] - boxes[:, :2] > 1, axis=1)
        found, boxes = found[real], boxes[real]
        # A point is a box without extent.
        points = view.to_image(np.tile(found.keypoints.reshape(-1, 2), 2))[:, :2].reshape(found.keypoints.shape)
        scores = found.keypoint_scores
        if view.flip:
            swap = list(COCO17.flip)
            points, scores = points[:, swap], scores[:, swap]
        return Found(view.to_image(boxes), found.scores, points, scores)

    def look_at(
        self, image: NDArray[np.uint8], crops: Crops, boxes: NDArray[np.floating]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """The person of each of m crops whose box agrees best with the one given.

        Args:
            image: (h, w, 3) uint8, BGR.
            crops: m crops.
            boxes: (m, 4) the persons' boxes in pixels of the image.

        Returns:
            Keypoints (m, 17, 2) in pixels of the image and scores (m, 17); all 0 where nobody is found.
        """
        points, scores = np.zeros((len(crops), len(COCO17), 2)), np.zeros((len(crops), len(COCO17)))
        inside = crops.from_image(np.reshape(boxes, (-1, 2, 2))) * NOMINAL_SIZE
        inside = np.concatenate([inside.min(axis=1), inside.max(axis=1)], axis=1)
        for first in range(0, len(crops), _BATCH):
            maps = self.maps(crops[slice(first, first + _BATCH)].cut(image, NOMINAL_SIZE))
            for i in range(first, min(first + _BATCH, len(crops))):
                own = {name: values[i - first : i - first + 1] for name, values in maps.items()}
                peaks = _peaks(own, _FAINT)
                overlap = box_iou(peaks.boxes, inside[i : i + 1])[:, 0]
                worth = np.where(overlap >= _SAME, overlap * np.sqrt(peaks.scores), 0)
                if worth.max(initial=0) > 0:
                    found = _with_joints(own, peaks, np.array([worth.argmax()]))
                    points[i], scores[i] = found.keypoints[0], found.keypoint_scores[0]
        seen = scores.any(axis=1)
        points[seen] = crops.to_image(points / NOMINAL_SIZE)[seen]
        swap = list(COCO17.flip)
        points[crops.flips], scores[crops.flips] = points[crops.flips][:, swap], scores[crops.flips][:, swap]
        return points, scores


def decode(maps: Maps, threshold: float) -> Found:
    """The persons of one image, as the network's own graph decodes them, in pixels of its input.

    Persons whose scores are below the threshold are left out.
    """
    peaks = _peaks(maps, threshold)
    found = _with_joints(maps, peaks, np.arange(len(peaks.scores)))
    order = np.argsort(-found.scores, kind="stable")
    return found[order[found.scores[order] >= threshold]]


@dataclass(frozen=True, eq=False)
class _Peaks:
    """Places of persons: `rows` and `columns` (n,) of cells, `boxes` (n, 4) in pixels of the input, `scores` (n,)."""

    rows: NDArray[np.int64]
    columns: NDArray[np.int64]
    boxes: NDArray[np.float64]
    scores: NDArray[np.float64]


def _peaks(maps: Maps, threshold: float) -> _Peaks:
    centre = maps["centre"][0, 0]
    highest = (centre == maximum_filter(centre, size=_PEAK, mode="constant")) & (centre >= threshold)
    rows, columns = np.nonzero(highest)
    sides = np.maximum(maps["box_sides"][0][::-1, rows, columns].T, 0)
    middles = np.stack([columns, rows], axis=1) + maps["box_offset"][0][::-1, rows, columns].T
    boxes = np.clip(np.concatenate([middles - sides / 2, middles + sides / 2], axis=1), 0, [*centre.shape[::-1]] * 2)
    return _Peaks(rows, columns, boxes.astype(np.float64) * STRIDE, centre[rows, columns].astype(np.float64))


def _with_joints(maps: Maps, peaks: _Peaks, which: NDArray[np.integer]) -> Found:
    """Persons and joints: where in a person's box the heatmaps, seen through a bell round a guess, are highest.

    A joint's score is the heatmap there, seen through the bell.
    """
    heatmaps = maps["heatmaps"][0]
    joints, height, width = heatmaps.shape
    regression, offsets = (maps[name][0].reshape(joints, 2, height, width) for name in ("regression", "offsets"))
    spread = _PULL * min(height, width)
    every, points, scores = np.arange(joints), np.zeros((len(which), joints, 2)), np.zeros((len(which), joints))
    for i, (row, column, box) in enumerate(
        zip(peaks.rows[which], peaks.columns[which], peaks.boxes[which], strict=True)
    ):
        left, top, right, bottom = np.ceil(box / STRIDE).astype(int)
        if left >= right or top >= bottom:
            continue
        guess = regression[:, :, row, column] + [row, column]
        y, x = np.arange(top, bottom), np.arange(left, right)
        bell = (
            np.exp(-((y - guess[:, :1]) ** 2) / spread)[:, :, None]
            * np.exp(-((x - guess[:, 1:]) ** 2) / spread)[:, None]
        )
        seen = (heatmaps[:, top:bottom, left:right] * bell).reshape(joints, -1)
        places = seen.argmax(axis=1)
        rows, columns = top + places // len(x), left + places % len(x)
        offset = offsets[every, :, rows, columns]
        points[i] = STRIDE * np.stack([columns + offset[:, 1], rows + offset[:, 0]], axis=1)
        scores[i] = seen[every, places]
    counts = scores > _COUNTS
    means = np.sum(scores, axis=1, where=counts) / np.maximum(counts.sum(axis=1), 1)
    return Found(peaks.boxes[which], peaks.scores[which] * means, points, scores)
