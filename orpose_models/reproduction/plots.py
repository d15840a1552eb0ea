"""Curves of the results, as PNG bytes."""

from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from orpose_models.evaluation.plots import cycled, png
from orpose_models.reproduction.record import RowRecord
from orpose_models.reproduction.rows import BY_NAME, ROWS
from orpose_models.reproduction.targets import RELEASED, STRICT

_FIGURES = {"keypoint AP": "", "box AP": "", RELEASED: "mm", STRICT: "mm"}
ABLATION = ("all", "all_soft", "all_hard", "all_both")
SCALES = tuple(row.name for row in ROWS if row.name not in ABLATION[1:])


def curves(records: Mapping[str, RowRecord], names: Sequence[str]) -> bytes | None:
    """The figures of rows over the downsampling factor, with their intervals; None if no row is there."""
    there = [name for name in names if name in records]
    if not there:
        return None
    figure = Figure(figsize=(10, 7.6), layout="constrained")
    colours = dict(zip(names, cycled(len(names)), strict=True))  # a missing row takes no colour from the others
    for axes, (metric, unit) in zip(figure.subplots(2, 2).flat, _FIGURES.items(), strict=True):
        for name in there:
            _curve(axes, records[name], metric, colours[name])
        axes.set_title(metric.partition(", hips")[0] + (f", {unit}" if unit else ", per cent"), fontsize=10)
        axes.set_xlabel("downsampling factor")
        axes.grid(alpha=0.3)
    figure.axes[0].legend(fontsize=8)
    return png(figure)


def _curve(axes: Axes, record: RowRecord, name: str, colour: str) -> None:
    points = []
    for factor in sorted(float(key) for key in record.scales):
        metric = record.metric(factor, name)
        if metric is not None and metric.value is not None:
            times = 1 if metric.unit == "mm" else 100
            low = metric.value if metric.low is None else metric.low
            high = metric.value if metric.high is None else metric.high
            points.append((factor, times * metric.value, times * low, times * high))
    if points:
        x, y, lows, highs = zip(*points, strict=True)
        axes.plot(x, y, "o-", ms=4, color=colour, label=BY_NAME[record.row].title)
        axes.fill_between(x, lows, highs, color=colour, alpha=0.12, linewidth=0)
