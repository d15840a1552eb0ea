"""Reader of TensorFlow.js graph models: a JSON file with nodes, and the values of its constants in .bin files."""

import base64
import binascii
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from orpose_models.vocabulary.errors import OrposeError

_STORED = {"float32": "<f4", "float16": "<f2", "int32": "<i4", "uint8": "u1", "uint16": "<u2", "bool": "u1"}
_VALUES = {"float32": np.float32, "int32": np.int32, "bool": np.bool_}


@dataclass(frozen=True)
class Node:
    """One operation. `inputs` name nodes; "name:1" is the second output of one; control inputs are left out."""

    name: str
    op: str
    inputs: tuple[str, ...]
    attributes: Mapping[str, Any]

    def number(self, key: str, default: int = 0) -> int:
        """An integer attribute."""
        return int(self.attributes.get(key, {}).get("i", default))

    def flag(self, key: str) -> bool:
        """A boolean attribute; False where absent."""
        return bool(self.attributes.get(key, {}).get("b", False))

    def numbers(self, key: str) -> list[int]:
        """A list of integers; empty where absent."""
        return [int(value) for value in self.attributes.get(key, {}).get("list", {}).get("i", [])]

    def text(self, key: str) -> str:
        """A text attribute; "" where absent."""
        return _text(self.attributes.get(key, {}).get("s", ""))

    def texts(self, key: str) -> list[str]:
        """A list of texts; empty where absent."""
        return [_text(value) for value in self.attributes.get(key, {}).get("list", {}).get("s", [])]


@dataclass(frozen=True)
class Graph:
    """A graph model.

    Attributes:
        nodes: the operations by name, inputs before the nodes that use them.
        weights: the values of the constants by node name, float32, int32 or bool; convolution kernels are
            (height, width, in, out), those of depthwise convolutions (height, width, channels, multiplier).
        sha256: of the JSON file and the weights together.
    """

    nodes: Mapping[str, Node]
    weights: Mapping[str, NDArray]
    sha256: str


def parse_graph(topology: bytes, shards: Sequence[bytes], source: str) -> Graph:
    """Build the graph from the content of its JSON file and of its .bin files, in the JSON's order.

    Raises:
        OrposeError: not a graph model, or the weights do not fit; `source` names it in the message.
    """
    model = _load(topology, source)
    try:
        entries = [entry for group in model["weightsManifest"] for entry in group["weights"]]
        weights = _read_weights(entries, b"".join(shards), source)
        nodes = [_node(raw) for raw in model["modelTopology"]["node"]]
    except (KeyError, TypeError, ValueError, AttributeError, binascii.Error) as error:
        raise OrposeError(f"{source}: not a complete TensorFlow.js graph model ({error!r})") from None
    for node in nodes:
        if node.op == "Const" and node.name not in weights:
            raise OrposeError(f"{source}: the weights of node {node.name} are missing")
    digest = sha256(topology)
    for shard in shards:
        digest.update(shard)
    return Graph(_in_order(nodes, source), weights, digest.hexdigest())


def _load(topology: bytes, source: str) -> dict[str, Any]:
    try:
        model = json.loads(topology)
    except ValueError:
        raise OrposeError(f"{source}: not a JSON file") from None
    if not isinstance(model, dict) or "modelTopology" not in model or "weightsManifest" not in model:
        raise OrposeError(f"{source}: not a TensorFlow.js graph model (no modelTopology or weightsManifest)")
    return model


def _read_weights(entries: Sequence[Mapping[str, Any]], content: bytes, source: str) -> dict[str, NDArray]:
    """Values of the constants; quantised ones become stored value x scale + min, half precision float32."""
    weights: dict[str, NDArray] = {}
    offset = 0
    for entry in entries:
        name, shape, dtype = entry["name"], tuple(int(size) for size in entry["shape"]), entry["dtype"]
        quantization = entry.get("quantization")
        stored = quantization["dtype"] if quantization else dtype
        if stored not in _STORED or dtype not in _VALUES or min(shape, default=0) < 0:
            raise OrposeError(f"{source}: weight {name} has shape {shape} and type {stored}, which cannot be read")
        count, item = prod(shape), np.dtype(_STORED[stored])
        end = offset + count * item.itemsize
        if end > len(content):
            raise OrposeError(f"{source}: the weight file ends within {name}: {len(content)} bytes are too few")
        values = np.frombuffer(content, item, count, offset)
        if quantization and "scale" in quantization:
            values = values.astype(np.float32) * quantization["scale"] + quantization["min"]
        weights[name] = values.astype(_VALUES[dtype]).reshape(shape)
        if dtype == "float32" and not np.isfinite(weights[name]).all():
            raise OrposeError(f"{source}: weight {name} holds values that are not finite numbers")
        offset = end
    if offset != len(content):
        raise OrposeError(f"{source}: the weight file has {len(content)} bytes, the model describes {offset}")
    return weights


def _node(raw: Mapping[str, Any]) -> Node:
    inputs = tuple(name.removesuffix(":0") for name in raw.get("input", []) if not name.startswith("^"))
    return Node(raw["name"], raw["op"], inputs, raw.get("attr", {}))


def _in_order(nodes: Sequence[Node], source: str) -> dict[str, Node]:
    """The nodes by name, each after its inputs."""
    by_name = {node.name: node for node in nodes}
    ordered: dict[str, Node] = {}
    open_nodes: set[str] = set()
    stack = [node.name for node in reversed(nodes)]
    while stack:
        name = stack[-1]
        if name in ordered:
            stack.pop()
            continue
        if name not in by_name:
            raise OrposeError(f"{source}: node {name} is used but not defined")
        missing = [first for value in by_name[name].inputs if (first := value.split(":")[0]) not in ordered]
        if not missing:
            ordered[stack.pop()] = by_name[name]
        elif name in open_nodes:
            raise OrposeError(f"{source}: the graph runs in a circle at node {name}")
        else:
            open_nodes.add(name)
            stack.extend(missing)
    return ordered


def _text(value: str) -> str:
    return base64.b64decode(value, validate=True).decode()
