"""Figures of samples."""

from collections.abc import Sequence

import numpy as np

from orpose_models.lab.benchmark.benchmark_files import Timing

# Of fewer calls a 95th percentile says nothing.
MIN_CALLS_P95 = 20


def timing(seconds: Sequence[float]) -> Timing:
    """Median and 95th percentile (linear between neighbours) of samples.

    Raises:
        ValueError: there are no samples.
    """
    if not seconds:
        raise ValueError("no samples")
    median, p95 = np.percentile(np.asarray(seconds) * 1000, [50, 95])
    return Timing(
        calls=len(seconds),
        median_ms=round(float(median), 3),
        p95_ms=round(float(p95), 3) if len(seconds) >= MIN_CALLS_P95 else None,
    )


def slope(x: Sequence[float], y: Sequence[float]) -> float | None:
    """Slope of the least-squares line through points; None unless there are two different x."""
    if len(set(x)) < 2:
        return None
    centred = np.asarray(x, np.float64) - np.mean(x)
    return float(centred @ np.asarray(y, np.float64) / (centred @ centred))
