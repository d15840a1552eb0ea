"""From a TensorFlow.js graph to ONNX: the convolutional part, for any number and size of images.

TensorFlow keeps channels last (NHWC), ONNX first (NCHW): here every four-dimensional tensor is NCHW,
and constants and axes are turned accordingly.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from orpose_models.model_format.engines import DEFAULT_ENGINE, ENGINES
from orpose_models.runtime.batched_calls import Together, in_portions
from orpose_models.runtime.engine_cache import Say
from orpose_models.runtime.engine_loading import load_graph, processors
from orpose_models.runtime.graph import Graph, Job
from orpose_models.teacher.tfjs import Graph as Original
from orpose_models.teacher.tfjs import Node
from orpose_models.vocabulary.errors import OrposeError

_OPSET = 17
# Images of one call on a device: at most, and where the engine is built for their number.
_MOST, _PORTION = 64, 8
_NHWC_TO_NCHW_AXIS = {0: 0, 1: 2, 2: 3, 3: 1, -1: 1}
_ELEMENTWISE = {"Add": "Add", "AddV2": "Add", "Sub": "Sub", "Mul": "Mul"}
_UNARY = {"Relu": "Relu", "Sigmoid": "Sigmoid", "Identity": "Identity"}
_CONVOLUTIONS = ("Conv2D", "_FusedConv2D")
_DEPTHWISE = ("DepthwiseConv2dNative", "FusedDepthwiseConv2dNative")


def to_onnx(
    graph: Original, input_node: str, outputs: Mapping[str, str], channels: int, nominal: tuple[int, int]
) -> onnx.ModelProto:
    """Convert the part of `graph` between one node and some others.

    Args:
        graph: the graph.
        input_node: node whose value the caller gives, as "images": (n, channels, height, width) float32.
        outputs: node by name of the output; each is (n, c, h, w) float32.
        channels: number of channels of the input.
        nominal: height, width of the images that the graph was made for. Others work too: the factors by
            which the graph enlarges its feature maps are kept. Both sides should be multiples of its coarsest stride.

    Raises:
        OrposeError: the part contains something that this converter does not know.
    """
    converter = _Converter(graph)
    converter.declare_input(input_node, nominal)
    for node in _needed(graph, input_node, outputs.values()):
        converter.convert(node)
    for name, node_name in outputs.items():
        converter.add("Identity", [converter.value(node_name)], name)
    model = helper.make_model(
        helper.make_graph(
            converter.operations,
            "graph",
            [helper.make_tensor_value_info("images", TensorProto.FLOAT, ["n", channels, "height", "width"])],
            [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", None, None, None]) for name in outputs],
            converter.initializers,
        ),
        opset_imports=[helper.make_opsetid("", _OPSET)],
        ir_version=8,
    )
    onnx.checker.check_model(model)
    return model


@dataclass(frozen=True)
class Place:
    """Where networks are computed.

    Attributes:
        engine: one of `model_format.engines.GRAPH_ENGINES`.
        threads: how many threads a call may use; None for one per core.
        say: told what takes long.
    """

    engine: str = DEFAULT_ENGINE
    threads: int | None = None
    say: Say = lambda text: None


def start_network(model: onnx.ModelProto, identity: str, place: Place) -> Graph:
    """Load a model of one input, (n, c, h, w). It may be called by several threads at a time.

    Raises:
        OrposeError: the engine is not there, or cannot run it.
    """
    engine, cores = ENGINES[place.engine], processors()
    threads = place.threads or cores
    content = model.SerializeToString()
    kept_as = f"{identity} {sha256(content).hexdigest()}" if engine.cached else ""
    job = Job(content, kept_as, threads, max(1, cores // threads))
    graph = load_graph(place.engine, job, place.say)
    if engine.on_processor:
        return graph
    # On a device one call for what several threads ask is faster than one after the other.
    return Together(in_portions(graph, _PORTION) if engine.fixed_shapes else graph, _MOST)


def _needed(graph: Original, input_node: str, outputs: Iterable[str]) -> list[Node]:
    """The nodes between the input and the outputs, in order."""
    needed: set[str] = set()
    open_names = list(outputs)
    while open_names:
        name = open_names.pop()
        if name in needed or name == input_node:
            continue
        if name not in graph.nodes:
            raise OrposeError(f"the graph has no node {name}")
        needed.add(name)
        node = graph.nodes[name]
        # How much an enlargement enlarges is known beforehand, however the graph computes it.
        open_names.extend(node.inputs[:1] if node.op == "ResizeBilinear" else node.inputs)
    return [node for name, node in graph.nodes.items() if name in needed]


@dataclass
class _Converter:
    graph: Original
    operations: list[onnx.NodeProto] = field(default_factory=list)
    initializers: list[onnx.TensorProto] = field(default_factory=list)
    names: dict[str, str] = field(default_factory=dict)
    sizes: dict[str, tuple[int, int]] = field(default_factory=dict)  # height, width at the nominal input size

    def declare_input(self, node_name: str, size: tuple[int, int]) -> None:
        self.names[node_name], self.sizes[node_name] = "images", size

    def add(self, op: str, inputs: Sequence[str], output: str, **attributes: Any) -> str:
        self.operations.append(helper.make_node(op, list(inputs), [output], **attributes))
        return output

    def constant(self, name: str, values: NDArray) -> str:
        self.initializers.append(numpy_helper.from_array(np.ascontiguousarray(values), name))
        return name

    def value(self, node_name: str) -> str:
        """ONNX name of a node's value; a constant becomes an initialiser in NCHW."""
        if node_name not in self.names:
            values = self.graph.weights[node_name]
            if values.ndim == 4:
                values = values.transpose(0, 3, 1, 2)
            elif values.ndim == 1:
                values = values.reshape(1, -1, 1, 1)
            elif values.ndim != 0:
                raise OrposeError(f"node {node_name}: a constant of shape {values.shape} cannot be converted")
            self.names[node_name] = self.constant(node_name, values.astype(np.float32))
        return self.names[node_name]

    def convert(self, node: Node) -> None:
        """Add the ONNX operations of one node."""
        if node.op == "Const":
            return
        size = next((self.sizes[name] for name in node.inputs if name in self.sizes), None)
        if size is None:
            raise OrposeError(f"node {node.name}: does not depend on the input, which cannot be converted")
        out = node.name
        if node.op in _CONVOLUTIONS + _DEPTHWISE:
            size = self._convolution(node, size)
        elif node.op in _ELEMENTWISE:
            self.add(_ELEMENTWISE[node.op], [self.value(name) for name in node.inputs], out)
            size = max(self.sizes[name] for name in node.inputs if name in self.sizes)
        elif node.op in _UNARY:
            self.add(_UNARY[node.op], [self.value(node.inputs[0])], out)
        elif node.op == "Relu6":
            self._relu6(self.value(node.inputs[0]), out)
        elif node.op == "Mean":
            axes = [_NHWC_TO_NCHW_AXIS[int(axis)] for axis in self.graph.weights[node.inputs[1]].ravel()]
            if sorted(axes) != [2, 3] or not node.flag("keep_dims"):
                raise OrposeError(f"node {node.name}: only the mean over height and width can be converted")
            self.add("GlobalAveragePool", [self.value(node.inputs[0])], out)
            size = (1, 1)
        elif node.op == "ConcatV2":
            axis = _NHWC_TO_NCHW_AXIS[int(self.graph.weights[node.inputs[-1]])]
            self.add("Concat", [self.value(name) for name in node.inputs[:-1]], out, axis=axis)
        elif node.op == "ResizeBilinear":
            size = self._resize(node, size)
        else:
            raise OrposeError(f"node {node.name}: operation {node.op} cannot be converted")
        self.names[node.name], self.sizes[node.name] = out, size

    def _convolution(self, node: Node, size: tuple[int, int]) -> tuple[int, int]:
        kernel = self.graph.weights[node.inputs[1]]
        groups = 1
        if node.op in _DEPTHWISE:
            # (h, w, channels, multiplier): output channel c x multiplier + m reads input channel c only.
            groups = kernel.shape[2]
            kernel = kernel.transpose(2, 3, 0, 1).reshape(-1, 1, *kernel.shape[:2])
        else:
            kernel = kernel.transpose(3, 2, 0, 1)
        strides, padding = node.numbers("strides")[1:3], node.text("padding")
        dilations = node.numbers("dilations")[1:3] or [1, 1]
        if padding not in ("SAME", "VALID"):
            raise OrposeError(f"node {node.name}: padding {padding!r} cannot be converted")
        inputs = [self.value(node.inputs[0]), self.constant(f"{node.name}/kernel", kernel)]
        fused = node.texts("fused_ops")
        activation = next((op for op in fused if op != "BiasAdd"), None)
        if fused and fused not in (["BiasAdd"], ["BiasAdd", "Relu"], ["BiasAdd", "Relu6"]):
            raise OrposeError(f"node {node.name}: the fused operations {fused} cannot be converted")
        if fused:
            inputs.append(self.constant(f"{node.name}/bias", self.graph.weights[node.inputs[2]].ravel()))
        out = f"{node.name}/linear" if activation else node.name
        self.add(
            "Conv",
            inputs,
            out,
            group=groups,
            kernel_shape=list(kernel.shape[2:]),
            strides=strides,
            dilations=dilations,
            auto_pad="SAME_UPPER" if padding == "SAME" else "VALID",
        )
        if activation == "Relu":
            self.add("Relu", [out], node.name)
        elif activation == "Relu6":
            self._relu6(out, node.name)
        if padding == "SAME":
            return -(-size[0] // strides[0]), -(-size[1] // strides[1])
        reach = [dilation * (side - 1) for dilation, side in zip(dilations, kernel.shape[2:], strict=True)]
        return (size[0] - reach[0] - 1) // strides[0] + 1, (size[1] - reach[1] - 1) // strides[1] + 1

    def _relu6(self, value: str, out: str) -> None:
        for limit, name in ((0.0, "limit/low"), (6.0, "limit/high")):
            if all(tensor.name != name for tensor in self.initializers):
                self.constant(name, np.asarray(limit, np.float32))
        self.add("Clip", [value, "limit/low", "limit/high"], out)

    def _resize(self, node: Node, size: tuple[int, int]) -> tuple[int, int]:
        if node.flag("align_corners"):
            raise OrposeError(f"node {node.name}: resizing with aligned corners cannot be converted")
        height, width = self._enlarged(node, size)
        scales = np.array([1, 1, height / size[0], width / size[1]], np.float32)
        self.add(
            "Resize",
            [self.value(node.inputs[0]), "", self.constant(f"{node.name}/scales", scales)],
            node.name,
            mode="linear",
            coordinate_transformation_mode="half_pixel" if node.flag("half_pixel_centers") else "asymmetric",
        )
        return height, width

    def _enlarged(self, node: Node, size: tuple[int, int]) -> tuple[int, int]:
        """The size that a resize gives: a constant, or the height and width of its input times a constant."""
        weights, nodes = self.graph.weights, self.graph.nodes
        if node.inputs[1] in weights:
            height, width = (int(side) for side in weights[node.inputs[1]].ravel())
            return height, width
        source, product = node.inputs[0], nodes[node.inputs[1]]
        factors = [weights[name].ravel() for name in product.inputs if name in weights]
        sides = [nodes[name] for name in product.inputs if name not in weights]
        if product.op == "Mul" and len(factors) == len(sides) == 1 and _is_size_of(self.graph, sides[0], source):
            return size[0] * int(factors[0][0]), size[1] * int(factors[0][-1])
        raise OrposeError(f"node {node.name}: resizing to {product.name} cannot be converted")


def _is_size_of(graph: Original, node: Node, image: str) -> bool:
    """Whether a node is the height and width of the NHWC value `image`."""
    if node.op != "StridedSlice":
        return False
    shape = graph.nodes[node.inputs[0]]
    return (shape.op, shape.inputs) == ("Shape", (image,)) and [
        graph.weights[name].tolist() for name in node.inputs[1:]
    ] == [[1], [3], [1]]
