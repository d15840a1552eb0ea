"""Keypoints to heatmap cells and back: the targets of training and the decoding of predictions (Mask R-CNN's form)."""

from math import sqrt

import torch
from torch import Tensor

from orpose_models.model_format.student_config import Decoding
from orpose_models.vocabulary.skeletons import COCO17

# Share of a box that its person covers: a usual estimate for boxes of COCO.
_FILLED = 0.53


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


def decode_keypoints(logits: Tensor, boxes: Tensor, decoding: Decoding = "cell") -> tuple[Tensor, Tensor]:
    """Place and score of each keypoint.

    'cell' is Mask R-CNN's rule and the paper's: the middle of the highest cell, and the softmax over the map there.

    'oks' takes the map for what it is, a probability of where the keypoint lies, and chooses the place with the highest
    expected similarity (COCO's OKS of this joint, for a person who fills `_FILLED` of the region): the map is
    weighed with the joint's tolerance, and the highest place found between cells by a parabola. The score is the
    expected similarity itself.

    Args:
        logits: (n, k, side, side); of COCO-17 for 'oks'.
        boxes: (n, 4) the regions that the heatmaps cover.
        decoding: see above.

    Returns:
        Keypoints (n, k, 2) in pixels and scores (n, k) in 0..1.
    """
    side = logits.shape[-1]
    flat = logits.flatten(2)
    if decoding == "cell":
        best = flat.argmax(dim=2)
        scores = (flat.gather(2, best[..., None])[..., 0] - flat.logsumexp(dim=2)).exp()
        cell = torch.stack([best % side, best // side], dim=2).to(boxes)
    else:
        kernel = _tolerance(side).to(logits)
        # The tolerance is the same in both directions, so rows and columns are weighed one after the other.
        expected = (kernel @ flat.softmax(dim=2).unflatten(2, (side, side)) @ kernel).flatten(2)
        scores, best = expected.max(dim=2)
        scores = scores.clamp(max=1)
        column, row = best % side, best // side
        cell = torch.stack(
            [
                column + _summit(expected, best, column, side, step=1),
                row + _summit(expected, best, row, side, step=side),
            ],
            dim=2,
        ).to(boxes)
    size = boxes[:, None, 2:] - boxes[:, None, :2]
    return boxes[:, None, :2] + (cell + 0.5) / side * size, scores


def _tolerance(side: int) -> Tensor:
    """(17, side, side): COCO's similarity of a joint to one that lies a row (or column) of cells away."""
    deviation = 2 * torch.tensor(COCO17.oks_sigmas) * (side * sqrt(_FILLED))
    steps = torch.arange(side, dtype=torch.float32)
    return torch.exp(-((steps[:, None] - steps) ** 2) / (2 * deviation[:, None, None] ** 2))


def _summit(values: Tensor, best: Tensor, place: Tensor, side: int, step: int) -> Tensor:
    """How far, in cells, the top of a parabola through the logarithms lies from the highest cell; 0 at the edge."""

    def logarithm(index: Tensor) -> Tensor:
        return values.gather(2, index.clamp(0, side * side - 1)[..., None])[..., 0].clamp(min=1e-30).log()

    before, here, after = logarithm(best - step), logarithm(best), logarithm(best + step)
    bend = (2 * here - before - after).clamp(min=1e-9)
    shift = ((after - before) / (2 * bend)).clamp(-0.5, 0.5)
    return shift * ((place > 0) & (place < side - 1))
