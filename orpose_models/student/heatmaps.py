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


def decode_keypoints(
    logits: Tensor, boxes: Tensor, score_window: int = 1, subpixel: bool = False
) -> tuple[Tensor, Tensor]:
    """Place and score of each keypoint: the middle of the highest cell, and the softmax over the map there.

    Args:
        logits: (n, k, side, side).
        boxes: (n, 4) the regions that the heatmaps cover.
        score_window: the score is the probability of this many cells squared (odd) around the highest.
        subpixel: take the mean place of the 3 x 3 cells around the highest, by their probabilities.

    Returns:
        Keypoints (n, k, 2) in pixels and scores (n, k) in 0..1.
    """
    side = logits.shape[-1]
    flat = logits.flatten(2)
    best = flat.argmax(dim=2)
    if score_window == 1:
        scores = (flat.gather(2, best[..., None])[..., 0] - flat.logsumexp(dim=2)).exp()
    else:
        scores = _around(flat.softmax(dim=2), best, side, score_window).sum(dim=2).clamp(max=1)
    cell = torch.stack([best % side, best // side], dim=2).to(boxes)
    if subpixel:
        near = _around((flat - flat.amax(dim=2, keepdim=True)).exp(), best, side, 3)
        steps = torch.arange(-1, 2).to(boxes)
        shift = torch.stack([near * steps.repeat(3), near * steps.repeat_interleave(3)], dim=2).sum(dim=3)
        cell = cell + shift / near.sum(dim=2, keepdim=True)
    size = boxes[:, None, 2:] - boxes[:, None, :2]
    return boxes[:, None, :2] + (cell + 0.5) / side * size, scores


def _around(maps: Tensor, cells: Tensor, side: int, window: int) -> Tensor:
    """Values (n, k, window ** 2) of maps (n, k, side ** 2) around cells (n, k), row by row; 0 outside."""
    steps = torch.arange(window, device=maps.device) - window // 2
    row = (cells // side)[..., None] + steps.repeat_interleave(window)
    column = (cells % side)[..., None] + steps.repeat(window)
    inside = (row >= 0) & (row < side) & (column >= 0) & (column < side)
    index = row.clamp(0, side - 1) * side + column.clamp(0, side - 1)
    return maps.gather(2, index) * inside
