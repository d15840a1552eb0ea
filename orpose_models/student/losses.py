"""The losses of the keypoint head (paper, section 2.3): each branch and each lifter learns its own set of labels."""

from collections.abc import Mapping
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F


class KeypointLabels(NamedTuple):
    """2D pseudo-labels of n regions, one set of them (soft or hard).

    Attributes:
        cells: (n, 17) int64, flat heatmap cells, and learned: (n, 17) bool, from `HeatmapCodec.encode`.
        confidence: (n, 17) the teacher's scores in 0..1.
    """

    cells: Tensor
    learned: Tensor
    confidence: Tensor


def keypoint_losses(
    heatmaps: Mapping[str, Tensor], labels: Mapping[str, Mapping[str, KeypointLabels]]
) -> dict[str, Tensor]:
    """The losses of the 2D labels: `loss_2d_soft`, `loss_2d_hard`.

    Args:
        heatmaps: logits (n, 17, side, side) of each branch.
        labels: of each branch the sets that it learns, 'soft', 'hard' or both.
    """
    losses = {}
    for branch, sets in labels.items():
        for name, label in sets.items():
            logits = heatmaps[branch]
            if name == "soft":
                logits = logits * label.confidence[..., None, None]
            losses[f"loss_2d_{name}"] = heatmap_loss(logits, label.cells, label.learned)
    return losses


def heatmap_loss(logits: Tensor, cells: Tensor, learned: Tensor) -> Tensor:
    """Mean cross-entropy between the softmax over each map and its keypoint's cell; 0 if there is nothing to learn.

    Args:
        logits: (n, k, side, side). cells: (n, k) flat indices. learned: (n, k) bool.
    """
    if not learned.any():
        return logits.sum() * 0
    return F.cross_entropy(logits.flatten(2)[learned], cells[learned])


def joints_loss(joints: Tensor, target: Tensor) -> Tensor:
    """Mean smooth L1, in metres, over the coordinates that are known and not of the root; 0 if there are none.

    Args:
        joints, target: (n, 17, 3); unknown targets are NaN.
    """
    joints, target = joints[:, 1:], target[:, 1:]
    known = torch.isfinite(target)
    if not known.any():
        return joints.sum() * 0
    return F.smooth_l1_loss(joints[known], target[known])
