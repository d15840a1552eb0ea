"""MoveNet MultiPose's body: MobileNetV2 (Sandler et al. 2018), 1.75 times as wide, with a feature pyramid.

Google trained it on COCO; the batch norms of its published graph are folded into the convolutions.
"""

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from orpose_models.teacher.tfjs import Graph
from orpose_models.vocabulary.errors import OrposeError

# Output channels, stride and expansion of each block.
_BLOCKS = (
    (24, 1, 1), (40, 2, 6), (40, 1, 6), (48, 2, 6), (48, 1, 6), (48, 1, 6), (96, 2, 6), (96, 1, 6), (96, 1, 6),
    (96, 1, 6), (144, 1, 6), (144, 1, 6), (144, 1, 6), (240, 2, 6), (240, 1, 6), (240, 1, 6), (480, 1, 6),
)  # fmt: skip
_STEM, _TOP = 48, 1280
# The blocks whose answers the pyramid takes, and their channels: at strides 16, 8 and 4.
_TO_PYRAMID = ((9, 96), (5, 48), (2, 40))
# So many blocks are there twice where images of few pixels have layers of their own; they hold an eighth of the blocks'
# parameters. What all share is at strides 16 and 32.
OWN_BLOCKS = 10
# Channels of the pyramid's maps: at strides 32, 16, 8 and 4.
_PYRAMID = (64, 32, 24, 24)
CHANNELS = _PYRAMID[-1]
# 2 / 255, rounded as in the original.
PIXEL_SCALE = 0.007843017578125
_ROOT = "StatefulPartitionedCall/"
PREFIX = f"{_ROOT}center_net_mobile_net_v2fpn_feature_extractor/model_1/"


class Convolution(nn.Conv2d):
    """A convolution of TensorFlow's "same" padding for even sizes, which at stride 2 is right and below only."""

    def __init__(self, inputs: int, outputs: int, side: int = 1, stride: int = 1, groups: int = 1) -> None:
        super().__init__(inputs, outputs, side, stride, 0 if stride == 2 else side // 2, groups=groups)

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(F.pad(x, (0, 1, 0, 1)) if self.stride[0] == 2 else x)


class Separable(nn.Module):
    """A depthwise 3 x 3 convolution, a pointwise one, ReLU."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.depthwise = nn.Conv2d(inputs, inputs, 3, padding=1, groups=inputs, bias=False)
        self.pointwise = nn.Conv2d(inputs, outputs, 1)

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(self.pointwise(self.depthwise(x)))

    def layers(self, depthwise: str, pointwise: str) -> dict[str, nn.Conv2d]:
        """Its convolutions by the names of the original's nodes."""
        return {f"{depthwise}/separable_conv2d/depthwise": self.depthwise, f"{pointwise}/Relu": self.pointwise}


class _Block(nn.Module):
    """Expansion, depthwise convolution, projection; the input is added where sizes allow."""

    def __init__(self, inputs: int, outputs: int, stride: int, expansion: int) -> None:
        super().__init__()
        hidden = inputs * expansion
        self.expand = Convolution(inputs, hidden) if expansion > 1 else None
        self.depthwise = Convolution(hidden, hidden, 3, stride, groups=hidden)
        self.project = Convolution(hidden, outputs)
        self.adds = stride == 1 and inputs == outputs

    def forward(self, x: Tensor) -> Tensor:
        y = x if self.expand is None else F.relu6(self.expand(x))
        y = self.project(F.relu6(self.depthwise(y)))
        return x + y if self.adds else y

    def layers(self, name: str) -> dict[str, nn.Conv2d]:
        """Its convolutions by the names of the original's nodes."""
        expand = {} if self.expand is None else {f"{name}_expand_relu/Relu6": self.expand}
        return {
            **expand,
            f"{name}_depthwise/depthwise": self.depthwise,
            f"{name}_project_BN/FusedBatchNormV3": self.project,
        }


class _Merge(nn.Module):
    """One step of the pyramid: the coarser map enlarged, the finer added, a separable convolution."""

    def __init__(self, finer: int, inputs: int, outputs: int) -> None:
        super().__init__()
        self.lateral = nn.Conv2d(finer, inputs, 1)
        self.separable = Separable(inputs, outputs)

    def forward(self, coarser: Tensor, finer: Tensor) -> Tensor:
        enlarged = F.interpolate(coarser, scale_factor=2.0, mode="bilinear", align_corners=False)
        return self.separable(enlarged + self.lateral(finer))


class BodyLayers(nn.Module):
    """The stem, the first blocks and the pyramid."""

    def __init__(self, blocks: int = OWN_BLOCKS) -> None:
        super().__init__()
        self.stem = Convolution(3, _STEM, 3, 2)
        channels = [_STEM, *(block[0] for block in _BLOCKS)]
        self.blocks = nn.ModuleList(
            _Block(channels[i], outputs, stride, expansion)
            for i, (outputs, stride, expansion) in enumerate(_BLOCKS[:blocks])
        )
        self.coarsest = nn.Conv2d(_TOP, _PYRAMID[0], 1)
        self.merges = nn.ModuleList(
            _Merge(finer, inputs, outputs)
            for (_, finer), inputs, outputs in zip(_TO_PYRAMID, _PYRAMID, _PYRAMID[1:], strict=False)
        )


class MoveNetBody(BodyLayers):
    """The network up to its heads. It is given BGR, unlike the original."""

    def __init__(self) -> None:
        super().__init__(len(_BLOCKS))
        self.top = Convolution(_BLOCKS[-1][0], _TOP)

    def forward(self, x: Tensor, own: "BodyLayers | None" = None) -> Tensor:
        """Features (n, `CHANNELS`, h / 4, w / 4) of images (n, 3, h, w), BGR, -1..1; h and w are multiples of 32.

        Args:
            x: the images.
            own: takes the place of the layers that it has, too.
        """
        layers = own or self
        x = F.relu6(layers.stem(x))
        answers = []
        for block in [*layers.blocks, *self.blocks[len(layers.blocks) :]]:
            x = block(x)
            answers.append(x)
        features = layers.coarsest(F.relu6(self.top(x)))
        for merge, (taken, _) in zip(layers.merges, _TO_PYRAMID, strict=True):
            features = merge(features, answers[taken])
        return features

    def load(self, graph: Graph) -> None:
        """Take over the weights of the original's graph.

        Raises:
            OrposeError: it is another network's.
        """
        copy_weights(graph, self._layers())
        with torch.no_grad():
            self.stem.weight.copy_(self.stem.weight.flip(1))

    def _layers(self) -> dict[str, nn.Conv2d]:
        """Its convolutions by the names of the original's nodes."""
        named: dict[str, nn.Conv2d] = {
            "model/Conv1_relu/Relu6": self.stem,
            "model/out_relu/Relu6": self.top,
            "conv2d/BiasAdd": self.coarsest,
        }
        for i, block in enumerate(self.blocks):
            assert isinstance(block, _Block)
            named |= block.layers(f"model/block_{i}" if i else "model/expanded_conv")
        for i, merge in enumerate(self.merges):
            assert isinstance(merge, _Merge)
            suffix = f"_{i}" if i else ""
            named[f"conv2d_{i + 1}/BiasAdd"] = merge.lateral
            named |= merge.separable.layers(f"separable_conv2d{suffix}", f"re_lu{suffix}")
        return {PREFIX + name: layer for name, layer in named.items()}


@torch.no_grad()
def copy_weights(graph: Graph, layers: dict[str, nn.Conv2d]) -> None:
    """Take over the weights of MoveNet MultiPose's graph, by the names of its nodes.

    Raises:
        OrposeError: it is another network's.
    """
    for name, layer in layers.items():
        node = graph.nodes.get(name)
        if node is None or any(value not in graph.weights for value in node.inputs[1:]):
            raise OrposeError(f"the graph is not MoveNet MultiPose's: it has no convolution {name.removeprefix(_ROOT)}")
        kernel = graph.weights[node.inputs[1]]
        # TensorFlow's kernels are (height, width, in, out), depthwise ones (height, width, channels, 1).
        turned = kernel.transpose(2, 3, 0, 1) if layer.groups > 1 else kernel.transpose(3, 2, 0, 1)
        if turned.shape != tuple(layer.weight.shape):
            raise OrposeError(f"the graph is not MoveNet MultiPose's: {name} has a kernel of shape {kernel.shape}")
        layer.weight.copy_(torch.from_numpy(np.ascontiguousarray(turned)))
        if layer.bias is not None:
            layer.bias.copy_(torch.from_numpy(graph.weights[node.inputs[2]].ravel().copy()))
