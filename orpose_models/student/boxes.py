"""Anchors, box regression and pooling in the form of detectron2 (2024-04), so that its weights mean the same here.

What differs from torchvision's own detection networks: anchors are not rounded and stand at fixed strides, regions are
pooled with half-pixel alignment and as many samples as fit, and the feature map of a region is chosen by detectron2's
formula. Boxes are x_min, y_min, x_max, y_max in pixels, the first pixel's centre at (0.5, 0.5).
"""

import math
from collections.abc import Sequence

import torch
from torch import Tensor
from torchvision.ops import roi_align

from orpose_models.vocabulary.resolution import Size

# A box may grow to at most 1000 / 16 times its anchor.
_MAX_LOG_SCALE = math.log(1000 / 16)
PROPOSAL_WEIGHTS = (1.0, 1.0, 1.0, 1.0)
BOX_WEIGHTS = (10.0, 10.0, 5.0, 5.0)

Weights = tuple[float, float, float, float]


def grid_anchors(height: int, width: int, stride: int, size: int, aspect_ratios: Sequence[float]) -> Tensor:
    """(height * width * ratios, 4) anchors of a feature map, row by row, the ratios of a cell together."""
    ratios = torch.tensor(aspect_ratios, dtype=torch.float64)
    w = size / ratios.sqrt()
    h = ratios * w
    cell = torch.stack([-w / 2, -h / 2, w / 2, h / 2], dim=1).float()
    y, x = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
    shifts = torch.stack([x, y, x, y], dim=-1).reshape(-1, 1, 4) * stride
    return (shifts + cell).reshape(-1, 4)


def decode_boxes(deltas: Tensor, references: Tensor, weights: Weights) -> Tensor:
    """Boxes (n, 4) from regressed deltas (n, 4) and the boxes (n, 4) that they refer to (R-CNN, appendix C)."""
    size = references[:, 2:] - references[:, :2]
    centre = references[:, :2] + 0.5 * size
    scaled = deltas / deltas.new_tensor(weights)
    centre = scaled[:, :2] * size + centre
    half = 0.5 * scaled[:, 2:].clamp(max=_MAX_LOG_SCALE).exp() * size
    return torch.cat([centre - half, centre + half], dim=1)


def encode_boxes(boxes: Tensor, references: Tensor, weights: Weights) -> Tensor:
    """The deltas (n, 4) from which `decode_boxes` makes `boxes` (n, 4)."""
    size, reference_size = boxes[:, 2:] - boxes[:, :2], references[:, 2:] - references[:, :2]
    shift = (boxes[:, :2] + 0.5 * size - references[:, :2] - 0.5 * reference_size) / reference_size
    return torch.cat([shift, (size / reference_size).log()], dim=1) * boxes.new_tensor(weights)


def clip_boxes(boxes: Tensor, size: Size) -> Tensor:
    """Boxes (n, 4) limited to an image of width, height."""
    return torch.minimum(boxes.clamp(min=0), boxes.new_tensor([*size, *size]))


def not_empty(boxes: Tensor) -> Tensor:
    """(n,) whether a box has an area."""
    return ((boxes[:, 2:] - boxes[:, :2]) > 0).all(dim=1)


def pool_regions(features: Sequence[Tensor], strides: Sequence[int], boxes: Sequence[Tensor], cells: int) -> Tensor:
    """Features (regions, channels, cells, cells) of the boxes (n_i, 4) of each image, image by image.

    A box of 224 pixels' side is read from the map of stride 16, one half that size from the next finer.
    """
    image = torch.cat([b.new_full((len(b), 1), i) for i, b in enumerate(boxes)])
    rows = torch.cat([image, torch.cat(list(boxes))], dim=1)
    side = ((rows[:, 3] - rows[:, 1]) * (rows[:, 4] - rows[:, 2])).sqrt()
    level = torch.floor(4 + torch.log2(side / 224 + 1e-8))
    first = int(math.log2(strides[0]))
    level = (level.clamp(first, first + len(strides) - 1) - first).long()
    pooled = features[0].new_zeros(len(rows), features[0].shape[1], cells, cells)
    for i, (feature, stride) in enumerate(zip(features, strides, strict=True)):
        chosen = torch.nonzero(level == i)[:, 0]
        pooled = pooled.index_put(
            (chosen,), roi_align(feature, rows[chosen], cells, 1 / stride, sampling_ratio=0, aligned=True)
        )
    return pooled
