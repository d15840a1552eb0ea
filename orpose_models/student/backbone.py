"""The paper's backbone: ResNet-50 with a feature pyramid, in detectron2's form."""

from collections import OrderedDict

import torch
from torch import Tensor, nn
from torchvision.models import resnet50
from torchvision.models.detection.backbone_utils import BackboneWithFPN
from torchvision.ops import FrozenBatchNorm2d

# Of COCO, BGR, subtracted from the image; detectron2's weights were trained so.
PIXEL_MEAN = (103.530, 116.280, 123.675)


class ResNetFPN(nn.Module):
    """ResNet-50-FPN: frozen batch norm, stride on the 1 x 1 convolution of each stage's first block."""

    pixel_mean: Tensor

    def __init__(self, channels: int = 256) -> None:
        super().__init__()
        body = resnet50(weights=None, norm_layer=FrozenBatchNorm2d)
        for stage in (body.layer2, body.layer3, body.layer4):
            stage[0].conv1.stride, stage[0].conv2.stride = (2, 2), (1, 1)
        layers = {f"layer{i}": str(i) for i in (1, 2, 3, 4)}
        # torchvision adds the coarsest map, every second cell of the one before, by itself.
        pyramid = BackboneWithFPN(body, layers, [256, 512, 1024, 2048], channels)
        self.body, self.fpn = pyramid.body, pyramid.fpn
        self.register_buffer("pixel_mean", torch.tensor(PIXEL_MEAN).view(3, 1, 1), persistent=False)

    def normalise(self, image: Tensor) -> Tensor:
        """What the network is given of an image (3, h, w), BGR 0..255: the mean subtracted, no division."""
        return image - self.pixel_mean

    def freeze(self, stages: int) -> None:
        """Train the first of the five stages no more: the stem and four stages of blocks."""
        parts = [self.body.conv1, self.body.layer1, self.body.layer2, self.body.layer3, self.body.layer4]
        for part in parts[:stages]:
            part.requires_grad_(False)

    def forward(self, images: Tensor) -> list[Tensor]:
        """Maps (n, channels, h / s, w / s), s = 4, 8, 16, 32, 64, of normalised images; h, w are multiples of 32."""
        maps: OrderedDict[str, Tensor] = self.fpn(self.body(images))
        return list(maps.values())
