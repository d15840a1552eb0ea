"""The light backbone: body and feature pyramid of MoveNet, a COCO-trained keypoint network, and a second pyramid.

MoveNet's body is MobileNetV2 (Sandler et al. 2018) with its batch norms folded into the convolutions.
"""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from orpose_models.teacher.tfjs import Graph
from orpose_models.vocabulary.errors import OrposeError

# Output channels, stride and expansion of each block.
_BLOCKS = (
    (16, 1, 1), (24, 2, 6), (24, 1, 6), (32, 2, 6), (32, 1, 6), (32, 1, 6), (64, 2, 6), (64, 1, 6), (64, 1, 6),
    (64, 1, 6), (96, 1, 6), (96, 1, 6), (96, 1, 6), (160, 2, 6), (160, 1, 6), (160, 1, 6), (320, 1, 6),
)  # fmt: skip
# The blocks whose answers MoveNet's pyramid takes, and the last ones of each stride, which the second pyramid takes.
_TO_PYRAMID, _TO_LATERALS = (2, 5, 9), (5, 12, 16)
# 2 / 255, rounded as in the original.
PIXEL_SCALE = 0.007843017578125
_PREFIX = "StatefulPartitionedCall/center_net_mobile_net_v2fpn_feature_extractor/model_1/"


class _Convolution(nn.Conv2d):
    """A convolution of TensorFlow's "same" padding for even sizes, which at stride 2 is right and below only."""

    def __init__(self, inputs: int, outputs: int, side: int = 1, stride: int = 1, groups: int = 1) -> None:
        super().__init__(inputs, outputs, side, stride, 0 if stride == 2 else side // 2, groups=groups)

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(F.pad(x, (0, 1, 0, 1)) if self.stride[0] == 2 else x)


class _Block(nn.Module):
    """Expansion, depthwise convolution, projection; the input is added where sizes allow."""

    def __init__(self, inputs: int, outputs: int, stride: int, expansion: int) -> None:
        super().__init__()
        hidden = inputs * expansion
        self.expand = _Convolution(inputs, hidden) if expansion > 1 else None
        self.depthwise = _Convolution(hidden, hidden, 3, stride, groups=hidden)
        self.project = _Convolution(hidden, outputs)
        self.adds = stride == 1 and inputs == outputs

    def forward(self, x: Tensor) -> Tensor:
        y = x if self.expand is None else F.relu6(self.expand(x))
        y = self.project(F.relu6(self.depthwise(y)))
        return x + y if self.adds else y


class _Merge(nn.Module):
    """One step of MoveNet's pyramid: the coarser map enlarged, the finer added, a separable convolution."""

    def __init__(self, finer: int, inputs: int, outputs: int) -> None:
        super().__init__()
        self.lateral = nn.Conv2d(finer, inputs, 1)
        self.depthwise = nn.Conv2d(inputs, inputs, 3, padding=1, groups=inputs, bias=False)
        self.pointwise = nn.Conv2d(inputs, outputs, 1)

    def forward(self, coarser: Tensor, finer: Tensor) -> Tensor:
        enlarged = F.interpolate(coarser, scale_factor=2.0, mode="bilinear", align_corners=False)
        return F.relu(self.pointwise(self.depthwise(enlarged + self.lateral(finer))))


class MoveNetBody(nn.Module):
    """MoveNet up to its heads."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = _Convolution(3, 32, 3, 2)
        channels = [32, *(block[0] for block in _BLOCKS)]
        self.blocks = nn.ModuleList(
            _Block(channels[i], outputs, stride, expansion) for i, (outputs, stride, expansion) in enumerate(_BLOCKS)
        )
        self.top = _Convolution(320, 1280)
        self.coarsest = nn.Conv2d(1280, 64, 1)
        self.merges = nn.ModuleList([_Merge(64, 64, 32), _Merge(32, 32, 24), _Merge(24, 24, 24)])

    def forward(self, x: Tensor) -> tuple[list[Tensor], list[Tensor]]:
        """Of images (n, 3, h, w), RGB, -1..1, h and w multiples of 32.

        Returns:
            The blocks' answers of 32, 96 and 320 channels at strides 8, 16 and 32, and the pyramid's maps of 24, 24,
            32 and 64 channels at strides 4, 8, 16 and 32.
        """
        x = F.relu6(self.stem(x))
        answers = []
        for block in self.blocks:
            x = block(x)
            answers.append(x)
        maps = [self.coarsest(F.relu6(self.top(x)))]
        for merge, i in zip(self.merges, reversed(_TO_PYRAMID), strict=True):
            maps.append(merge(maps[-1], answers[i]))
        return [answers[i] for i in _TO_LATERALS], maps[::-1]

    def load(self, graph: Graph) -> None:
        """Take over the weights of MoveNet's own graph.

        Raises:
            OrposeError: it is another network's.
        """
        layers: dict[str, nn.Conv2d] = {
            "model/Conv1_relu/Relu6": self.stem,
            "model/out_relu/Relu6": self.top,
            "conv2d/BiasAdd": self.coarsest,
        }
        for i, block in enumerate(self.blocks):
            assert isinstance(block, _Block)
            name = f"model/block_{i}" if i else "model/expanded_conv"
            if block.expand is not None:
                layers[f"{name}_expand_relu/Relu6"] = block.expand
            layers[f"{name}_depthwise/depthwise"] = block.depthwise
            layers[f"{name}_project_BN/FusedBatchNormV3"] = block.project
        for i, merge in enumerate(self.merges):
            assert isinstance(merge, _Merge)
            suffix = f"_{i}" if i else ""
            layers[f"conv2d_{i + 1}/BiasAdd"] = merge.lateral
            layers[f"separable_conv2d{suffix}/separable_conv2d/depthwise"] = merge.depthwise
            layers[f"re_lu{suffix}/Relu"] = merge.pointwise
        with torch.no_grad():
            for name, layer in layers.items():
                _copy(graph, name, layer)


class MoveNetFPN(nn.Module):
    """MoveNet's body and, from its blocks' answers joined with its own pyramid's maps, a second pyramid.

    The joined maps differ in scale by a factor of a thousand: each channel is brought to mean 0 and deviation 1 by
    fixed statistics, which `calibrate` takes from some images.
    """

    def __init__(self, channels: int = 96) -> None:
        super().__init__()
        self.body = MoveNetBody()
        # Stride 8 also takes the map of stride 4, its 2 x 2 cells as channels.
        inputs = (32 + 24 + 4 * 24, 96 + 32, 320 + 64)
        self.laterals = nn.ModuleList(nn.Conv2d(n, channels, 1) for n in inputs)
        self.outputs = nn.ModuleList(nn.Conv2d(channels, channels, 3, padding=1) for _ in inputs)
        for layer in (*self.laterals, *self.outputs):
            assert isinstance(layer, nn.Conv2d)
            nn.init.kaiming_uniform_(layer.weight, a=1)
            nn.init.zeros_(layer.bias)  # type: ignore[arg-type]
        for i, n in enumerate(inputs):
            self.register_buffer(f"mean{i}", torch.zeros(n, 1, 1))
            self.register_buffer(f"scale{i}", torch.ones(n, 1, 1))

    def normalise(self, image: Tensor) -> Tensor:
        """What the network is given of an image (3, h, w), BGR 0..255: RGB, -1..1."""
        return image.flip(0) * PIXEL_SCALE - 1

    def freeze(self, stages: int) -> None:
        """Train the first of the 18 stages no more: the stem and 17 blocks."""
        for part in [self.body.stem, *self.body.blocks][:stages]:
            part.requires_grad_(False)

    def forward(self, images: Tensor) -> list[Tensor]:
        """Maps (n, channels, h / s, w / s), s = 8, 16, 32, 64, of normalised images; h, w are multiples of 32."""
        joined = [
            (values - getattr(self, f"mean{i}")) * getattr(self, f"scale{i}")
            for i, values in enumerate(self.joined(images))
        ]
        merged = [self.laterals[2](joined[2])]
        for lateral, values in ((self.laterals[1], joined[1]), (self.laterals[0], joined[0])):
            merged.append(lateral(values) + F.interpolate(merged[-1], scale_factor=2.0, mode="nearest"))
        maps = [output(values) for output, values in zip(self.outputs, reversed(merged), strict=True)]
        return [*maps, F.max_pool2d(maps[-1], 1, 2)]

    def joined(self, images: Tensor) -> list[Tensor]:
        """What the second pyramid is made of, before it is normalised, at strides 8, 16 and 32."""
        (b8, b16, b32), (m4, m8, m16, m32) = self.body(images.contiguous(memory_format=torch.channels_last))
        return [
            torch.cat([b8, m8, F.pixel_unshuffle(m4, 2)], dim=1),
            torch.cat([b16, m16], dim=1),
            torch.cat([b32, m32], dim=1),
        ]

    @torch.no_grad()
    def calibrate(self, batches: Sequence[Tensor]) -> None:
        """Set the statistics of the joined maps to those of batches of normalised images (n, 3, h, w)."""
        maps = [self.joined(batch) for batch in batches]
        for i in range(len(self.laterals)):
            values = torch.cat([m[i].transpose(0, 1).flatten(1) for m in maps], dim=1)
            getattr(self, f"mean{i}").copy_(values.mean(dim=1)[:, None, None])
            getattr(self, f"scale{i}").copy_(1 / (values.std(dim=1) + 1e-3)[:, None, None])


def _copy(graph: Graph, name: str, layer: nn.Conv2d) -> None:
    node = graph.nodes.get(_PREFIX + name)
    if node is None or any(value not in graph.weights for value in node.inputs[1:]):
        raise OrposeError(f"the graph is not MoveNet Lightning's: it has no convolution {name}")
    kernel = graph.weights[node.inputs[1]]
    # TensorFlow's kernels are (height, width, in, out), depthwise ones (height, width, channels, 1).
    turned = kernel.transpose(2, 3, 0, 1) if layer.groups > 1 else kernel.transpose(3, 2, 0, 1)
    if turned.shape != tuple(layer.weight.shape):
        raise OrposeError(f"the graph is not MoveNet Lightning's: {name} has a kernel of shape {kernel.shape}")
    layer.weight.copy_(torch.from_numpy(np.ascontiguousarray(turned)))
    if layer.bias is not None:
        layer.bias.copy_(torch.from_numpy(graph.weights[node.inputs[2]].ravel()))
