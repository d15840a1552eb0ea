"""Keypoints to heatmap cells and back: the targets of training and the decoding of predictions (Mask R-CNN's form)."""

import torch
from torch import Tensor


def encode_keypoints(keypoints: Tensor, valid: Tensor, boxes: Tensor, side: int) -> tuple[Tensor, Tensor]:
    """The heatmap cell of each keypoint.

    Args:
        keypoints: (n, k, 2) pixels.
        valid: (n, k) bool, which are labelled.
        boxes: (n, 4) the regions that the heatmaps cover.
        side: cells per side.

    Returns:
        Flat cell indices (n, k) int64, row by row, and whether they are to be learned (n, k): labelled and inside.
    """
    size = (boxes[:, None, 2:] - boxes[:, None, :2]).clamp(min=1e-6)
    place = (keypoints - boxes[:, None, :2]) / size
    # The far edge of the region belongs to the last cell.
    cell = torch.where(place == 1, side - 1, (place * side).floor()).nan_to_num(-1)
    inside = ((cell >= 0) & (cell < side)).all(dim=2) & valid
    column, row = cell.clamp(0, side - 1).long().unbind(dim=2)
    return (row * side + column) * inside, inside


def decode_keypoints(logits: Tensor, boxes: Tensor) -> tuple[Tensor, Tensor]:
    """Place and score of each keypoint: the middle of the highest cell, and the softmax over the map there.

    Args:
        logits: (n, k, side, side).
        boxes: (n, 4) the regions that the heatmaps cover.

    Returns:
        Keypoints (n, k, 2) in pixels and scores (n, k) in 0..1.
    """
    side = logits.shape[-1]
    flat = logits.flatten(2)
    best = flat.argmax(dim=2)
    scores = (flat.gather(2, best[..., None])[..., 0] - flat.logsumexp(dim=2)).exp()
    cell = torch.stack([best % side, best // side], dim=2)
    size = boxes[:, None, 2:] - boxes[:, None, :2]
    return boxes[:, None, :2] + (cell + 0.5) / side * size, scores
