"""The light student: one pass over the image. MoveNet MultiPose, its keypoint heads doubled into a soft and a hard
branch, and a lifter for each branch.
"""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from orpose_models.model_format.student_config import OneStageConfig
from orpose_models.student.lifters import ViewLifter
from orpose_models.student.movenet_body import (
    CHANNELS,
    PIXEL_SCALE,
    BodyLayers,
    MoveNetBody,
    Separable,
    copy_weights,
)
from orpose_models.teacher.tfjs import Graph
from orpose_models.vocabulary.skeletons import COCO17

_HIDDEN = 96
_JOINTS = len(COCO17)
_ROOT = "StatefulPartitionedCall/"
# Of each head: its scope in the original, the numbers there of its separable convolution and of its last one, and its
# channels.
_SHARED = {
    "centre": ("center_0", 3, 4, 1),
    "box_sizes": ("box_scale_0", 4, 5, 2),
    "box_offsets": ("box_offset_0", 5, 6, 2),
    "regression": ("kpt_regress_0", 7, 8, 2 * _JOINTS),
}
_OF_BRANCHES = {
    "heatmaps": ("kpt_heatmap_0", 6, 7, _JOINTS),
    "offsets": ("kpt_offset_0", 8, 9, 2 * _JOINTS),
}


class Maps(NamedTuple):
    """What the network says of images (n, 3, h, w), in cells of 4 x 4 pixels: all maps are (n, channels, h / 4, w / 4).

    Places are in cells, y before x; the cell in row r and column c begins at (r, c), so that 4 times a place is one in
    pixels of the network's input.

    Attributes:
        centre: 1 channel, logits: whether a person's middle is in the cell.
        box_sizes: 2 channels, height and width of the box of the person whose middle is in the cell.
        box_offsets: 2 channels, from the cell's place to the middle of that box.
        regression: 34 channels, y and x of each joint in turn: from the cell's place to that person's joint.
        heatmaps: of each branch 17 channels, logits: whether the joint, anybody's, is in the cell.
        offsets: of each branch 34 channels, y and x of each joint in turn: from the cell's place to the joint in it.
    """

    centre: Tensor
    box_sizes: Tensor
    box_offsets: Tensor
    regression: Tensor
    heatmaps: dict[str, Tensor]
    offsets: dict[str, Tensor]


class _Head(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.separable = Separable(CHANNELS, _HIDDEN)
        self.output = nn.Conv2d(_HIDDEN, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        return self.output(self.separable(x))

    def at(self, squares: Tensor) -> Tensor:
        """Its answers (n, channels, k, 1) at the middles of k squares of 3 x 3 cells (n, `CHANNELS`, 3 k, 3)."""
        depthwise = self.separable.depthwise
        spread = F.conv2d(squares, depthwise.weight, stride=3, groups=depthwise.groups)
        return self.output(F.relu(self.separable.pointwise(spread)))

    def layers(self, scope: str, separable: int, output: int) -> dict[str, nn.Conv2d]:
        """Its convolutions by the names of the original's nodes."""
        named = self.separable.layers(f"separable_conv2d_{separable}", f"re_lu_{separable}")
        named[f"conv2d_{output}/BiasAdd"] = self.output
        return {f"{_ROOT}{scope}/{name}": layer for name, layer in named.items()}


class Sight(nn.Module):
    """What looks at images of some number of pixels: the body's layers and the heads.

    Attributes:
        body: of the shared features.
        heads: of all branches: 'centre', 'box_sizes', 'box_offsets', 'regression'.
        heatmaps, offsets: the heads of each branch.
    """

    def __init__(self, branches: Sequence[str], body: BodyLayers) -> None:
        super().__init__()
        self.body = body
        self.heads = nn.ModuleDict({name: _Head(entry[-1]) for name, entry in _SHARED.items()})
        self.heatmaps, self.offsets = (
            nn.ModuleDict({branch: _Head(_OF_BRANCHES[name][-1]) for branch in branches})
            for name in ("heatmaps", "offsets")
        )


class OneStageStudent(Sight):
    """The light student; see `OneStageConfig`.

    Attributes:
        small: the layers that are images' of few pixels alone (`OneStageConfig.small_limit`); None where there are
            none.
        lifters: of each branch: a `ViewLifter`.
    """

    body: MoveNetBody

    def __init__(self, config: OneStageConfig | None = None) -> None:
        config = config or OneStageConfig()
        super().__init__(config.branches, MoveNetBody())
        self.config = config
        self.small = Sight(config.branches, BodyLayers()) if config.small_limit else None
        self.lifters = nn.ModuleDict({branch: ViewLifter(config.lifter_hidden) for branch in config.branches})
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def normalise(self, images: Tensor) -> Tensor:
        """What the network is given of images (..., 3, h, w), BGR 0..255: -1..1, float32."""
        return images * PIXEL_SCALE - 1

    def forward(self, images: Tensor, small: bool = False) -> Maps:
        """Maps of normalised images (n, 3, h, w); h and w are multiples of 32, in each call others.

        Args:
            images: all of many pixels, or all of few.
            small: whether they were of few pixels.
        """
        features, sight = self.features(images, small), self.sight(small)
        return Maps(
            *(head(features) for head in sight.heads.values()),  # type: ignore[call-arg]
            {branch: head(features) for branch, head in sight.heatmaps.items()},
            {branch: head(features) for branch, head in sight.offsets.items()},
        )

    def sight(self, small: bool) -> Sight:
        """The layers for images of many pixels, or of few."""
        return self.small if small and self.small is not None else self

    def features(self, images: Tensor, small: bool = False) -> Tensor:
        """What the heads of `sight` are given of normalised images: (n, `CHANNELS`, h / 4, w / 4)."""
        return self.body(images.contiguous(memory_format=torch.channels_last), self.sight(small).body)

    def freeze(self, stages: int) -> None:
        """Train the first of the 18 stages no more: the stem and 17 blocks."""
        for part in [self.body.stem, *self.body.blocks][:stages]:
            part.requires_grad_(False)

    def train_small_alone(self) -> None:
        """Train nothing but the layers for images of few pixels."""
        self.requires_grad_(False)
        assert self.small is not None
        self.small.requires_grad_(True)

    def load_start(self, graph: Graph) -> None:
        """Take over the weights of MoveNet MultiPose's graph; every branch starts from its one.

        Raises:
            OrposeError: it is another network's.
        """
        self.body.load(graph)
        for name, (*place, _) in _SHARED.items():
            copy_weights(graph, self.heads[name].layers(*place))  # type: ignore[operator]
        for name, (*place, _) in _OF_BRANCHES.items():
            for head in getattr(self, name).values():
                copy_weights(graph, head.layers(*place))
        if self.small is not None:
            state = self.state_dict()
            self.small.load_state_dict({name: state[name] for name in self.small.state_dict()})
