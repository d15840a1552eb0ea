"""Pairing things one-to-one by a score."""

import numpy as np
from numpy.typing import NDArray

Pairs = list[tuple[int, int]]  # row, column


def one_to_one(scores: NDArray[np.float64], threshold: float) -> Pairs:
    """Pair rows and columns of (n, m) greedily, best score first, each at most once, while it reaches `threshold`."""
    remaining = scores.copy()
    pairs = []
    while remaining.size and remaining.max() >= threshold:
        row, column = (int(i) for i in np.unravel_index(int(remaining.argmax()), remaining.shape))
        pairs.append((row, column))
        remaining[row], remaining[:, column] = -np.inf, -np.inf
    return sorted(pairs)
