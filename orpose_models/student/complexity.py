"""What a student costs: multiply-adds, counted by torch (one multiplication and one addition count as one)."""

from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from orpose_models.lifting.features import LENGTHS
from orpose_models.student.heads import BOX_CELLS, KEYPOINT_CELLS
from orpose_models.student.network import Student
from orpose_models.student.one_stage import OneStageStudent
from orpose_models.vocabulary.resolution import Size


class _Whole(nn.Module):
    """One image through all layers, with given numbers of regions; selection and pooling count as nothing."""

    def __init__(self, student: Student) -> None:
        super().__init__()
        self.student = student

    def forward(self, image: Tensor, proposals: Tensor, persons: Tensor, keypoints: Tensor) -> list[Tensor]:
        student = self.student
        logits, deltas = student.proposals.head(student.backbone(image))
        heatmaps = student.keypoint_head(persons)
        lifted = [lifter(keypoints) for lifter in student.lifters.values()]
        return [*logits, *deltas, *student.box_head(proposals), *heatmaps.values(), *lifted]


class _Light(nn.Module):
    """One image and the features of some persons through all layers; decoding counts as nothing."""

    def __init__(self, student: OneStageStudent) -> None:
        super().__init__()
        self.student = student

    def forward(self, image: Tensor, features: Tensor) -> list[Tensor]:
        maps = self.student(image)
        lifters: Any = self.student.lifters
        lifted = [lifter.answer("gravity", features) for lifter in lifters.values()]
        return [*maps[:4], *maps.heatmaps.values(), *maps.offsets.values(), *lifted]


def multiply_adds_of_light(student: OneStageStudent, size: Size, persons: int) -> float:
    """Multiply-adds, in units of 10^9, for one image and some persons, each lifted with its mirror image."""
    inputs = torch.zeros(1, 3, size[1], size[0]), torch.zeros(2 * persons, LENGTHS["gravity"])
    return _count(student, _Light(student), inputs)


def multiply_adds(student: Student, size: Size, proposals: int, persons: int) -> float:
    """Multiply-adds, in units of 10^9, for one image; counted by running it once.

    Args:
        size: width, height that the network is given; both are rounded up to multiples of 32.
        proposals: how many regions go through the box head.
        persons: how many go through the keypoint head.
    """
    width, height = (-(-side // 32) * 32 for side in size)
    channels = student.config.fpn_channels
    inputs = (
        torch.zeros(1, 3, height, width),
        torch.zeros(proposals, channels, BOX_CELLS, BOX_CELLS),
        torch.zeros(persons, channels, KEYPOINT_CELLS, KEYPOINT_CELLS),
        torch.zeros(persons, 17, 2),
    )
    return _count(student, _Whole(student), inputs)


def _count(student: nn.Module, whole: nn.Module, inputs: tuple[Tensor, ...]) -> float:
    training = student.training
    try:
        student.eval()
        with torch.no_grad(), FlopCounterMode(display=False) as counter:
            whole(*inputs)
        return counter.get_total_flops() / 2 / 1e9
    finally:
        student.train(training)
