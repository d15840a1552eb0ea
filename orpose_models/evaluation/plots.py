"""Plots of an evaluation, as PNG bytes."""

import io
from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from orpose_models.evaluation.calibrating import Judged
from orpose_models.evaluation.result import Evaluation, Result

# Okabe and Ito's palette: told apart by colour-blind readers too.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
_FEW = 20  # joints, below which a share says little
CURVES = (
    "box AP",
    "keypoint AP",
    "PCK@0.2",
    "MPJPE released, hips unmapped",
    "MPJPE strict, hips unmapped",
    "3D recall strict, hips unmapped",
)


def curves(evaluation: Evaluation) -> bytes | None:
    """Figures over the downsampling factor with their intervals; None unless some result has two factors."""
    by_name: dict[str, list[Result]] = {}
    for result in evaluation.results:
        if result.downsample is not None:
            by_name.setdefault(result.name, []).append(result)
    lines = {name: sorted(rs, key=lambda r: r.downsample or 0) for name, rs in by_name.items() if len(rs) > 1}
    shown = [c for c in CURVES if any(c in r.metrics and r.metrics[c].value is not None for r in evaluation.results)]
    if not lines or not shown:
        return None
    columns = min(3, len(shown))
    rows = -(-len(shown) // columns)
    figure = Figure(figsize=(4.2 * columns, 3.2 * rows), layout="constrained")
    for i, name in enumerate(shown):
        axes = figure.add_subplot(rows, columns, i + 1)
        for colour, (label, results) in zip(cycled(len(lines)), lines.items(), strict=True):
            _curve(axes, name, label, results, colour)
        axes.set_title(name, fontsize=10)
        axes.set_xlabel("downsampling factor")
        axes.grid(alpha=0.3)
        if i == 0:
            axes.legend(fontsize=8)
    return png(figure)


def _curve(axes: Axes, name: str, label: str, results: Sequence[Result], colour: str) -> None:
    points = []
    for result in results:
        metric = result.metrics.get(name)
        if metric is not None and metric.value is not None:
            low = metric.value if metric.low is None else metric.low
            high = metric.value if metric.high is None else metric.high
            points.append((result.downsample, metric.value, low, high))
            axes.set_ylabel(metric.unit or "share")
    if points:
        x, y, lows, highs = zip(*points, strict=True)
        axes.plot(x, y, "o-", color=colour, label=label)
        axes.fill_between(x, lows, highs, color=colour, alpha=0.2)


def reliability_diagram(result: Result) -> bytes | None:
    """Share of right joints over their score, and how many joints there are; None without joints."""
    full = [(low, high, n, mean, share) for low, high, n, mean, share in result.reliability if n]
    if not full:
        return None
    figure = Figure(figsize=(4.2, 4.2), layout="constrained")
    axes, counts = figure.subplots(2, 1, height_ratios=[3, 1], sharex=True)
    axes.plot([0, 1], [0, 1], "--", color="0.5", label="honest")
    axes.plot([b[3] for b in full], [b[4] for b in full], "o-", color=COLOURS[0], label=result.label)
    axes.set_ylabel("share right")
    axes.set_ylim(0, 1)
    axes.legend(fontsize=8)
    axes.grid(alpha=0.3)
    counts.bar([b[0] for b in full], [b[2] for b in full], [b[1] - b[0] for b in full], align="edge", color=COLOURS[5])
    counts.set_xlabel("keypoint score")
    counts.set_ylabel("joints")
    counts.set_xlim(0, 1)
    return png(figure)


def calibration_diagram(judged: Sequence[Judged]) -> bytes:
    """Reliability before and after calibration, cross-validated; a line for each of the parts.

    Bins of few joints have no point.
    """
    figure = Figure(figsize=(8.4, 5), layout="constrained")
    (left, right), (left_counts, right_counts) = figure.subplots(2, 2, height_ratios=[3, 1], sharex=True)
    everything = judged[-1]
    for axes, counts, title in ((left, left_counts, "before"), (right, right_counts, "after")):
        axes.plot([0, 1], [0, 1], "--", color="0.5", label="honest")
        for colour, part in zip(cycled(len(judged)), judged, strict=True):
            found = getattr(part, title)
            full = [(mean, share) for _, _, number, mean, share in found.bins if number >= _FEW]
            error = "-" if found.ece is None else f"{found.ece:.3f}"
            label = f"{part.name}, ECE {error}"
            axes.plot([m for m, _ in full], [s for _, s in full], "o-", color=colour, ms=4, label=label)
        axes.set_title(title, fontsize=10)
        axes.set_ylabel("share right")
        axes.set_ylim(0, 1)
        axes.legend(fontsize=8)
        axes.grid(alpha=0.3)
        bins = getattr(everything, title).bins
        counts.bar(
            [b[0] for b in bins], [b[2] for b in bins], [b[1] - b[0] for b in bins], align="edge", color=COLOURS[5]
        )
        counts.set_xlabel("keypoint score")
        counts.set_ylabel("joints")
        counts.set_xlim(0, 1)
    return png(figure)


def cycled(n: int) -> list[str]:
    """n colours."""
    return [COLOURS[i % len(COLOURS)] for i in range(n)]


def png(figure: Figure) -> bytes:
    """The figure as a PNG file."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=110)
    return buffer.getvalue()
