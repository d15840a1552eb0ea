"""Deformable convolution for detectron2's networks where detectron2's compiled part is absent."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
from torch import nn
from torch.nn.modules.utils import _pair
from torchvision.ops import deform_conv2d


class DeformConv(nn.Module):
    """Deformable convolution (version 1: offsets, no modulation) on torchvision's operator.

    Takes the arguments, has the parameter names and gives the results of detectron2's layer of this name, so
    that detectron2's networks can be built with it and its published weights load.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int,
        stride: int = 1,
        padding: int = 0,
        dilation: int = 1,
        groups: int = 1,
        deformable_groups: int = 1,
        bias: bool = False,
        norm: nn.Module | None = None,
        activation: Callable[[torch.Tensor], torch.Tensor] | None = None,
    ) -> None:
        super().__init__()
        if bias:
            raise ValueError("detectron2's deformable convolution has no bias")
        # The number of deformable groups shows in the offsets' channels; torchvision reads it there.
        self.deformable_groups = deformable_groups
        self.stride, self.padding, self.dilation = _pair(stride), _pair(padding), _pair(dilation)
        self.norm = norm
        self.activation = activation
        self.weight = nn.Parameter(torch.empty(out_channels, in_channels // groups, *_pair(kernel_size)))
        nn.init.kaiming_uniform_(self.weight, nonlinearity="relu")
        self.bias = None  # detectron2 looks for it

    def forward(self, x: torch.Tensor, offset: torch.Tensor) -> torch.Tensor:
        """Convolve (n, c, h, w) with offsets (n, 2 k k groups, h', w'), each a pair (y, x) in pixels of `x`."""
        x = deform_conv2d(x, offset, self.weight, None, self.stride, self.padding, self.dilation)
        if self.norm is not None:
            x = self.norm(x)
        return x if self.activation is None else self.activation(x)


@contextmanager
def deformable_convolution() -> Iterator[None]:
    """While this is open, detectron2 builds its deformable layers, compiled or not."""
    from detectron2.modeling.backbone import resnet

    try:
        from detectron2 import _C  # noqa: F401
    except ImportError:
        pass
    else:
        yield
        return
    original = resnet.DeformConv
    resnet.DeformConv = DeformConv
    try:
        yield
    finally:
        resnet.DeformConv = original
