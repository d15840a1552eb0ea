"""Keypoints to heatmap cells and back (Mask R-CNN's form)."""

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class HeatmapCodec:
    """How keypoints and the heatmaps of regions belong together.

    Attributes:
        side: cells per side of a heatmap.
    """

    side: int

    def encode(self, keypoints: Tensor, valid: Tensor, boxes: Tensor) -> tuple[Tensor, Tensor]:
        """The cell of each keypoint.

        Args:
            keypoints: (n, k, 2) pixels.
            valid: (n, k) bool, which are labelled.
            boxes: (n, 4) the regions that the heatmaps cover.

        Returns:
            Flat cell indices (n, k) int64, row by row, and whether they are to be learned (n, k): labelled and inside.
        """
        side = self.side
        size = (boxes[:, None, 2:] - boxes[:, None, :2]).clamp(min=1e-6)
        place = (keypoints - boxes[:, None, :2]) / size
        # The far edge of the region belongs to the last cell.
        cell = torch.where(place == 1, side - 1, (place * side).floor()).nan_to_num(-1)
        inside = ((cell >= 0) & (cell < side)).all(dim=2) & valid
        column, row = cell.clamp(0, side - 1).long().unbind(dim=2)
        return (row * side + column) * inside, inside

    def decode(self, logits: Tensor, boxes: Tensor) -> tuple[Tensor, Tensor]:
        """Place and score of each keypoint: the middle of the highest cell, and the softmax over the map there.

        Args:
            logits: (n, k, side, side).
            boxes: (n, 4) the regions that the heatmaps cover.

        Returns:
            Keypoints (n, k, 2) in pixels and scores (n, k) in 0..1.
        """
        flat = logits.flatten(2)
        best = flat.argmax(dim=2)
        scores = (flat.gather(2, best[..., None])[..., 0] - flat.logsumexp(dim=2)).exp()
        cell = torch.stack([best % self.side, best // self.side], dim=2).to(boxes)
        size = boxes[:, None, 2:] - boxes[:, None, :2]
        return boxes[:, None, :2] + (cell + 0.5) / self.side * size, scores
