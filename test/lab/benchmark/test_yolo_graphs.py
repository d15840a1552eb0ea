"""YOLO graphs of the layouts that Ultralytics exports, made of noise."""

from pathlib import Path

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray
from onnx import TensorProto, helper

from orpose_models.lab.benchmark.contenders import yolo_contenders
from orpose_models.lab.benchmark.yolo_graphs import YoloRunner, best_cells, best_persons
from orpose_models.lab.benchmark.yolo_layouts import check_graph
from orpose_models.vocabulary.errors import OrposeError


def write_graph(
    file: Path,
    answer: NDArray[np.float32],
    given: tuple[int | str, ...] = (1, 3, 48, 64),
    kind: int = TensorProto.FLOAT,
) -> Path:
    """A graph that answers the same to every image, but for the image's mean."""
    nodes = [
        helper.make_node("Cast", ["images"], ["image"], to=TensorProto.FLOAT),
        helper.make_node("ReduceMean", ["image"], ["mean"], keepdims=0),
        helper.make_node("Add", ["mean", "noise"], ["output0"]),
    ]
    graph = helper.make_graph(
        nodes,
        "noise",
        [helper.make_tensor_value_info("images", kind, given)],
        [helper.make_tensor_value_info("output0", TensorProto.FLOAT, answer.shape)],
        [helper.make_tensor("noise", TensorProto.FLOAT, answer.shape, answer.tobytes(), raw=True)],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9), file)
    return file


def noise(*shape: int) -> NDArray[np.float32]:
    return np.random.default_rng(0).random(shape, np.float32)


@pytest.mark.parametrize("engine", ["onnxruntime", "openvino"])
@pytest.mark.parametrize("shape", [(1, 56, 300), (1, 300, 57)], ids=["cells", "persons"])
def test_both_layouts_run(engine: str, shape: tuple[int, ...], tmp_path: Path) -> None:
    file = write_graph(tmp_path / "noise.onnx", noise(*shape))
    (contender,) = yolo_contenders(file, [engine], 1)
    runner = YoloRunner(contender)
    for persons in (0, 1, 10):
        runner.prepare(persons, 1.0, [])
        runner.call(np.zeros((480, 640, 3), np.uint8))
        assert runner.found().processed == persons
        assert set(runner.found().stages) == {"preprocess", "network", "decoding"}


def test_the_best_persons_come_first() -> None:
    cells = np.zeros((56, 40), np.float32)
    cells[2:4] = 10
    cells[4] = np.linspace(0, 0.4, 40)
    cells[:2, 7], cells[4, 7], cells[5:, 7] = 20, 0.9, 3
    assert best_cells(cells, 0).shape == (0, 56)
    (best,) = best_cells(cells, 1)
    assert best[:5] == pytest.approx([15, 15, 10, 10, 0.9])
    assert set(best[5:]) == {3}
    persons = np.zeros((3, 57), np.float32)
    persons[:, 4], persons[:, 5], persons[:, 6:] = [0.1, 0.9, 0.5], 7, [[1], [2], [3]]
    assert best_persons(persons, 0).shape == (0, 56)
    assert best_persons(persons, 2)[:, 4].tolist() == pytest.approx([0.9, 0.5])
    assert best_persons(persons, 2)[:, 5:].tolist() == [[2.0] * 51, [3.0] * 51]


@pytest.mark.parametrize(
    ("answer", "given", "kind", "told"),
    [
        ((1, 135, 300), (1, 3, 48, 64), TensorProto.FLOAT, r"takes \(1, 3, 48, 64\) and gives \(1, 135, 300\)"),
        ((1, 84, 8400), (1, 3, 48, 64), TensorProto.FLOAT, r"gives \(1, 84, 8400\)"),
        ((1, 56, 300), ("batch", 3, "height", "width"), TensorProto.FLOAT, r"takes \(batch, 3, height, width\)"),
        ((1, 56, 300), (1, 1, 48, 64), TensorProto.FLOAT, r"takes \(1, 1, 48, 64\)"),
        ((1, 56, 300), (1, 3, 48, 64), TensorProto.FLOAT16, "in single precision"),
        ((56, 300), (1, 3, 48, 64), TensorProto.FLOAT, r"gives \(56, 300\)"),
    ],
    ids=["classes", "boxes", "dynamic", "grey", "half", "flat"],
)
def test_other_layouts_are_refused_before_anything_is_measured(
    answer: tuple[int, ...], given: tuple[int | str, ...], kind: int, told: str, tmp_path: Path
) -> None:
    file = write_graph(tmp_path / "other.onnx", noise(*answer), given, kind)
    with pytest.raises(OrposeError, match=told):
        check_graph(file)


def test_what_is_no_graph_is_refused(tmp_path: Path) -> None:
    with pytest.raises(OrposeError, match=r"none\.onnx: no such file; docs/performance\.md says how to make a YOLO"):
        check_graph(tmp_path / "none.onnx")
    (tmp_path / "text.onnx").write_text("not a graph")
    with pytest.raises(OrposeError, match=r"text\.onnx: not an ONNX graph"):
        check_graph(tmp_path / "text.onnx")
    (tmp_path / "empty.onnx").write_bytes(b"")
    with pytest.raises(OrposeError, match=r"empty\.onnx: takes nothing and gives nothing"):
        check_graph(tmp_path / "empty.onnx")
