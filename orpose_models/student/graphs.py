"""The parts of a student as ONNX graphs, which take their weights from the student's own safetensors file.

A safetensors file holds little-endian numbers at known places after its header; ONNX can point at such places. Weights
stored in half precision are cast to single precision by the graph's first nodes, which engines compute once, at load.
"""

import json
import logging
import struct
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor, nn

from orpose_models.lifting.features import FORMS, LENGTHS
from orpose_models.model_format.manifest import Normalisation
from orpose_models.model_format.student_config import MULTIPLE
from orpose_models.student.backbone import PIXEL_MEAN
from orpose_models.student.heads import BOX_CELLS, KEYPOINT_CELLS, PERSON
from orpose_models.student.heatmaps import decode_keypoints
from orpose_models.student.movenet_backbone import PIXEL_SCALE, MoveNetFPN
from orpose_models.student.network import Student
from orpose_models.vocabulary.skeletons import COCO17

OPSET = 18
# Constants of more elements than this must be weights of the file.
_MAX_CONSTANT = 100_000
_EXAMPLE_CELLS = 4


class _Part(nn.Module):
    def __init__(self, student: Student) -> None:
        super().__init__()
        self.student = student


class _Backbone(_Part):
    """A normalised image (1, 3, h, w), h and w multiples of 32, to feature maps and what all anchors say.

    Maps (c, h_l, w_l) are those that regions are pooled from; `logits` (a,) and `deltas` (a, 4) are of all levels, one
    after another, in the order of `student.boxes.grid_anchors`.
    """

    def forward(self, image: Tensor) -> tuple[Tensor, ...]:
        maps = self.student.backbone(image)
        logits, deltas = self.student.proposals.head(maps)
        return (
            *(values[0] for values in maps[:-1]),
            torch.cat([values.permute(0, 2, 3, 1).flatten() for values in logits]),
            torch.cat([values.permute(0, 2, 3, 1).reshape(-1, 4) for values in deltas]),
        )


class _Boxes(_Part):
    """Pooled features (r, 7, 7, c) to the persons' scores (r,) and deltas (r, 4)."""

    def forward(self, pooled: Tensor) -> tuple[Tensor, Tensor]:
        logits, deltas = self.student.box_head(pooled.permute(0, 3, 1, 2))
        return logits.softmax(dim=1)[:, PERSON], deltas


class _Keypoints(_Part):
    """Pooled features (n, 14, 14, c) and boxes (n, 4) to keypoints (n, 17, 2) and scores (n, 17).

    First those of the branches' mean, then those of each branch.
    """

    def forward(self, pooled: Tensor, boxes: Tensor) -> tuple[Tensor, ...]:
        config = self.student.config
        maps = list(self.student.keypoint_head(pooled.permute(0, 3, 1, 2)).values())
        sets = [maps[0] if len(maps) == 1 else (maps[0] + maps[1]) / 2, *maps]
        keypoints, scores = decode_keypoints(torch.cat(sets), boxes.repeat(len(sets), 1), config.decoding)
        n = len(sets)
        pairs = zip(keypoints.unflatten(0, (n, -1)), scores.unflatten(0, (n, -1)), strict=True)
        return tuple(tensor for pair in pairs for tensor in pair)


class _Lifters(_Part):
    """Features (n, LENGTHS[form]) of each form and branch to joints 1..16 (n, 16, 3) in the features' level axes.

    Engines disagree on NaN, so the coordinates of missing joints, which the flags among the features tell, are 0.
    """

    def forward(self, *values: Tensor) -> tuple[Tensor, ...]:
        lifters: Sequence[Any] = list(self.student.lifters.values())
        pairs = [(lifter, form) for form in FORMS for lifter in lifters]
        return tuple(
            lifter.answer(form, _with_means(features, getattr(lifter, f"{form}_input_mean")))
            for (lifter, form), features in zip(pairs, values, strict=True)
        )


def _with_means(features: Tensor, mean: Tensor) -> Tensor:
    joints = len(COCO17)
    flags = torch.tensor([2 * joints + i // 2 for i in range(2 * joints)])
    missing = features[:, flags] == 0
    coordinates = torch.where(missing, mean[: 2 * joints], features[:, : 2 * joints])
    return torch.cat([coordinates, features[:, 2 * joints :]], dim=1)


def normalisation_of(student: Student) -> Normalisation:
    """How the student's backbone normalises pixels, as numbers."""
    if isinstance(student.backbone, MoveNetFPN):
        return Normalisation(channels="rgb", scale=(PIXEL_SCALE,) * 3, shift=(-1.0,) * 3)
    b, g, r = PIXEL_MEAN
    return Normalisation(channels="bgr", scale=(1.0,) * 3, shift=(-b, -g, -r))


def build_graphs(student: Student) -> dict[str, onnx.ModelProto]:
    """The four parts as ONNX models, by name, each with its weights within.

    Args:
        student: in evaluation mode.
    """
    config = student.config
    channels, levels = config.fpn_channels, len(config.strides) - 1
    dim = torch.export.Dim
    regions, persons = dim("regions", min=1, max=config.proposals_after_nms[1]), dim("persons", min=1, max=4096)
    side = {name: MULTIPLE * dim(name, min=1, max=128) for name in ("rows", "columns")}
    branches = config.branches
    names = ["keypoints", "scores", *(f"{what}_{b}" for b in branches for what in ("keypoints", "scores"))]
    lifts = [f"{form}_{branch}" for form in FORMS for branch in branches]
    parts: dict[str, tuple[nn.Module, tuple[Tensor, ...], Any, list[str], list[str]]] = {
        "backbone": (
            _Backbone(student),
            (torch.zeros(1, 3, _EXAMPLE_CELLS * MULTIPLE, (_EXAMPLE_CELLS + 1) * MULTIPLE),),
            ({2: side["rows"], 3: side["columns"]},),
            ["image"],
            [*(f"map{i}" for i in range(levels)), "logits", "deltas"],
        ),
        "boxes": (
            _Boxes(student),
            (torch.zeros(3, BOX_CELLS, BOX_CELLS, channels),),
            ({0: regions},),
            ["pooled"],
            ["scores", "deltas"],
        ),
        "keypoints": (
            _Keypoints(student),
            (torch.zeros(3, KEYPOINT_CELLS, KEYPOINT_CELLS, channels), torch.zeros(3, 4)),
            ({0: persons}, {0: persons}),
            ["pooled", "boxes"],
            names,
        ),
        "lifters": (
            _Lifters(student),
            tuple(torch.zeros(3, LENGTHS[form]) for form in FORMS for _ in branches),
            (tuple({0: dim(f"n_{name}", min=0, max=4096)} for name in lifts),),
            [f"features_{name}" for name in lifts],
            [f"joints_{name}" for name in lifts],
        ),
    }
    return {name: _export(*part) for name, part in parts.items()}


def _export(
    part: nn.Module, example: tuple[Tensor, ...], shapes: Any, inputs: list[str], outputs: list[str]
) -> onnx.ModelProto:
    loggers = [logging.getLogger(name) for name in ("torch.onnx", "onnxscript", "onnx_ir")]
    levels = [logger.level for logger in loggers]
    try:
        for logger in loggers:
            logger.setLevel(logging.ERROR)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            program = torch.onnx.export(
                part.eval(),
                example,
                input_names=inputs,
                output_names=outputs,
                opset_version=OPSET,
                dynamo=True,
                dynamic_shapes=shapes,
                verbose=False,
                # The exporter's optimiser would join batch norms with weights, which the file then has not.
                optimize=not isinstance(part, _Lifters),
            )
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
    assert program is not None
    model = program.model_proto
    _anonymise(model)
    return model


def _places(weights: Path) -> dict[str, tuple[str, list[int], int, int]]:
    """Type, shape, first byte and number of bytes of each tensor of a safetensors file."""
    with open(weights, "rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        header: Mapping[str, Any] = json.loads(file.read(length))
    return {
        name: (entry["dtype"], entry["shape"], 8 + length + begin, end - begin)
        for name, entry in header.items()
        if name != "__metadata__"
        for begin, end in [entry["data_offsets"]]
    }


_TYPES = {"F16": (TensorProto.FLOAT16, np.float16), "F32": (TensorProto.FLOAT, np.float32)}


def write_graph(path: Path, model: onnx.ModelProto, weights: Path) -> None:
    """Write a model whose weights are replaced by their places in a safetensors file in the same folder.

    Integers stay within the model.

    Raises:
        AssertionError: a weight is not in the file, or has another value there.
    """
    places, content = _places(weights), weights.read_bytes()
    pointing = onnx.ModelProto()
    pointing.CopyFrom(model)
    graph = pointing.graph
    kept, casts = [], []
    for tensor in graph.initializer:
        name = tensor.name.removeprefix("student.")
        if name not in places or places[name][0] not in _TYPES or not len(tensor.dims):
            kept.append(tensor)
            continue
        dtype, shape, offset, length = places[name]
        kind, numpy_type = _TYPES[dtype]
        stored = np.frombuffer(content, numpy_type, length // np.dtype(numpy_type).itemsize, offset).reshape(shape)
        if not _equal(numpy_helper.to_array(tensor), stored):
            kept.append(tensor)
            continue
        half = kind == TensorProto.FLOAT16
        pointer = TensorProto(name=f"{tensor.name}.half" if half else tensor.name, dims=shape, data_type=kind)
        pointer.data_location = TensorProto.EXTERNAL
        for key, value in (("location", weights.name), ("offset", offset), ("length", length)):
            pointer.external_data.add(key=key, value=str(value))
        kept.append(pointer)
        if half:
            casts.append(helper.make_node("Cast", [pointer.name], [tensor.name], to=TensorProto.FLOAT))
    large = [
        tensor.name
        for tensor in kept
        if tensor.data_location != TensorProto.EXTERNAL
        and tensor.data_type == TensorProto.FLOAT
        and np.prod(tensor.dims) > _MAX_CONSTANT
    ]
    if large:
        raise AssertionError(f"weights that are not in the file: {large}")
    nodes = [*casts, *graph.node]
    del graph.initializer[:], graph.node[:], graph.value_info[:]
    graph.initializer.extend(kept)
    graph.node.extend(nodes)
    path.write_bytes(pointing.SerializeToString())


def _equal(a: NDArray, b: NDArray) -> bool:
    return a.shape == b.shape and bool(np.array_equal(a, b.astype(a.dtype)))


def _anonymise(model: onnx.ModelProto) -> None:
    """Drop the traces of the source code, which name folders of this machine."""
    graph = model.graph
    for item in (model, graph, *graph.node, *graph.initializer, *graph.input, *graph.output):
        item.doc_string = ""
        del item.metadata_props[:]
