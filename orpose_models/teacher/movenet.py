"""MoveNet, a COCO-17 keypoint network for one person in a square crop, over any number of crops at once.

Inside it is a CenterNet: a heatmap of person centres, at each centre a regression of where the joints are, a heatmap
per joint, and sub-cell offsets. The person nearest to the crop's middle is decoded.
"""

from dataclasses import dataclass

import cv2
import numpy as np
import onnxruntime
from numpy.typing import NDArray

from orpose_models.skeletons import COCO17
from orpose_models.teacher.tfjs import Graph
from orpose_models.teacher.tfjs_onnx import start_session, to_onnx

CROP_SIZE = 192
STRIDE = 4
CELLS = CROP_SIZE // STRIDE

# Cells of distance at which the pull towards the crop's middle, and towards a regressed joint, has halved.
_SOFTENING = 1.8
_BATCH = 16

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

    def to_image(self, points: NDArray[np.floating]) -> NDArray[np.float64]:
        """Points (m, k, 2) of the crops, in 0..1, to pixels of the image."""
        points = np.array(points, np.float64)
        points[self.flips, :, 0] = 1 - points[self.flips, :, 0]
        return (points - 0.5) * self.sides[:, None, None] + self.centres[:, None]

    def cut(self, image: NDArray[np.uint8], size: int = CROP_SIZE) -> NDArray[np.float32]:
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
    """The network, on ONNX Runtime."""

    def __init__(self, graph: Graph, threads: int | None = None) -> None:
        self.sha256 = graph.sha256
        model = to_onnx(graph, _INPUT, _OUTPUTS, channels=3, nominal=(CROP_SIZE, CROP_SIZE))
        self._session: onnxruntime.InferenceSession = start_session(model, threads)

    def maps(self, crops: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
        """Output maps of crops (m, 3, 192, 192), RGB 0..255.

        Returns:
            centre (m, 1, 48, 48) and heatmaps (m, 17, 48, 48) in 0..1; regression and offsets (m, 34, 48, 48) in
            cells, y and x of each joint in turn.
        """
        names = list(_OUTPUTS)
        parts = [
            self._session.run(names, {"images": crops[first : first + _BATCH]})
            for first in range(0, max(len(crops), 1), _BATCH)
        ]
        return {name: np.concatenate([part[i] for part in parts]) for i, name in enumerate(names)}

    def keypoints(self, image: NDArray[np.uint8], crops: Crops) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Keypoints (m, 17, 2) in pixels of the image and scores (m, 17) of the person in the middle of each crop."""
        if len(crops) == 0:
            return np.zeros((0, len(COCO17), 2)), np.zeros((0, len(COCO17)))
        points, scores = decode(self.maps(crops.cut(image)))
        points = crops.to_image(points)
        swap = list(COCO17.flip)
        points[crops.flips] = points[crops.flips][:, swap]
        scores[crops.flips] = scores[crops.flips][:, swap]
        return points, scores


def decode(maps: dict[str, NDArray[np.float32]]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The person nearest to the middle of each crop, from the network's maps (see `MoveNet.maps`).

    Returns:
        Keypoints (m, 17, 2) x, y in 0..1 of the crop, and scores (m, 17) in 0..1: the heatmap at the joint.
    """
    heatmaps = maps["heatmaps"]
    count, joints = heatmaps.shape[:2]
    cells = np.arange(CELLS, dtype=np.float32)
    crop = np.arange(count)[:, None]
    joint = np.arange(joints)[None]

    pull = 1 / (np.hypot(cells[:, None] - CELLS // 2, cells - CELLS // 2) + _SOFTENING)
    middle = (maps["centre"][:, 0] * pull).reshape(count, -1).argmax(axis=1)
    row, column = middle // CELLS, middle % CELLS
    regression = maps["regression"].reshape(count, joints, 2, CELLS, CELLS)[np.arange(count), :, :, row, column]
    y = row[:, None] + regression[..., 0]
    x = column[:, None] + regression[..., 1]

    distance = np.sqrt((cells[:, None] - y[..., None, None]) ** 2 + (cells - x[..., None, None]) ** 2)
    peak = (heatmaps / (distance + _SOFTENING)).reshape(count, joints, -1).argmax(axis=2)
    row, column = peak // CELLS, peak % CELLS
    offset = maps["offsets"].reshape(count, joints, 2, CELLS, CELLS)[crop, joint, :, row, column]
    points = np.stack([column + offset[..., 1], row + offset[..., 0]], axis=-1) / CELLS
    return points.astype(np.float64), heatmaps[crop, joint, row, column].astype(np.float64)
