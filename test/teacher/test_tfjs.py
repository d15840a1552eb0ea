import json
from base64 import b64encode
from typing import Any

import numpy as np
import pytest
import torch
from support.tfjs_reference import compute

from orpose_models.teacher.tfjs import Graph, parse_graph
from orpose_models.teacher.tfjs_onnx import Place, start_network, to_onnx
from orpose_models.vocabulary.errors import OrposeError


def text(value: str) -> str:
    return b64encode(value.encode()).decode()


def const(name: str) -> dict[str, Any]:
    return {"name": name, "op": "Const"}


def convolution(op: str, name: str, inputs: list[str], stride: int, padding: str, *fused: str) -> dict[str, Any]:
    attributes: dict[str, Any] = {
        "strides": {"list": {"i": ["1", str(stride), str(stride), "1"]}},
        "padding": {"s": text(padding)},
    }
    if fused:
        attributes["fused_ops"] = {"list": {"s": [text(name) for name in fused]}}
    return {"name": name, "op": op, "input": inputs, "attr": attributes}


def model(nodes: list[dict[str, Any]], weights: dict[str, np.ndarray]) -> tuple[bytes, bytes]:
    """A graph model with float32 and int32 constants, as the content of its two files."""
    entries = [{"name": name, "shape": list(v.shape), "dtype": str(v.dtype)} for name, v in weights.items()]
    manifest = [{"paths": ["weights.bin"], "weights": entries}]
    content = b"".join(np.ascontiguousarray(v).tobytes() for v in weights.values())
    topology = {"modelTopology": {"node": nodes}, "weightsManifest": manifest}
    return json.dumps(topology).encode(), content


def graph(nodes: list[dict[str, Any]], weights: dict[str, np.ndarray]) -> Graph:
    topology, content = model(nodes + [const(name) for name in weights], weights)
    return parse_graph(topology, [content], "test")


def entries(*weights: dict[str, Any]) -> bytes:
    nodes = [const(entry["name"]) for entry in weights]
    manifest = [{"paths": ["weights.bin"], "weights": list(weights)}]
    return json.dumps({"modelTopology": {"node": nodes}, "weightsManifest": manifest}).encode()


def test_no_nodes() -> None:
    empty = parse_graph(entries(), [], "test")
    assert dict(empty.nodes) == {}
    assert dict(empty.weights) == {}


def test_half_precision_and_eight_bit_weights_are_restored() -> None:
    half = {"name": "a", "shape": [2], "dtype": "float32", "quantization": {"dtype": "float16"}}
    scale = {"dtype": "uint8", "scale": 0.5, "min": -1.0}
    byte = {"name": "b", "shape": [3, 1], "dtype": "float32", "quantization": scale}
    whole = {"name": "c", "shape": [], "dtype": "int32"}
    content = np.array([1.5, -2], "<f2").tobytes() + bytes([0, 2, 255]) + np.array(7, "<i4").tobytes()
    weights = parse_graph(entries(half, byte, whole), [content[:3], content[3:]], "test").weights
    assert weights["a"].tolist() == [1.5, -2.0]
    assert weights["b"].tolist() == [[-1.0], [0.0], [126.5]]
    assert weights["c"].tolist() == 7
    assert {str(w.dtype) for w in weights.values()} == {"float32", "int32"}


def test_nodes_come_after_their_inputs_without_control_inputs() -> None:
    nodes = [{"name": "c", "op": "Relu", "input": ["b:0", "^x"]}, {"name": "b", "op": "Relu", "input": ["a"]}]
    ordered = graph([*nodes, {"name": "a", "op": "Placeholder"}], {}).nodes
    assert list(ordered) == ["a", "b", "c"]
    assert ordered["c"].inputs == ("b",)


A = {"name": "a", "shape": [2], "dtype": "float32"}


@pytest.mark.parametrize(
    ("topology", "content", "message"),
    [
        (b"{", b"", "not a JSON file"),
        (b"[]", b"", "not a TensorFlow.js graph model"),
        (b'{"modelTopology": {}, "weightsManifest": []}', b"", "not a complete"),
        (entries(A), b"1234567", "ends within a: 7 bytes are too few"),
        (entries(A), b"123456789", "has 9 bytes, the model describes 8"),
        (entries(A), np.array([1, np.nan], "<f4").tobytes(), "not finite numbers"),
        (entries({**A, "dtype": "string"}), b"12345678", "cannot be read"),
        (entries({**A, "shape": [-2]}), b"12345678", "cannot be read"),
        (model([const("b")], {})[0], b"", "weights of node b are missing"),
        (model([{"name": "b", "op": "Relu", "input": ["c"]}], {})[0], b"", "c is used but not defined"),
        (model([{"name": "b", "op": "Relu", "input": ["b"]}], {})[0], b"", "in a circle at node b"),
    ],
)
def test_broken_models_say_what_is_wrong(topology: bytes, content: bytes, message: str) -> None:
    with pytest.raises(OrposeError, match=message):
        parse_graph(topology, [content], "test")


@pytest.mark.parametrize("size", [(1, 8, 8), (3, 8, 8), (2, 12, 20)])
def test_converted_operations_equal_tensorflows(size: tuple[int, int, int]) -> None:
    random = np.random.default_rng(0)
    weights = {
        "k1": random.normal(size=(3, 3, 3, 8)),
        "b1": random.normal(size=8),
        "k2": random.normal(size=(5, 5, 8, 1)),
        "b2": random.normal(size=8),
        "k3": random.normal(size=(1, 1, 8, 8)),
        "half": np.array(0.5),
        "shift": random.normal(size=(1, 1, 1, 8)),
    }
    weights = {name: value.astype(np.float32) for name, value in weights.items()}
    count, height, width = size
    for name, value in (("axes", [1, 2]), ("axis", 3), ("twice", [height, width])):
        weights[name] = np.array(value, np.int32)
    nodes = [
        {"name": "images", "op": "Placeholder"},
        convolution("_FusedConv2D", "c1", ["images", "k1", "b1"], 2, "SAME", "BiasAdd", "Relu6"),
        convolution("FusedDepthwiseConv2dNative", "c2", ["c1", "k2", "b2"], 2, "SAME", "BiasAdd", "Relu"),
        {"name": "up", "op": "ResizeBilinear", "input": ["c2", "quarter"], "attr": {"half_pixel_centers": {"b": True}}},
        {"name": "up2", "op": "ResizeBilinear", "input": ["up", "twice"]},
        convolution("Conv2D", "c3", ["up2", "k3"], 1, "VALID"),
        {"name": "mean", "op": "Mean", "input": ["c3", "axes"], "attr": {"keep_dims": {"b": True}}},
        {"name": "gate", "op": "Sigmoid", "input": ["mean"]},
        {"name": "gated", "op": "Mul", "input": ["c3", "gate"]},
        {"name": "halved", "op": "Mul", "input": ["half", "gated"]},
        {"name": "shifted", "op": "Sub", "input": ["halved", "shift"]},
        {"name": "both", "op": "ConcatV2", "input": ["shifted", "up2", "axis"]},
    ]
    weights["quarter"] = np.array([height // 2, width // 2], np.int32)
    built = graph(nodes, weights)
    images = random.normal(size=(count, height, width, 3)).astype(np.float32)
    (expected,) = compute(built, {"images": torch.from_numpy(images)}, ["both"])
    # Enlargements are kept as factors: the nominal size only says which.
    run = start_network(to_onnx(built, "images", {"out": "both"}, 3, (height, width)), "", Place(threads=1))
    (result,) = run(np.ascontiguousarray(images.transpose(0, 3, 1, 2)))
    np.testing.assert_allclose(result.transpose(0, 2, 3, 1), expected.numpy(), atol=1e-4)


def test_what_cannot_be_converted_is_named() -> None:
    nodes = [{"name": "images", "op": "Placeholder"}, {"name": "odd", "op": "Cumsum", "input": ["images"]}]
    with pytest.raises(OrposeError, match="node odd: operation Cumsum cannot be converted"):
        to_onnx(graph(nodes, {}), "images", {"out": "odd"}, 3, (8, 8))
    with pytest.raises(OrposeError, match="no node other"):
        to_onnx(graph(nodes, {}), "images", {"out": "other"}, 3, (8, 8))
