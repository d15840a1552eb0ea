"""The parts of a light student: as torch computes them, and as ONNX graphs."""

import logging
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from orpose_models.lifting.features import FORMS, LENGTHS
from orpose_models.model_format.manifest import SMALL
from orpose_models.model_format.student_config import MULTIPLE
from orpose_models.runtime.codec import Answer
from orpose_models.runtime.graph import Graph
from orpose_models.student.one_stage import OneStageStudent
from orpose_models.vocabulary.skeletons import COCO17

OPSET = 18
_EXAMPLE_CELLS = 4
# Images of one call.
MAX_BATCH = 64


class NetworkPart(nn.Module):
    """Images (n, h, w, 3) uint8, BGR, h and w multiples of 32, to `runtime.codec.Answer` of each.

    Args:
        student: the network.
        small: whether the images are of few pixels.
    """

    def __init__(self, student: OneStageStudent, small: bool = False) -> None:
        super().__init__()
        self.student, self.small = student, small

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        student = self.student
        sight = student.sight(self.small)
        features = student.features(student.normalise(images.permute(0, 3, 1, 2).float()), self.small)
        centre = sight.heads["centre"](features).sigmoid()
        peaks = torch.where(centre == F.max_pool2d(centre, 3, 1, 1), centre, torch.zeros_like(centre))
        scores, cells = peaks.flatten(1).topk(student.config.max_persons)
        # What is said of persons is asked for at the peaks alone.
        squares = _squares(features, cells)
        sizes, offsets, regression = (
            sight.heads[name].at(squares).squeeze(3).transpose(1, 2)  # type: ignore[operator]
            for name in ("box_sizes", "box_offsets", "regression")
        )
        return (
            scores,
            cells,
            torch.cat([sizes, offsets], dim=2),
            regression,
            torch.stack([head(features) for head in sight.heatmaps.values()], dim=1).sigmoid(),
            torch.stack([head(features) for head in sight.offsets.values()], dim=1),
        )


def _squares(features: Tensor, cells: Tensor) -> Tensor:
    """The 3 x 3 features (n, c, 3 k, 3) around cells (n, k) of maps (n, c, h, w), zero beyond the edges."""
    channels, width = features.shape[1], features.shape[3]
    beside = torch.arange(3, device=cells.device)
    first = cells + 2 * (cells // width)  # rows are two cells longer with the padding
    places = first[:, :, None, None] + beside[:, None] * (width + 2) + beside
    padded = F.pad(features, (1, 1, 1, 1)).flatten(2)
    return padded.gather(2, places.flatten(1)[:, None].expand(-1, channels, -1)).unflatten(2, (-1, 3))


class LiftersPart(nn.Module):
    """Features (branches, n, LENGTHS[form]) of each form to joints 1..16 (branches, n, 16, 3) in their level axes.

    Engines disagree on NaN, so the coordinates of missing joints, which the flags among the features tell, are 0.
    """

    def __init__(self, student: OneStageStudent) -> None:
        super().__init__()
        self.student = student

    def forward(self, *values: Tensor) -> tuple[Tensor, ...]:
        lifters: Sequence[Any] = list(self.student.lifters.values())
        return tuple(
            torch.stack(
                [
                    lifter.answer(form, _with_means(features[i], getattr(lifter, f"{form}_input_mean")))
                    for i, lifter in enumerate(lifters)
                ]
            )
            for form, features in zip(FORMS, values, strict=True)
        )


def _with_means(features: Tensor, mean: Tensor) -> Tensor:
    joints = len(COCO17)
    flags = torch.tensor([2 * joints + i // 2 for i in range(2 * joints)], device=features.device)
    missing = features[:, flags] == 0
    coordinates = torch.where(missing, mean[: 2 * joints], features[:, : 2 * joints])
    return torch.cat([coordinates, features[:, 2 * joints :]], dim=1)


def torch_graphs(student: OneStageStudent) -> dict[str, Graph]:
    """The parts as torch computes them, called like those of other engines."""
    device = next(student.parameters()).device

    def called(part: nn.Module) -> Graph:
        @torch.inference_mode()
        def run(*arrays: NDArray[Any]) -> list[NDArray[Any]]:
            answers = part(*(torch.from_numpy(np.ascontiguousarray(array)).to(device) for array in arrays))
            return [answer.cpu().numpy() for answer in answers]

        return run

    return {name: called(part.eval()) for name, part in _parts(student).items()}


def _parts(student: OneStageStudent) -> dict[str, nn.Module]:
    """What is computed, by the names of `model_format.manifest.graphs_of`."""
    parts: dict[str, nn.Module] = {"network": NetworkPart(student), "lifters": LiftersPart(student)}
    return parts | ({} if student.small is None else {SMALL: NetworkPart(student, small=True)})


def build_graphs(student: OneStageStudent) -> dict[str, onnx.ModelProto]:
    """The parts as ONNX models, by name, each with its weights within.

    Args:
        student: in evaluation mode.
    """
    dim = torch.export.Dim
    side = {name: MULTIPLE * dim(name, min=1, max=128) for name in ("rows", "columns")}
    branches = len(student.config.branches)
    images = torch.zeros(2, _EXAMPLE_CELLS * MULTIPLE, (_EXAMPLE_CELLS + 1) * MULTIPLE, 3, dtype=torch.uint8)
    of_network = (
        (images,),
        ({0: dim("images", min=1, max=MAX_BATCH), 1: side["rows"], 2: side["columns"]},),
        ["images"],
        list(Answer._fields),
    )
    of_lifters = (
        tuple(torch.zeros(branches, 3, LENGTHS[form]) for form in FORMS),
        (tuple({1: dim(f"n_{form}", min=0, max=8192)} for form in FORMS),),
        [f"features_{form}" for form in FORMS],
        [f"joints_{form}" for form in FORMS],
    )
    return {
        name: _export(part, *(of_lifters if isinstance(part, LiftersPart) else of_network))
        for name, part in _parts(student).items()
    }


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
                optimize=not isinstance(part, LiftersPart),
            )
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
    assert program is not None
    model = program.model_proto
    _anonymise(model)
    return model


def _anonymise(model: onnx.ModelProto) -> None:
    """Drop the traces of the source code, which name folders of this machine."""
    graph = model.graph
    for item in (model, graph, *graph.node, *graph.initializer, *graph.input, *graph.output):
        item.doc_string = ""
        del item.metadata_props[:]
