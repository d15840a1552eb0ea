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


def largest_sum(worth: NDArray[np.float64]) -> Pairs:
    """Pair rows and columns of (n, m), each at most once, so that the sum is the largest; of what is above 0 only."""
    rows = np.flatnonzero(worth.any(axis=1)).tolist()
    best = worth.argmax(axis=1)[rows].tolist() if rows else []
    columns = best if len(set(best)) == len(rows) else _hungarian(-worth[rows])
    return [(i, j) for i, j in zip(rows, columns, strict=True) if j < worth.shape[1] and worth[i, j] > 0]


def _hungarian(cost: NDArray[np.float64]) -> list[int]:
    """The column of each row at the least cost; beyond the last of a row that has none (Jonker and Volgenant 1987)."""
    n = len(cost)
    cost = np.concatenate([cost, np.zeros((n, n))], axis=1)
    of_rows, of_columns = np.zeros(n), np.zeros(cost.shape[1])
    owner = np.full(cost.shape[1], -1)
    for start in range(n):
        # The cheapest path from the row to a free column, over columns that would change their rows.
        reached, before = np.full(cost.shape[1], np.inf), np.full(cost.shape[1], -1)
        done = np.zeros(cost.shape[1], bool)
        row, column, least = start, -1, 0.0
        while row >= 0:
            further = least + cost[row] - of_rows[row] - of_columns
            nearer = ~done & (further < reached)
            reached[nearer], before[nearer] = further[nearer], column
            column = int(np.where(done, np.inf, reached).argmin())
            least, done[column] = float(reached[column]), True
            row = int(owner[column])
        of_rows[start] += least
        passed = np.flatnonzero(done & (owner >= 0))
        of_rows[owner[passed]] += least - reached[passed]
        of_columns[passed] -= least - reached[passed]
        while column >= 0:
            previous = int(before[column])
            owner[column] = owner[previous] if previous >= 0 else start
            column = previous
    return [int(np.flatnonzero(owner == row)[0]) for row in range(n)]
