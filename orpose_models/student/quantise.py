"""The light student in 8-bit integers (static quantisation), for processors with instructions for that (VNNI)."""

import logging
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import onnx
from numpy.typing import NDArray
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static

_BODY = ("student.body.blocks.", "student.body.top.", "student.small.body.blocks.")
Inputs = Sequence[NDArray[np.float32]]


class _Examples(CalibrationDataReader):
    def __init__(self, names: Sequence[str], examples: Sequence[Inputs]) -> None:
        self._examples: Iterator[Inputs] = iter(examples)
        self._names = names

    def get_next(self) -> Mapping[str, NDArray[np.float32]] | None:
        """The next example, by names of inputs; None after the last."""
        example = next(self._examples, None)
        return None if example is None else dict(zip(self._names, example, strict=True))


def quantise(model: onnx.ModelProto, examples: Sequence[Inputs]) -> onnx.ModelProto:
    """The network with its body in 8 bit, but for the first convolution, the pyramid and the heads.

    Args:
        model: with its weights within.
        examples: inputs, from which the ranges of activations are taken.
    """
    names = [value.name for value in model.graph.input]
    level = logging.getLogger().level
    logging.getLogger().setLevel(logging.ERROR)
    try:
        with TemporaryDirectory(prefix="orpose-quantise-") as folder:
            path = Path(folder) / "part.onnx"
            quantize_static(
                model,
                path,
                _Examples(names, examples),
                quant_format=QuantFormat.QDQ,
                per_channel=True,
                # 7 bits of weights: with 8, sums of products overflow on processors without VNNI, and people are lost.
                reduce_range=True,
                activation_type=QuantType.QUInt8,
                weight_type=QuantType.QInt8,
                nodes_to_quantize=_body(model.graph),
            )
            return onnx.load(path)
    finally:
        logging.getLogger().setLevel(level)


def _body(graph: onnx.GraphProto) -> list[str]:
    """Names of the convolutions of the body's blocks, and of the limits and sums that only these feed."""
    chosen: list[str] = []
    reached: set[str] = set()
    for node in graph.node:
        own = node.op_type == "Conv" and node.input[1].startswith(_BODY)
        if own or (node.op_type in ("Clip", "Add") and set(node.input[:2]) - _constants(graph) <= reached):
            chosen.append(node.name)
            reached |= set(node.output)
    assert chosen, "an empty list would mean all"
    return chosen


def _constants(graph: onnx.GraphProto) -> set[str]:
    return {tensor.name for tensor in graph.initializer} | {""}
