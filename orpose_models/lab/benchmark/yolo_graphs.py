"""YOLO pose graphs as Ultralytics exports them, for comparing speeds."""

from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from orpose_models.files.disk import sha256
from orpose_models.lab.benchmark.contenders import Contender
from orpose_models.lab.benchmark.runners import Boxes, Found
from orpose_models.runtime.engines import Job, load_graph
from orpose_models.vocabulary.errors import OrposeError

# Numbers of a cell: centre, size, score, keypoints with scores; of a person: corners, score, class, keypoints.
CELL, PERSON = 5 + 3 * 17, 6 + 3 * 17
Shape = tuple[int | str, ...]


def check_graph(file: Path) -> None:
    """See whether a graph can be measured, without computing anything.

    Raises:
        OrposeError: there is no such file, or it is not a pose graph of one of the layouts that are read.
    """
    import onnx

    how = "docs/performance.md says how to make a YOLO pose graph"
    if not file.is_file():
        raise OrposeError(f"{file}: no such file; {how}")
    try:
        graph = onnx.load(str(file), load_external_data=False).graph
    except Exception as error:  # protobuf's errors have no common ancestor
        raise OrposeError(f"{file}: not an ONNX graph ({type(error).__name__}); {how}") from None
    given, answers = [_shape(value) for value in graph.input], [_shape(value) for value in graph.output]
    types = {value.type.tensor_type.elem_type for value in graph.input}
    if types != {onnx.TensorProto.FLOAT} or not is_read(given, answers):
        raise OrposeError(
            f"{file}: takes {_told(given)} and gives {_told(answers)}; read are graphs that take (1, 3, height, width) "
            f"in single precision and give (1, {CELL}, cells) or (1, persons, {PERSON}), of one class; {how}"
        )


def is_read(given: list[Shape], answers: list[Shape]) -> bool:
    """Whether a graph's inputs and outputs have a layout that is read."""
    if len(given) != 1 or len(answers) != 1 or len(given[0]) != 4 or len(answers[0]) != 3:
        return False
    fixed = all(isinstance(size, int) and size > 0 for size in given[0]) and given[0][:2] == (1, 3)
    return fixed and (answers[0][1] == CELL or answers[0][2] == PERSON)


def input_size(file: Path) -> tuple[int, int]:
    """Height and width of the images that a checked graph takes."""
    import onnx

    (given,) = onnx.load(str(file), load_external_data=False).graph.input
    height, width = _shape(given)[2:]
    return int(height), int(width)


def _shape(value: Any) -> Shape:
    return tuple(one.dim_value or one.dim_param or "?" for one in value.type.tensor_type.shape.dim)


def _told(shapes: list[Shape]) -> str:
    return " and ".join(f"({', '.join(map(str, shape))})" for shape in shapes) or "nothing"


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
