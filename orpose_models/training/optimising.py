"""Optimiser and learning rate of a run."""

from math import cos, pi

import torch
from torch import nn

from orpose_models.training.channel_adam import ChannelAdam
from orpose_models.training.train_config import Optimiser, Schedule

_PARTS = {"backbone.body.": "body", "body.": "body", "lifters.": "lifters"}


def make_optimiser(student: nn.Module, settings: Optimiser) -> torch.optim.Optimizer:
    """An optimiser of what is not frozen: the backbone's body, the lifters and the rest have rates of their own."""
    if settings.kind == "channel_adam":
        return ChannelAdam(_groups(student, settings, "modules"), settings.learning_rate)
    groups = _groups(student, settings, "params")
    if settings.kind == "sgd":
        return torch.optim.SGD(groups, momentum=settings.momentum, weight_decay=settings.weight_decay)
    return torch.optim.AdamW(groups, weight_decay=settings.weight_decay, fused=True)


def _groups(student: nn.Module, settings: Optimiser, of: str) -> list[dict]:
    parts: dict[str, list] = {"body": [], "lifters": [], "rest": []}
    things = student.named_modules() if of == "modules" else student.named_parameters()
    for name, thing in things:
        if isinstance(thing, nn.Module):
            learns = isinstance(thing, nn.Conv2d | nn.Linear) and thing.weight.requires_grad
        else:
            learns = thing.requires_grad
        if learns:
            parts[next((part for prefix, part in _PARTS.items() if name.startswith(prefix)), "rest")].append(thing)
    factors = _factors(settings)
    return [
        {of: things, "lr": settings.learning_rate * factors[part], "name": part}
        for part, things in parts.items()
        if things
    ]


def _factors(settings: Optimiser) -> dict[str, float]:
    return {"body": settings.backbone_factor, "lifters": settings.lifter_factor, "rest": 1.0}


def set_learning_rate(optimiser: torch.optim.Optimizer, settings: Optimiser, factor: float) -> None:
    """Set each part's learning rate to `factor` times its own."""
    factors = _factors(settings)
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
