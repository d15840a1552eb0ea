"""MoveNet, a COCO-17 keypoint network for one person in a square crop, over any number of crops at once.

Inside it is a CenterNet: a heatmap of person centres, at each centre a regression of where the joints are, a heatmap
per joint, and sub-cell offsets.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import maximum_filter

from orpose_models.teacher.tfjs import Graph
from orpose_models.teacher.tfjs_onnx import Place, start_network, to_onnx
from orpose_models.vocabulary.similarity import box_iou
from orpose_models.vocabulary.skeletons import COCO17

STRIDE = 4

# Cells of distance at which the pull towards the crop's middle, and towards a regressed joint, has halved.
_SOFTENING = 1.8
_CANDIDATES = 6

# How far, as a share of the crop, a neighbour's joint rules out a regressed joint and a peak of the heatmap.
_BODY_REACH = 1 / 6
_JOINT_REACH = 1 / 12
_BATCH = 16

Maps = dict[str, NDArray[np.float32]]

_PREFIX = "StatefulPartitionedCall/"
_INPUT = _PREFIX + "stack"
_OUTPUTS = {
    "centre": _PREFIX + "Sigmoid_1",
    "heatmaps": _PREFIX + "Sigmoid",
    "regression": _PREFIX + "kpt_regress_0/conv2d_6/BiasAdd",
    "offsets": _PREFIX + "kpt_offset_0/conv2d_7/BiasAdd",
}


@dataclass(frozen=True, eq=False)
class Crops:
    """Square parts of an image, each possibly mirrored.

    Attributes:
        centres: (m, 2) float64, middle in pixels.
        sides: (m,) float64, side length in pixels.
        flips: (m,) bool, whether the part is mirrored left to right.
    """

    centres: NDArray[np.float64]
    sides: NDArray[np.float64]
    flips: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.sides)

    def __getitem__(self, part: slice) -> "Crops":
        return Crops(self.centres[part], self.sides[part], self.flips[part])

    def to_image(self, points: NDArray[np.floating]) -> NDArray[np.float64]:
        """Points (m, k, 2) of the crops, in 0..1, to pixels of the image."""
        points = np.array(points, np.float64)
        points[self.flips, :, 0] = 1 - points[self.flips, :, 0]
        return (points - 0.5) * self.sides[:, None, None] + self.centres[:, None]

    def from_image(self, points: NDArray[np.floating]) -> NDArray[np.float64]:
        """Points (m, k, 2) of the image, in pixels, to the crops, whose sides reach from 0 to 1."""
        points = (np.asarray(points, np.float64) - self.centres[:, None]) / self.sides[:, None, None] + 0.5
        points[self.flips, :, 0] = 1 - points[self.flips, :, 0]
        return points

    def cut(self, image: NDArray[np.uint8], size: int) -> NDArray[np.float32]:
        """The crops as (m, 3, size, size) float32, RGB 0..255; black outside the image."""
        levels = [image]
        cut = np.empty((len(self), 3, size, size), np.float32)
        for target, centre, side, flip in zip(cut, self.centres, self.sides, self.flips, strict=True):
            # Bilinear sampling sees 2 x 2 pixels only: large parts are cut out of a halved image.
            level = max(0, int(np.floor(np.log2(max(side, 1e-6) / size))))
            while len(levels) <= level and min(levels[-1].shape[:2]) > 1:
                height, width = levels[-1].shape[:2]
                half = (max(1, width // 2), max(1, height // 2))
                levels.append(np.asarray(cv2.resize(levels[-1], half, interpolation=cv2.INTER_AREA), np.uint8))
            source = levels[min(level, len(levels) - 1)]
            shrink = np.array([source.shape[1] / image.shape[1], source.shape[0] / image.shape[0]])
            scale = size / side / shrink
            offset = size / 2 - centre * size / side
            if flip:
                scale, offset = scale * [-1, 1], np.array([size - offset[0], offset[1]])
            # Pixel centres are at whole numbers for OpenCV, at halves here.
            shift = offset + 0.5 * scale - 0.5
            matrix = np.array([[scale[0], 0, shift[0]], [0, scale[1], shift[1]]])
            part = cv2.warpAffine(source, matrix, (size, size), flags=cv2.INTER_LINEAR)
            target[:] = part[..., ::-1].transpose(2, 0, 1)
        return cut


class MoveNet:
    """The network, Lightning or Thunder, on an engine of the table; `place` goes before `threads`.

    Attributes:
        size: side length of its crops in pixels: 192 (Lightning) or 256 (Thunder).
        sha256: of its graph.
    """

    def __init__(self, graph: Graph, threads: int | None = None, place: Place | None = None) -> None:
        self.sha256 = graph.sha256
        self.size = int(graph.nodes["input"].attributes["shape"]["shape"]["dim"][1]["size"])
        model = to_onnx(graph, _INPUT, _OUTPUTS, channels=3, nominal=(self.size, self.size))
        self._network = start_network(model, graph.sha256, place or Place(threads=threads))

    def maps(self, crops: NDArray[np.float32]) -> Maps:
        """Output maps of crops (m, 3, size, size), RGB 0..255.

        Returns:
            centre (m, 1, c, c) and heatmaps (m, 17, c, c) in 0..1; regression and offsets (m, 34, c, c) in
            cells, y and x of each joint in turn. The number of cells c is a quarter of the size.
        """
        names = list(_OUTPUTS)
        parts = [self._network(crops[first : first + _BATCH]) for first in range(0, max(len(crops), 1), _BATCH)]
        return {name: np.concatenate([part[i] for part in parts]) for i, name in enumerate(names)}

    def keypoints(
        self,
        image: NDArray[np.uint8],
        crops: Crops,
        boxes: NDArray[np.floating],
        margin: float,
        taken: NDArray[np.floating] | None = None,
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Keypoints (m, 17, 2) in pixels of the image and scores (m, 17), of one person in each crop.

        Args:
            image: (h, w, 3) uint8, BGR.
            crops: m crops.
            boxes: (m, 4) the persons' boxes in pixels of the image.
            margin: what lies further outside of the box than this share of its sides is blackened: it belongs to
                neighbours more often than to the person.
            taken: (m, 17, 2) joints in pixels that belong to a neighbour and must not be found again; NaN for none.
        """
        if len(crops) == 0:
            return np.zeros((0, len(COCO17), 2)), np.zeros((0, len(COCO17)))
        inside = crops.from_image(np.reshape(boxes, (-1, 2, 2))).reshape(-1, 4)
        inside[:, [0, 2]] = np.sort(inside[:, [0, 2]], axis=1)
        inputs = crops.cut(image, self.size)
        _blacken(inputs, inside, margin)
        swap = list(COCO17.flip)
        if taken is not None:
            taken = crops.from_image(taken)
            taken[crops.flips] = taken[crops.flips][:, swap]
        points, scores = decode_in_boxes(self.maps(inputs), inside, taken)
        points = crops.to_image(points)
        points[crops.flips] = points[crops.flips][:, swap]
        scores[crops.flips] = scores[crops.flips][:, swap]
        return points, scores


def _blacken(inputs: NDArray[np.float32], boxes: NDArray[np.float64], margin: float) -> None:
    """Set to zero, in place, what lies outside of the enlarged boxes (m, 4), in 0..1 of the inputs."""
    sides, size = boxes[:, 2:] - boxes[:, :2], inputs.shape[-1]
    low = np.clip(np.floor((boxes[:, :2] - margin * sides) * size), 0, size).astype(int)
    high = np.clip(np.ceil((boxes[:, 2:] + margin * sides) * size), 0, size).astype(int)
    for pixels, (left, top), (right, bottom) in zip(inputs, low, high, strict=True):
        pixels[:, :top], pixels[:, bottom:] = 0, 0
        pixels[:, :, :left], pixels[:, :, right:] = 0, 0


def decode(maps: Maps) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The person nearest to the middle of each crop, as the network's own graph decodes it.

    Returns:
        Keypoints (m, 17, 2) x, y in 0..1 of the crop, and scores (m, 17) in 0..1: the heatmap at the joint.
    """
    cell = np.arange(maps["centre"].shape[-1], dtype=np.float32)
    pull = 1 / (np.hypot(cell[:, None] - len(cell) // 2, cell - len(cell) // 2) + _SOFTENING)
    middle = (maps["centre"][:, 0] * pull).reshape(len(maps["centre"]), -1).argmax(axis=1)
    return _decode_joints(maps, _regressed(maps, middle[:, None])[:, 0])


def decode_in_boxes(
    maps: Maps, boxes: NDArray[np.floating], taken: NDArray[np.floating] | None = None
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The person of each crop whose regressed body agrees best with its box (m, 4), in 0..1 of the crop.

    In a crowd the person nearest to the middle is often a neighbour. Joints `taken` (m, 17, 2) by a neighbour, in
    0..1 of the crop, NaN for none, are not found again. Returns the same as `decode`.
    """
    count, cells = len(boxes), maps["centre"].shape[-1]
    centre = maps["centre"][:, 0]
    peaks = np.where(centre >= maximum_filter(centre, size=(1, 3, 3)), centre, 0).reshape(count, -1)
    candidates = np.argsort(-peaks, axis=1, kind="stable")[:, :_CANDIDATES]
    bodies = _regressed(maps, candidates)
    low, high = bodies.min(axis=2)[..., ::-1] / cells, bodies.max(axis=2)[..., ::-1] / cells
    # Skin and clothes reach beyond the outermost joints.
    margin = 0.08 * (high - low).max(axis=-1, keepdims=True)
    spans = np.clip(np.concatenate([low - margin, high + margin], axis=-1), 0, 1)
    inside = np.clip(boxes, 0, 1)
    overlap = np.stack([box_iou(span, box[None])[:, 0] for span, box in zip(spans, inside, strict=True)])
    worth = np.take_along_axis(peaks, candidates, axis=1) * (overlap + 0.05)
    if taken is not None:
        joints = taken[..., ::-1] * cells
        near = np.nan_to_num(np.exp(-0.5 * _squared(bodies, joints[:, None]) / (_BODY_REACH * cells) ** 2))
        worth = worth * (1 - near.mean(axis=-1))
        y, x, cell = joints[..., 0, None, None], joints[..., 1, None, None], np.arange(cells, dtype=np.float32)
        squared = (cell[:, None] - y) ** 2 + (cell - x) ** 2
        near = np.nan_to_num(np.exp(-0.5 * squared / (_JOINT_REACH * cells) ** 2))
        maps = {**maps, "heatmaps": (maps["heatmaps"] * (1 - near)).astype(np.float32)}
    return _decode_joints(maps, bodies[np.arange(count), worth.argmax(axis=1)])


def _squared(a: NDArray[np.floating], b: NDArray[np.floating]) -> NDArray[np.floating]:
    return np.sum((a - b) ** 2, axis=-1)


def _regressed(maps: Maps, places: NDArray[np.integer]) -> NDArray[np.float32]:
    """Joints (m, k, 17, 2), y and x in cells, that are regressed at k cells (m, k) of each crop."""
    count, cells = len(places), maps["regression"].shape[-1]
    regression = maps["regression"].reshape(count, -1, 2, cells, cells)
    row, column = places // cells, places % cells
    shift = regression[np.arange(count)[:, None], :, :, row, column]
    return np.asarray(shift + np.stack([row, column], axis=-1)[:, :, None], np.float32)


def _decode_joints(maps: Maps, guess: NDArray[np.float32]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Of each joint the heatmap's peak nearest to a guess (m, 17, 2), y and x in cells, refined by the offsets."""
    heatmaps = maps["heatmaps"]
    count, joints, cells = heatmaps.shape[:3]
    crop, joint, cell = np.arange(count)[:, None], np.arange(joints)[None], np.arange(cells, dtype=np.float32)
    y, x = guess[..., 0, None, None], guess[..., 1, None, None]
    distance = np.sqrt((cell[:, None] - y) ** 2 + (cell - x) ** 2)
    peak = (heatmaps / (distance + _SOFTENING)).reshape(count, joints, -1).argmax(axis=2)
    row, column = peak // cells, peak % cells
    offset = maps["offsets"].reshape(count, joints, 2, cells, cells)[crop, joint, :, row, column]
    points = np.stack([column + offset[..., 1], row + offset[..., 0]], axis=-1) / cells
    return points.astype(np.float64), heatmaps[crop, joint, row, column].astype(np.float64)
