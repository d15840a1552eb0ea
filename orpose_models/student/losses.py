"""The losses of the keypoint head (paper, section 2.3): each branch and each lifter learns its own set of labels."""

from collections.abc import Mapping
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F


class KeypointLabels(NamedTuple):
    """Pseudo-labels of n regions, one set of them (soft or hard).

    Attributes:
        cells: (n, 17) int64, flat heatmap cells, and learned: (n, 17) bool, from `heatmaps.encode_keypoints`.
        confidence: (n, 17) the teacher's scores in 0..1.
        joints3d: (n, 17, 3) metres, relative to joint 0; NaN where unknown.
    """

    cells: Tensor
    learned: Tensor
    confidence: Tensor
    joints3d: Tensor


def keypoint_losses(
    heatmaps: Mapping[str, Tensor], lifted: Mapping[str, Tensor], labels: Mapping[str, KeypointLabels]
) -> dict[str, Tensor]:
    """The losses of each branch that has labels, by name: `loss_2d_soft`, `loss_3d_soft`, and so on.

    Args:
        heatmaps: logits (n, 17, side, side) of each branch.
        lifted: joints (n, 17, 3) of each branch's lifter, given the labels' 2D keypoints.
        labels: of each branch, 'soft' and 'hard'.
    """
    losses = {}
    for branch, label in labels.items():
        logits = heatmaps[branch]
        if branch == "soft":
            logits = logits * label.confidence[..., None, None]
        losses[f"loss_2d_{branch}"] = heatmap_loss(logits, label.cells, label.learned)
        losses[f"loss_3d_{branch}"] = joints_loss(lifted[branch], label.joints3d)
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
