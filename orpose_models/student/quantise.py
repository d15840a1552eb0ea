"""Parts of a student in 8-bit integers (static quantisation), for processors with instructions for that (VNNI)."""

import logging
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import onnx
from numpy.typing import NDArray
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static

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
    """A part with its widest layers in 8 bit: the 3 x 3 convolutions after the backbone's body.

    The body itself is left as it is: in 8 bit its answers were off by a fifth.

    Args:
        model: with its weights within.
        examples: inputs, from which the ranges of activations are taken.
    """
    shapes = {tensor.name: tuple(tensor.dims) for tensor in model.graph.initializer}
    nodes = [
        node.name
        for node in model.graph.node
        if node.op_type == "Conv"
        and not node.input[1].startswith("student.backbone.body.")
        and shapes.get(node.input[1], ())[2:] == (3, 3)
    ]
    assert nodes, "an empty list would mean all"
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
                activation_type=QuantType.QUInt8,
                weight_type=QuantType.QInt8,
                nodes_to_quantize=nodes,
            )
            return onnx.load(path)
    finally:
        logging.getLogger().setLevel(level)
