"""MobileNetV3-CenterNet, a COCO object detector, reduced to its class "person", for images of any size."""

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import maximum_filter

from orpose_models.teacher.tfjs import Graph
from orpose_models.teacher.tfjs_onnx import Place, start_network, to_onnx
from orpose_models.vocabulary.resolution import Size, resize_down, resize_up

NOMINAL_SIZE = 512
COARSEST_STRIDE = 32
STRIDE = 4
_PERSON = 0

_INPUT = "tower_0/images"
_CLASS_WEIGHTS = ("CenternetHead/centernet_cls_output/pointwise_weights", "CenternetHead/centernet_cls_output/biases")
_OUTPUTS = {"person": "tower_0/keypoints", "sides": "tower_0/wh"}


@dataclass(frozen=True)
class View:
    """What the network is shown of an image.

    Attributes:
        x, y, width, height: the part, in pixels.
        long_side: length in pixels to which the part's longer side is scaled.
        flip: whether it is mirrored left to right.
    """

    x: int
    y: int
    width: int
    height: int
    long_side: int
    flip: bool = False

    @property
    def size(self) -> Size:
        """Width, height of the scaled part."""
        scale = self.long_side / max(self.width, self.height)
        return max(1, round(self.width * scale)), max(1, round(self.height * scale))

    def cut(self, image: NDArray[np.uint8]) -> NDArray[np.float32]:
        """The view as (1, 3, h, w) float32, RGB 0..255, padded with black to multiples of 32 at right and bottom."""
        part = image[self.y : self.y + self.height, self.x : self.x + self.width]
        width, height = self.size
        enlarged = width > self.width
        part = resize_up(part, (width, height)) if enlarged else _shrink(part, (width, height))
        if self.flip:
            part = part[:, ::-1]
        padded = np.zeros((1, 3, _padded(height), _padded(width)), np.float32)
        padded[0, :, :height, :width] = part[..., ::-1].transpose(2, 0, 1)
        return padded

    def to_image(self, boxes: NDArray[np.floating]) -> NDArray[np.float64]:
        """Boxes (n, 4) of the view to pixels of the image."""
        boxes = np.array(boxes, np.float64)
        width, height = self.size
        if self.flip:
            boxes[:, [0, 2]] = width - boxes[:, [2, 0]]
        boxes *= np.tile([self.width / width, self.height / height], 2)
        return boxes + np.tile([self.x, self.y], 2)


class CenterNet:
    """The network, on an engine of the table; `place` goes before `threads`."""

    def __init__(self, graph: Graph, threads: int | None = None, place: Place | None = None) -> None:
        self.sha256 = graph.sha256
        weights = dict(graph.weights)
        for name in _CLASS_WEIGHTS:
            weights[name] = weights[name][..., _PERSON : _PERSON + 1]
        model = to_onnx(
            replace(graph, weights=weights), _INPUT, _OUTPUTS, channels=3, nominal=(NOMINAL_SIZE, NOMINAL_SIZE)
        )
        self._network = start_network(model, graph.sha256, place or Place(threads=threads))

    def detect(
        self, image: NDArray[np.uint8], view: View, threshold: float
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Persons in one view: boxes (n, 4) in pixels of the image, clipped to the view; scores (n,), best first."""
        person, sides = self._network(view.cut(image))
        boxes, scores = decode(person[0, 0], sides[0], threshold)
        width, height = view.size
        boxes = np.clip(boxes, 0, [width, height, width, height])
        real = np.all(boxes[:, 2:] - boxes[:, :2] > 1, axis=1)
        return view.to_image(boxes[real]), scores[real]


def decode(
    heatmap: NDArray[np.float32], sides: NDArray[np.float32], threshold: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Boxes from a class heatmap (h, w) and distances (4, h, w) to the left, top, right and bottom side.

    Returns:
        Boxes (n, 4) in pixels of the network's input and scores (n,), best first: the local maxima
        of the heatmap over 3 x 3 cells that are at least `threshold`.
    """
    peaks = (heatmap == maximum_filter(heatmap, size=3, mode="constant")) & (heatmap >= threshold)
    rows, columns = np.nonzero(peaks)
    scores = heatmap[rows, columns]
    order = np.argsort(-scores, kind="stable")
    rows, columns, scores = rows[order], columns[order], scores[order]
    left, top, right, bottom = sides[:, rows, columns].astype(np.float64)
    x, y = columns * STRIDE, rows * STRIDE
    return np.stack([x - left, y - top, x + right, y + bottom], axis=1), scores.astype(np.float64)


def _padded(side: int) -> int:
    return -(-side // COARSEST_STRIDE) * COARSEST_STRIDE


def _shrink(image: NDArray[np.uint8], size: Size) -> NDArray[np.uint8]:
    """Reduce, without aliasing; exact halvings by area first, because they are fast."""
    while image.shape[1] >= 2 * size[0] and image.shape[0] >= 2 * size[1]:
        half = (max(size[0], image.shape[1] // 2), max(size[1], image.shape[0] // 2))
        image = np.asarray(cv2.resize(image, half, interpolation=cv2.INTER_AREA), np.uint8)
    return resize_down(np.ascontiguousarray(image), size)
