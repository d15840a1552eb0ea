"""Optimiser, learning rate and moving average of a run."""

from collections.abc import Sequence
from math import cos, pi

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel

from orpose_models.student.network import Student
from orpose_models.training.train_config import Optimiser, Schedule

# The average follows quickly at first: after n steps its decay is at most (1 + n) / (this + n).
_EARLY = 20


def make_optimiser(student: Student, settings: Optimiser) -> torch.optim.Optimizer:
    """An optimiser of what is not frozen: the backbone's body, the lifters and the rest have rates of their own."""
    parts: dict[str, list[nn.Parameter]] = {"body": [], "lifters": [], "rest": []}
    for name, parameter in student.named_parameters():
        if parameter.requires_grad:
            prefixes = {"backbone.body.": "body", "lifters.": "lifters"}
            part = next((part for prefix, part in prefixes.items() if name.startswith(prefix)), "rest")
            parts[part].append(parameter)
    factors = {"body": settings.backbone_factor, "lifters": settings.lifter_factor, "rest": 1.0}
    groups = [
        {"params": parameters, "lr": settings.learning_rate * factors[part], "name": part}
        for part, parameters in parts.items()
        if parameters
    ]
    if settings.kind == "sgd":
        return torch.optim.SGD(groups, momentum=settings.momentum, weight_decay=settings.weight_decay)
    return torch.optim.AdamW(groups, weight_decay=settings.weight_decay, fused=True)


def set_learning_rate(optimiser: torch.optim.Optimizer, settings: Optimiser, factor: float) -> None:
    """Set each part's learning rate to `factor` times its own."""
    factors = {"body": settings.backbone_factor, "lifters": settings.lifter_factor, "rest": 1.0}
    for group in optimiser.param_groups:
        group["lr"] = settings.learning_rate * factors[group["name"]] * factor


def schedule_factor(schedule: Schedule, iteration: int) -> float:
    """What the learning rate is multiplied by in an iteration, counted from 0."""
    rise = 1.0
    if iteration < schedule.warmup:
        rise = schedule.warmup_factor + (1 - schedule.warmup_factor) * iteration / schedule.warmup
    if schedule.kind == "steps":
        return rise * schedule.factor ** sum(iteration >= milestone for milestone in schedule.milestones)
    half = (1 + cos(pi * iteration / schedule.iterations)) / 2
    return rise * (schedule.final + (1 - schedule.final) * half)


def moving_average(student: Student, decay: float) -> AveragedModel:
    """An exponential moving average of the weights, in evaluation mode; buffers are the newest."""

    def update(average: Sequence[Tensor], current: Sequence[Tensor], steps: Tensor | int) -> None:
        early = (1 + int(steps)) / (_EARLY + int(steps))
        torch._foreach_lerp_(list(average), list(current), 1 - min(decay, early))

    averaged = AveragedModel(student, multi_avg_fn=update)
    averaged.eval()
    return averaged
