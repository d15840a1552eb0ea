"""The layouts of YOLO pose graphs that are read, of those that Ultralytics exports."""

from pathlib import Path
from typing import Any

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
