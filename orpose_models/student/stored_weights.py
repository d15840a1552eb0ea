"""ONNX graphs that take their weights from the student's own safetensors file.

A safetensors file holds little-endian numbers at known places after its header; ONNX can point at such places. Weights
stored in half precision are cast to single precision by the graph's first nodes, and those of 8-bit layers rounded to
it; engines compute that once, at load.
"""

import json
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import NodeProto, TensorProto, helper, numpy_helper

# Constants of more elements than this must be weights of the file.
_MAX_CONSTANT = 100_000
_PREFIX = "student."
# How ONNX Runtime's quantiser names a kernel's integers, and what they are counted in.
_KERNEL, _QUANTISED, _STEPS = ".weight", "_quantized", ("_scale", "_zero_point")
_TYPES = {"F16": (TensorProto.FLOAT16, np.float16), "F32": (TensorProto.FLOAT, np.float32)}


class _Stored:
    """The tensors of a safetensors file."""

    def __init__(self, weights: Path) -> None:
        self._file = weights.name
        self._content = weights.read_bytes()
        (length,) = struct.unpack("<Q", self._content[:8])
        header: Mapping[str, Any] = json.loads(self._content[8 : 8 + length])
        self._entries = {name: entry for name, entry in header.items() if name != "__metadata__"}
        self._start = 8 + length

    def __contains__(self, name: str) -> bool:
        entry = self._entries.get(name)
        return entry is not None and entry["dtype"] in _TYPES and len(entry["shape"]) > 0

    def values(self, name: str) -> NDArray[Any]:
        """What is stored."""
        entry = self._entries[name]
        begin, end = (self._start + offset for offset in entry["data_offsets"])
        return np.frombuffer(self._content[begin:end], _TYPES[entry["dtype"]][1]).reshape(entry["shape"])

    def pointed(self, name: str, value: str) -> tuple[TensorProto, list[NodeProto]]:
        """An initializer that points at a tensor, and the nodes that make of it the single-precision `value`."""
        entry = self._entries[name]
        kind = _TYPES[entry["dtype"]][0]
        half = kind == TensorProto.FLOAT16
        pointer = TensorProto(name=f"{value}.half" if half else value, dims=entry["shape"], data_type=kind)
        pointer.data_location = TensorProto.EXTERNAL
        begin, end = entry["data_offsets"]
        for key, number in (("location", self._file), ("offset", self._start + begin), ("length", end - begin)):
            pointer.external_data.add(key=key, value=str(number))
        return pointer, [helper.make_node("Cast", [pointer.name], [value], to=TensorProto.FLOAT)] if half else []


def write_graph(path: Path, model: onnx.ModelProto, weights: Path) -> None:
    """Write a model whose weights are replaced by their places in a safetensors file in the same folder.

    Raises:
        AssertionError: a weight is not in the file, or has another value there.
    """
    stored = _Stored(weights)
    pointing = onnx.ModelProto()
    pointing.CopyFrom(model)
    graph = pointing.graph
    constants = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    kept, first = [], []
    for tensor in graph.initializer:
        name, values = tensor.name.removeprefix(_PREFIX), constants[tensor.name]
        whole = name.removesuffix(_QUANTISED)
        if name in stored and _equal(values, stored.values(name)):
            pointer, nodes = stored.pointed(name, tensor.name)
        elif whole != name and whole.endswith(_KERNEL) and whole in stored:
            steps = [f"{_PREFIX}{whole}{suffix}" for suffix in _STEPS]
            assert np.array_equal(_rounded(stored.values(whole), constants[steps[0]]), values), name
            pointer, nodes = stored.pointed(whole, f"{_PREFIX}{whole}")
            nodes.append(helper.make_node("QuantizeLinear", [f"{_PREFIX}{whole}", *steps], [tensor.name], axis=0))
        else:
            pointer, nodes = tensor, []
            large = tensor.data_type == TensorProto.FLOAT and np.prod(tensor.dims) > _MAX_CONSTANT
            assert not large, f"a weight that is not in the file: {name}"
        kept.append(pointer)
        first += nodes
    nodes = [*first, *graph.node]
    del graph.initializer[:], graph.node[:], graph.value_info[:]
    graph.initializer.extend(kept)
    graph.node.extend(nodes)
    path.write_bytes(pointing.SerializeToString())


def _equal(a: NDArray, b: NDArray) -> bool:
    return a.shape == b.shape and bool(np.array_equal(a, b.astype(a.dtype)))


def _rounded(values: NDArray, scale: NDArray) -> NDArray[np.int8]:
    """As QuantizeLinear does it, by output channel, without an offset."""
    steps = values.astype(np.float32) / scale.reshape(-1, *([1] * (values.ndim - 1)))
    return np.clip(np.rint(steps), -128, 127).astype(np.int8)
