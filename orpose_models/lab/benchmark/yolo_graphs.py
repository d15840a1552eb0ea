"""YOLO pose graphs as Ultralytics exports them, for comparing speeds."""

from pathlib import Path
from time import perf_counter

import numpy as np
from numpy.typing import NDArray

from orpose_models.files.disk import sha256
from orpose_models.lab.benchmark.contenders import Contender
from orpose_models.lab.benchmark.found import Boxes, Found
from orpose_models.lab.benchmark.yolo_layouts import CELL, PERSON, input_size
from orpose_models.runtime.engine_loading import load_graph
from orpose_models.runtime.graph import Job


class YoloRunner:
    """A pose graph of a layout that `check_graph` accepts, RGB 0..1 in, with what is done before and after it."""

    sha256 = ""

    def __init__(self, contender: Contender) -> None:
        self.engine = contender.engine or "onnxruntime"
        file = Path(contender.source)
        self._graph = load_graph(self.engine, Job(file, sha256(file), contender.threads))
        self._height, self._width = input_size(file)
        self._persons = 0
        self._kept = np.zeros((0, PERSON - 1), np.float32)
        self._stages: dict[str, float] = {}

    def prepare(self, persons: int, downsample: float, boxes: Boxes) -> None:
        self._persons = persons

    def call(self, picture: NDArray[np.uint8]) -> None:
        import cv2

        start = perf_counter()
        if picture.shape[:2] != (self._height, self._width):
            picture = np.asarray(cv2.resize(picture, (self._width, self._height)), np.uint8)
        image = cv2.dnn.blobFromImage(picture, 1 / 255, swapRB=True)
        prepared = perf_counter()
        answer = np.array(self._graph(image)[0][0])
        computed = perf_counter()
        self._kept = best_cells(answer, self._persons) if len(answer) == CELL else best_persons(answer, self._persons)
        self._stages = {
            "preprocess": prepared - start,
            "network": computed - prepared,
            "decoding": perf_counter() - computed,
        }

    def found(self) -> Found:
        return Found(len(self._kept), len(self._kept), self._stages)


def best_cells(answer: NDArray[np.float32], persons: int) -> NDArray[np.float32]:
    """The best persons of a graph without non-maximum suppression, which is done here.

    With random weights no score means anything, and persons overlap as they like: the best so many pass.

    Args:
        answer: (56, cells): centre, width, height, score, keypoints.
        persons: how many.

    Returns:
        (persons, 56): corner, width, height, score, keypoints.
    """
    import cv2

    count = min(10 * persons, answer.shape[1] - 1)
    best = answer[:, np.argpartition(-answer[4], count)[:count]].T
    best[:, :2] -= best[:, 2:4] / 2
    kept = cv2.dnn.NMSBoxes(best[:, :4].tolist(), best[:, 4].tolist(), 0.0, 1.0)[:persons]
    return best[np.asarray(kept, int)]


def best_persons(answer: NDArray[np.float32], persons: int) -> NDArray[np.float32]:
    """The best persons of a graph that has chosen them itself.

    Args:
        answer: (persons, 57): corners, score, class, keypoints.
        persons: how many.

    Returns:
        (persons, 56): the same without the class.
    """
    best = answer[np.argsort(-answer[:, 4], kind="stable")[:persons]]
    return np.delete(best, 5, axis=1)
