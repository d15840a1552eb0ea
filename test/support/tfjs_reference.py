"""A TensorFlow.js graph computed node by node with torch: slow and plain, to hold the converted graph against."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from torch.nn import functional

from orpose_models.teacher.tfjs import Graph, Node

Value = Any


def compute(graph: Graph, inputs: dict[str, torch.Tensor], outputs: Sequence[str]) -> list[torch.Tensor]:
    """Values of the `outputs` nodes; tensors are NHWC, as in TensorFlow."""
    values: dict[str, Value] = {}

    def get(name: str) -> torch.Tensor:
        first, _, index = name.partition(":")
        value = values[first]
        return value[int(index or 0)] if isinstance(value, list | tuple) else value

    with torch.no_grad():
        for name, node in graph.nodes.items():
            if node.op == "Const":
                values[name] = torch.from_numpy(np.array(graph.weights[name]))
            elif node.op == "Placeholder":
                values[name] = inputs[name]
            else:
                values[name] = _OPERATIONS[node.op](node, *[get(value) for value in node.inputs])
    return [get(name) for name in outputs]


def _padded(x: torch.Tensor, kernel: Sequence[int], stride: int, padding: str) -> torch.Tensor:
    if padding == "VALID":
        return x
    height, width = ((-(-side // stride) - 1) * stride + k - side for side, k in zip(x.shape[2:], kernel, strict=True))
    height, width = max(height, 0), max(width, 0)
    return functional.pad(x, (width // 2, width - width // 2, height // 2, height - height // 2))


def _convolve(node: Node, x: torch.Tensor, kernel: torch.Tensor, *bias: torch.Tensor) -> torch.Tensor:
    stride = node.numbers("strides")[1]
    x = _padded(x.permute(0, 3, 1, 2), kernel.shape[:2], stride, node.text("padding"))
    if "Depthwise" in node.op:
        weight, groups = kernel.permute(2, 3, 0, 1).flatten(0, 1)[:, None], kernel.shape[2]
    else:
        weight, groups = kernel.permute(3, 2, 0, 1), 1
    x = functional.conv2d(x, weight, *bias, stride=stride, groups=groups).permute(0, 2, 3, 1)
    activations = node.texts("fused_ops")[1:]
    return {"Relu": functional.relu, "Relu6": functional.relu6}[activations[0]](x) if activations else x


def _resize(node: Node, x: torch.Tensor, size: torch.Tensor) -> torch.Tensor:
    """Bilinear, by gathering the four neighbours; half-pixel centres or not."""
    for axis, target in zip((1, 2), size.tolist(), strict=True):
        length = x.shape[axis]
        place = torch.arange(target, dtype=torch.float32)
        scale = length / target
        place = (place + 0.5) * scale - 0.5 if node.flag("half_pixel_centers") else place * scale
        place = place.clamp(0, length - 1)
        low = place.floor().long()
        high = (low + 1).clamp(max=length - 1)
        share = (place - low).reshape([-1 if i == axis else 1 for i in range(4)])
        x = x.index_select(axis, low) * (1 - share) + x.index_select(axis, high) * share
    return x


def _strided_slice(node: Node, x: torch.Tensor, begin: torch.Tensor, end: torch.Tensor, step: torch.Tensor) -> Value:
    parts = []
    for i, (first, last, by) in enumerate(zip(begin.tolist(), end.tolist(), step.tolist(), strict=True)):
        if node.number("new_axis_mask") >> i & 1:
            parts.append(None)
            continue
        first = None if node.number("begin_mask") >> i & 1 else first
        last = None if node.number("end_mask") >> i & 1 else last
        parts.append(first if node.number("shrink_axis_mask") >> i & 1 else slice(first, last, by))
    return x[tuple(parts)]


def _cast(node: Node, x: torch.Tensor) -> torch.Tensor:
    kinds = {"DT_FLOAT": torch.float32, "DT_INT32": torch.int32, "DT_BOOL": torch.bool}
    return x.to(kinds[node.attributes["DstT"]["type"]])


def _maximum(node: Node, x: torch.Tensor, axes: torch.Tensor) -> torch.Tensor:
    return x.amax(axes.reshape(-1).tolist(), keepdim=node.flag("keep_dims"))


def _sum(node: Node, x: torch.Tensor, axes: torch.Tensor) -> torch.Tensor:
    return x.sum(axes.reshape(-1).tolist(), keepdim=node.flag("keep_dims"))


def _range(node: Node, start: torch.Tensor, end: torch.Tensor, step: torch.Tensor) -> torch.Tensor:
    return torch.arange(start.item(), end.item(), step.item(), dtype=start.dtype)


def _split(node: Node, axis: torch.Tensor, x: torch.Tensor) -> Value:
    return torch.chunk(x, node.number("num_split"), int(axis))


def _max_pool(node: Node, x: torch.Tensor) -> torch.Tensor:
    side = node.numbers("ksize")[1]
    return functional.max_pool2d(x.permute(0, 3, 1, 2), side, 1, side // 2).permute(0, 2, 3, 1)


def _squeeze(node: Node, x: torch.Tensor) -> torch.Tensor:
    return x.squeeze(tuple(node.numbers("squeeze_dims")))


def _gather(node: Node, x: torch.Tensor, index: torch.Tensor, axis: torch.Tensor) -> torch.Tensor:
    assert int(axis) == 0
    return x[index.long()]


_OPERATIONS: dict[str, Callable[..., Value]] = {
    "_FusedConv2D": _convolve,
    "Conv2D": _convolve,
    "DepthwiseConv2dNative": _convolve,
    "FusedDepthwiseConv2dNative": _convolve,
    "ResizeBilinear": _resize,
    "StridedSlice": _strided_slice,
    "Cast": _cast,
    "MaxPool": _max_pool,
    "Squeeze": _squeeze,
    "GatherV2": _gather,
    "Add": lambda node, a, b: a + b,
    "AddV2": lambda node, a, b: a + b,
    "Sub": lambda node, a, b: a - b,
    "Mul": lambda node, a, b: a * b,
    "RealDiv": lambda node, a, b: a / b,
    "FloorDiv": lambda node, a, b: torch.div(a, b, rounding_mode="floor").to(a.dtype),
    "FloorMod": lambda node, a, b: torch.remainder(a, b),
    "Shape": lambda node, x: torch.tensor(x.shape, dtype=torch.int32),
    "Size": lambda node, x: torch.tensor(x.numel(), dtype=torch.int32),
    "Range": _range,
    "Fill": lambda node, shape, value: torch.full(shape.tolist(), value.item()),
    "Tile": lambda node, x, times: x.repeat(times.tolist()),
    "Split": _split,
    "Select": lambda node, which, a, b: torch.where(which, a, b),
    "Max": _maximum,
    "Sum": _sum,
    "AddN": lambda node, *x: sum(x[1:], x[0]),
    "Minimum": lambda node, a, b: torch.minimum(a, b),
    "Maximum": lambda node, a, b: torch.maximum(a, b),
    "Less": lambda node, a, b: a < b,
    "Greater": lambda node, a, b: a > b,
    "GreaterEqual": lambda node, a, b: a >= b,
    "LogicalAnd": lambda node, a, b: a & b,
    "Abs": lambda node, x: x.abs(),
    "Exp": lambda node, x: x.exp(),
    "Reciprocal": lambda node, x: 1 / x,
    "SquaredDifference": lambda node, a, b: (a - b) ** 2,
    "Equal": lambda node, a, b: a == b,
    "Relu": lambda node, x: functional.relu(x),
    "Relu6": lambda node, x: functional.relu6(x),
    "Sigmoid": lambda node, x: x.sigmoid(),
    "Sqrt": lambda node, x: x.sqrt(),
    "Identity": lambda node, x: x,
    "Mean": lambda node, x, axes: x.mean(axes.reshape(-1).tolist(), keepdim=node.flag("keep_dims")),
    "ConcatV2": lambda node, *x: torch.cat(x[:-1], int(x[-1])),
    "Reshape": lambda node, x, shape: x.reshape(shape.tolist()),
    "ExpandDims": lambda node, x, axis: x.unsqueeze(int(axis)),
    "Pack": lambda node, *x: torch.stack(x, node.number("axis")),
    "Unpack": lambda node, x: torch.unbind(x, node.number("axis")),
    "ArgMax": lambda node, x, axis: x.argmax(int(axis)).to(torch.int32),
    "GatherNd": lambda node, x, index: x[tuple(index.long().unbind(-1))],
    "TopKV2": lambda node, x, k: list(x.topk(int(k))),
}
