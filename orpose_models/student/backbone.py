"""The paper's backbone: ResNet-50 with a feature pyramid, in detectron2's form."""

from collections import OrderedDict

from torch import Tensor, nn
from torchvision.models import resnet50
from torchvision.models.detection.backbone_utils import BackboneWithFPN
from torchvision.ops import FrozenBatchNorm2d


class ResNetFPN(nn.Module):
    """ResNet-50-FPN: frozen batch norm, stride on the 1 x 1 convolution of each stage's first block.

    Takes BGR images with the dataset's mean subtracted and no division.
    """

    def __init__(self, channels: int = 256) -> None:
        super().__init__()
        body = resnet50(weights=None, norm_layer=FrozenBatchNorm2d)
        for stage in (body.layer2, body.layer3, body.layer4):
            stage[0].conv1.stride, stage[0].conv2.stride = (2, 2), (1, 1)
        layers = {f"layer{i}": str(i) for i in (1, 2, 3, 4)}
        # torchvision adds the coarsest map, every second cell of the one before, by itself.
        pyramid = BackboneWithFPN(body, layers, [256, 512, 1024, 2048], channels)
        self.body, self.fpn = pyramid.body, pyramid.fpn

    def forward(self, images: Tensor) -> list[Tensor]:
        """Maps (n, channels, h / s, w / s), s = 4, 8, 16, 32, 64, of images (n, 3, h, w); h, w are multiples of 32."""
        maps: OrderedDict[str, Tensor] = self.fpn(self.body(images))
        return list(maps.values())
