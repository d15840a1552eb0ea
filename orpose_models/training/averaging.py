"""Averages of weights: over a run's steps, and of its beginning and end."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel

# The average follows quickly at first: after n steps its decay is at most (1 + n) / (this + n).
_EARLY = 20


def moving_average(network: nn.Module, decay: float) -> AveragedModel:
    """An exponential moving average of the weights, in evaluation mode; buffers are the newest."""

    def update(average: Sequence[Tensor], current: Sequence[Tensor], steps: Tensor | int) -> None:
        early = (1 + int(steps)) / (_EARLY + int(steps))
        torch._foreach_lerp_(list(average), list(current), 1 - min(decay, early))

    averaged = AveragedModel(network, multi_avg_fn=update)
    averaged.eval()
    return averaged


def copied(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """A copy of a network's state on the processor."""
    return {name: tensor.detach().cpu().clone() for name, tensor in state.items()}


def between(start: Mapping[str, Tensor], end: Mapping[str, Tensor], share: float) -> dict[str, Tensor]:
    """The weights at `share` of the way from one state to another of the same network; 1 is the end."""
    return {
        name: torch.lerp(start[name], tensor, share) if tensor.is_floating_point() else tensor
        for name, tensor in end.items()
    }
