"""Proposals, boxes and pooled features with numpy alone; each function does what its namesake in `student` does."""

import math
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from orpose_models.model_format.student_config import StudentConfig
from orpose_models.vocabulary.resolution import Size

Floats = NDArray[np.float32]

_MAX_LOG_SCALE = np.float32(math.log(1000 / 16))
PROPOSAL_WEIGHTS = (1.0, 1.0, 1.0, 1.0)
BOX_WEIGHTS = (10.0, 10.0, 5.0, 5.0)


@lru_cache(maxsize=8)
def anchors(config: StudentConfig, padded: Size) -> tuple[tuple[Floats, ...], tuple[int, ...]]:
    """Anchors (a_l, 4) of each level for an input of width, height, and where each level ends, counted together."""
    width, height = padded
    levels = []
    ratios = np.array(config.aspect_ratios)
    for i, size in enumerate(config.anchor_sizes):
        stride = config.strides[i]
        rows, columns = -(-height // stride), -(-width // stride)
        w = size / np.sqrt(ratios)
        h = ratios * w
        cell = (np.stack([-w, -h, w, h], axis=1) / 2).astype(np.float32)
        y, x = np.mgrid[:rows, :columns] * stride
        shifts = np.stack([x, y, x, y], axis=-1).reshape(-1, 1, 4)
        levels.append((shifts + cell).reshape(-1, 4).astype(np.float32))
    return tuple(levels), tuple(np.cumsum([len(level) for level in levels]).tolist())


def decode_boxes(deltas: Floats, references: Floats, weights: tuple[float, float, float, float]) -> Floats:
    """Boxes (n, 4) from regressed deltas (n, 4) and the boxes (n, 4) that they refer to."""
    size = references[:, 2:] - references[:, :2]
    scaled = deltas / np.array(weights, np.float32)
    centre = scaled[:, :2] * size + (references[:, :2] + np.float32(0.5) * size)
    half = np.float32(0.5) * np.exp(np.minimum(scaled[:, 2:], _MAX_LOG_SCALE)) * size
    return np.concatenate([centre - half, centre + half], axis=1)


def clip_boxes(boxes: Floats, size: Size) -> Floats:
    """Boxes (n, 4) limited to an image of width, height."""
    return np.clip(boxes, 0, np.array([*size, *size], np.float32))


def suppress(boxes: Floats, threshold: float) -> NDArray[np.intp]:
    """Indices of boxes (n, 4), best first, none of which overlaps a better one of them by more than `threshold`."""
    x0, y0, x1, y1 = boxes.T.copy()
    width = np.minimum.outer(x1, x1) - np.maximum.outer(x0, x0)
    height = np.minimum.outer(y1, y1) - np.maximum.outer(y0, y0)
    shared = np.maximum(width, 0, out=width) * np.maximum(height, 0, out=height)
    area = (x1 - x0) * (y1 - y0)
    over = shared > np.float32(threshold) * (np.add.outer(area, area) - shared)
    # Each row as one whole number, a bit for each box.
    packed = np.packbits(over, axis=1, bitorder="little")
    rows, length = packed.tobytes(), packed.shape[1]
    gone, kept = 0, []
    for i in range(len(boxes)):
        if not (gone >> i) & 1:
            kept.append(i)
            gone |= int.from_bytes(rows[i * length : (i + 1) * length], "little")
    return np.array(kept, np.intp)


def select_proposals(logits: Floats, deltas: Floats, size: Size, padded: Size, config: StudentConfig) -> Floats:
    """The best proposals (m, 4), best first.

    Args:
        logits, deltas: (a,) and (a, 4) of all anchors, level after level.
        size: width, height of the image within its padding.
        padded: width, height of the network's input.
    """
    before, after = config.proposals_before_nms[1], config.proposals_after_nms[1]
    levels, ends = anchors(config, padded)
    boxes, scores = [], []
    start = 0
    for level, end in zip(levels, ends, strict=True):
        best = start + _highest(logits[start:end], before)
        box = clip_boxes(decode_boxes(deltas[best], level[best - start], PROPOSAL_WEIGHTS), size)
        score = logits[best]
        valid = np.isfinite(box).all(axis=1) & np.isfinite(score) & (box[:, 2:] > box[:, :2]).all(axis=1)
        box, score = box[valid], score[valid]
        kept = suppress(box, config.proposal_nms)
        boxes.append(box[kept])
        scores.append(score[kept])
        start = end
    order = np.argsort(-np.concatenate(scores), kind="stable")[:after]
    return np.concatenate(boxes)[order]


def _highest(values: Floats, number: int) -> NDArray[np.intp]:
    """Indices of the highest values, highest first; of equal ones the first."""
    if len(values) > number:
        limit = np.partition(values, len(values) - number)[len(values) - number]
        chosen = np.flatnonzero(values >= limit)
    else:
        chosen = np.arange(len(values))
    return chosen[np.argsort(-values[chosen], kind="stable")][:number]


def select_boxes(
    scores: Floats, deltas: Floats, proposals: Floats, size: Size, config: StudentConfig
) -> tuple[Floats, Floats]:
    """The persons: boxes (n, 4) and scores (n,), best first, from what the box head says of proposals (m, 4)."""
    boxes = decode_boxes(deltas, proposals, BOX_WEIGHTS)
    valid = np.flatnonzero(np.isfinite(boxes).all(axis=1) & np.isfinite(scores) & (scores > config.score_threshold))
    best = valid[np.argsort(-scores[valid], kind="stable")]
    boxes = clip_boxes(boxes[best], size)
    kept = suppress(boxes, config.box_nms)[: config.max_persons]
    return boxes[kept], scores[best][kept]


def pool_regions(maps: list[Floats], strides: tuple[int, ...], boxes: Floats, cells: int) -> Floats:
    """Features (r, cells, cells, c) of boxes (r, 4), from maps (h_l, w_l, c) of these strides (RoIAlign).

    A cell's value is the mean over sampling points of a bilinear interpolation, hence a weighted sum of the map's
    values; the weights are products of one of the row and one of the column, and make a sparse matrix.
    """
    side = np.sqrt((boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1]))
    level = np.floor(4 + np.log2(side / 224 + 1e-8))
    first = int(math.log2(strides[0]))
    level = np.clip(level, first, first + len(strides) - 1) - first
    pooled = np.empty((len(boxes), cells, cells, maps[0].shape[2]), np.float32)
    for i, (values, stride) in enumerate(zip(maps, strides, strict=True)):
        chosen = np.flatnonzero(level == i)
        if len(chosen):
            pooled[chosen] = _pool(values, boxes[chosen] / stride - 0.5, cells)
    return pooled


def _pool(values: Floats, boxes: NDArray[np.floating], cells: int) -> Floats:
    height, width, channels = values.shape
    n = len(boxes)
    column, across = _weights(boxes[:, 0], boxes[:, 2], width, cells)
    row, down = _weights(boxes[:, 1], boxes[:, 3], height, cells)
    data = down[:, :, None, :, None] * across[:, None, :, None, :]
    index = row[:, :, None, :, None] * width + column[:, None, :, None, :]
    used = data != 0
    ends = np.zeros(n * cells * cells + 1, np.int32)
    np.cumsum(np.count_nonzero(used.reshape(len(ends) - 1, -1), axis=1), out=ends[1:])
    matrix = csr_array((data[used], index[used], ends), (len(ends) - 1, height * width))
    return (matrix @ values.reshape(-1, channels)).reshape(n, cells, cells, channels)


def _weights(low: NDArray, high: NDArray, length: int, cells: int) -> tuple[NDArray[np.int32], Floats]:
    """Which places of an axis weigh how much in each cell of an interval: indices and weights (n, cells, m).

    Each cell has as many sampling points as it is long, rounded up. A point beyond the map by more than 1 counts as 0.
    """
    n = len(low)
    step = (high - low) / cells
    samples = np.maximum(np.ceil(step), 1)[:, None, None]
    k = np.arange(int(samples.max()))
    place = low[:, None, None] + step[:, None, None] * (np.arange(cells)[:, None] + (k + 0.5) / samples)
    weight = np.where((k < samples) & (place >= -1) & (place <= length), 1 / samples, 0)
    place = np.clip(place, 0, length - 1)
    below = np.floor(place)
    fraction = place - below
    # Neighbouring points share places: the weights are gathered in a window that begins at the first point's place.
    start = np.minimum(below[:, :, 0], length - 1)
    offset = (below - start[:, :, None]).astype(np.intp)
    span = int(np.where(weight > 0, offset, 0).max()) + 2
    offset = np.minimum(offset, span - 2)
    flat = (np.arange(n * cells) * span).reshape(n, cells, 1) + offset
    total = n * cells * span
    gathered = np.bincount(flat.ravel(), (weight * (1 - fraction)).ravel(), total)
    gathered += np.bincount(flat.ravel() + 1, (weight * fraction).ravel(), total)
    # What lies behind the map has no weight; any index does.
    index = np.minimum(start[:, :, None] + np.arange(span), length - 1).astype(np.int32)
    return index, gathered.reshape(n, cells, span).astype(np.float32)
