"""An optimiser that does not see how batch norms were folded into convolutions."""

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor, nn

# A bias counts as large as it is, and at least as this share of what its channel's weights add up to.
_BIAS_SHARE = 0.3
_SMALLEST = 1e-9


class ChannelAdam(torch.optim.Optimizer):
    """Adam whose step in each output channel is a share, `lr`, of that channel's own size.

    Where a batch norm was folded into a convolution, the sizes of channels and layers say nothing of how much they
    matter: they differ by orders of magnitude. Adam's equal steps replace the small ones within minutes; these change
    all of them alike. A channel's size is the root mean square of its weights when it is first stepped.

    Args:
        modules: convolutions and linear layers; a group is a dictionary with "modules" and other settings.
        lr: relative step.
        betas, eps: as Adam's.
    """

    def __init__(
        self,
        groups: Iterable[dict[str, Any]],
        lr: float,
        betas: tuple[float, float] = (0.9, 0.99),
        eps: float = 1e-12,
    ) -> None:
        self._scales: dict[nn.Parameter, Tensor] = {}
        named = []
        for group in groups:
            scales = [entry for module in group["modules"] for entry in channel_scales(module)]
            self._scales |= dict(scales)
            rest = {name: value for name, value in group.items() if name != "modules"}
            named.append({"params": [parameter for parameter, _ in scales], **rest})
        super().__init__(named, {"lr": lr, "betas": betas, "eps": eps})

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> None:  # type: ignore[override]
        """Take a step; parameters without a gradient stay."""
        for group in self.param_groups:
            beta1, beta2 = group["betas"]
            for parameter in group["params"]:
                if parameter.grad is None:
                    continue
                state = self.state[parameter]
                if not state:
                    state["step"] = 0
                    state["scale"] = self._scales[parameter].clone()
                    state["mean"], state["square"] = torch.zeros_like(parameter), torch.zeros_like(parameter)
                state["step"] += 1
                state["mean"].lerp_(parameter.grad, 1 - beta1)
                state["square"].mul_(beta2).addcmul_(parameter.grad, parameter.grad, value=1 - beta2)
                deviation = (state["square"] / (1 - beta2 ** state["step"])).sqrt_().add_(group["eps"])
                size = group["lr"] / (1 - beta1 ** state["step"])
                parameter.sub_(state["mean"].div(deviation).mul_(state["scale"]), alpha=size)


def channel_scales(module: nn.Module) -> list[tuple[nn.Parameter, Tensor]]:
    """The trainable parameters of a convolution or linear layer, each with its output channels' sizes.

    The sizes have the parameter's number of axes, all but the first of length 1.
    """
    assert isinstance(module, nn.Conv2d | nn.Linear)
    weight = module.weight.detach()
    size = weight.flatten(1).square().mean(dim=1).sqrt().clamp(min=_SMALLEST)
    scales: list[tuple[Any, Tensor]] = [(module.weight, size.reshape(-1, *[1] * (weight.dim() - 1)))]
    if module.bias is not None:
        whole = _BIAS_SHARE * size * weight[0].numel() ** 0.5
        scales.append((module.bias, torch.maximum(module.bias.detach().abs(), whole)))
    return [(parameter, scale) for parameter, scale in scales if parameter.requires_grad]
