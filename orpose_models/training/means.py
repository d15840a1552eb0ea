"""Means over what all processes of a distributed run learn from."""

from collections.abc import Mapping

import torch
from torch import Tensor

from orpose_models.training import distributed


def over_all_ranks(losses: dict[str, Tensor], learned: Mapping[str, float]) -> dict[str, Tensor]:
    """Means over this process's items made so that their mean over the processes is that over all items.

    Args:
        losses: by name. learned: over how much each is a mean; losses that it has not stay as they are.
    """
    ranks = distributed.ranks()
    if ranks == 1:
        return losses
    names = sorted(learned)
    device = next(iter(losses.values())).device
    mine = torch.tensor([float(learned[name]) for name in names], dtype=torch.float64, device=device)
    factors = (mine * ranks / distributed.total(mine).clamp(min=1)).float()
    scaled = {name: losses[name] * factors[i] for i, name in enumerate(names)}
    return {**losses, **scaled}
