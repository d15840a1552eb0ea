"""MoveNet MultiPose: finds several persons and their COCO-17 keypoints in one pass, in images of any size.

It is a CenterNet: a heatmap of person centres, at each centre a box and a regression of where the joints are, a
heatmap per joint, and sub-cell offsets. Everything lies on a grid of cells of 4 pixels.
"""

from dataclasses import dataclass

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from scipy.ndimage import maximum_filter

from orpose_models.teacher.centernet import View
from orpose_models.teacher.tfjs import Graph
from orpose_models.teacher.tfjs_onnx import start_session, to_onnx
from orpose_models.vocabulary.skeletons import COCO17

STRIDE = 4
NOMINAL_SIZE = 256

# The network's own constants: cells around a centre in which it must be the highest; width of the pull towards a
# regressed joint, as a share of the map's shorter side; score from which on a joint counts for its person.
_PEAK = 5
_PULL = 0.300048828125
_COUNTS = 0.126953125

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
    """The network, on ONNX Runtime."""

    def __init__(self, graph: Graph, threads: int | None = None) -> None:
        self.sha256 = graph.sha256
        model = to_onnx(graph, _INPUT, _OUTPUTS, channels=3, nominal=(NOMINAL_SIZE, NOMINAL_SIZE))
        self._session: onnxruntime.InferenceSession = start_session(model, threads)

    def maps(self, images: NDArray[np.float32]) -> Maps:
        """Output maps of images (m, 3, h, w), RGB 0..255, sides multiples of 32.

        Returns:
            centre (m, 1, h/4, w/4) and heatmaps (m, 17, ...) in 0..1; in cells: regression (m, 34, ...), y and x of
            each joint in turn, from the centre's cell; offsets (m, 34, ...), the same from a joint's cell; box_sides
            (m, 2, ...), height and width; box_offset (m, 2, ...), y and x of the box's middle from the centre's cell.
        """
        names = list(_OUTPUTS)
        return dict(zip(names, self._session.run(names, {"images": images}), strict=True))

    def look(self, image: NDArray[np.uint8], view: View, threshold: float) -> Found:
        """Persons in one view of an image (h, w, 3), BGR, in pixels of the image; boxes are clipped to the view."""
        found = decode(self.maps(view.cut(image)), threshold)
        width, height = view.size
        boxes = np.clip(found.boxes, 0, [width, height, width, height])
        real = np.all(boxes[:, 2:] - boxes[:, :2] > 1, axis=1)
        found, boxes = found[real], boxes[real]
        points = np.concatenate([found.keypoints] * 2, axis=-1).reshape(-1, 4)
        points = view.to_image(points)[:, :2].reshape(found.keypoints.shape)
        scores = found.keypoint_scores
        if view.flip:
            swap = list(COCO17.flip)
            points, scores = points[:, swap], scores[:, swap]
        return Found(view.to_image(boxes), found.scores, points, scores)


def decode(maps: Maps, threshold: float) -> Found:
    """The persons of one image, as the network's own graph decodes them, in pixels of its input.

    Persons whose scores are below the threshold are left out.
    """
    centre = maps["centre"][0, 0]
    height, width = centre.shape
    peaks = (centre == maximum_filter(centre, size=_PEAK, mode="constant")) & (centre >= threshold)
    rows, columns = np.nonzero(peaks)
    sides = np.maximum(maps["box_sides"][0][:, rows, columns].T, 0)
    middles = np.stack([rows, columns], axis=1) + maps["box_offset"][0][:, rows, columns].T
    limits = np.array([height, width])
    low, high = np.clip(middles - sides / 2, 0, limits), np.clip(middles + sides / 2, 0, limits)
    regression = maps["regression"][0].reshape(-1, 2, height, width)
    guess = np.stack([rows, columns], axis=1)[:, None] + regression[:, :, rows, columns].transpose(2, 0, 1)
    points, joint_scores = _joints(maps, guess, low, high)
    counts = joint_scores > _COUNTS
    means = np.sum(joint_scores, axis=1, where=counts) / np.maximum(counts.sum(axis=1), 1)
    scores = centre[rows, columns] * means
    order = np.argsort(-scores, kind="stable")
    order = order[scores[order] >= threshold]
    boxes = STRIDE * np.concatenate([low[:, ::-1], high[:, ::-1]], axis=1)
    return Found(*(value[order].astype(np.float64) for value in (boxes, scores, points, joint_scores)))


def _joints(
    maps: Maps, guess: NDArray[np.floating], low: NDArray[np.floating], high: NDArray[np.floating]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Of each joint the place in the person's box where the heatmap is highest, seen through a bell around a guess.

    Args:
        maps: of one image.
        guess: (n, 17, 2) y, x in cells.
        low, high: (n, 2) corners of the boxes, y, x in cells.

    Returns:
        Points (n, 17, 2) x, y in pixels and scores (n, 17): the heatmap there, seen through the bell.
    """
    heatmaps = maps["heatmaps"][0]
    joints, height, width = heatmaps.shape
    y, x = np.arange(height, dtype=np.float32), np.arange(width, dtype=np.float32)
    width_squared = _PULL * min(height, width)
    # A bell is a product of two, one along each axis, and so is a box.
    inside_y = (y >= low[:, :1]) & (y < high[:, :1])
    inside_x = (x >= low[:, 1:]) & (x < high[:, 1:])
    bell_y = np.exp(-((y - guess[..., :1]) ** 2) / width_squared) * inside_y[:, None]
    bell_x = np.exp(-((x - guess[..., 1:]) ** 2) / width_squared) * inside_x[:, None]
    seen = heatmaps * bell_y[..., None].astype(np.float32) * bell_x[:, :, None].astype(np.float32)
    places = seen.reshape(len(guess), joints, -1).argmax(axis=2)
    scores = np.take_along_axis(seen.reshape(len(guess), joints, -1), places[..., None], axis=2)[..., 0]
    row, column = places // width, places % width
    offset = maps["offsets"][0].reshape(joints, 2, height, width)[np.arange(joints), :, row, column]
    return STRIDE * np.stack([column + offset[..., 1], row + offset[..., 0]], axis=-1), scores
