"""Curves of the results, as PNG bytes."""

from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from orpose_models.evaluation.plots import COLOURS, png
from orpose_models.lab.reproduction.row_record import RowRecord
from orpose_models.lab.reproduction.rows import BY_NAME, ROWS
from orpose_models.lab.reproduction.targets import FOUND, RELEASED, STRICT

_FIGURES = {"keypoint AP": "", "box AP": "", RELEASED: "mm", STRICT: "mm"}
ABLATION = ("all", "all_soft", "all_hard", "all_both")
SCALES = tuple(row.name for row in ROWS if row.name not in ABLATION[1:])
# Share of the persons; a strict error over fewer says nothing of the student, and would set the scale of the axis.
MIN_FOUND = 0.05


def curves(records: Mapping[str, RowRecord], names: Sequence[str]) -> bytes | None:
    """The figures of rows over the downsampling factor, with their intervals; None if no row is there."""
    there = [name for name in names if name in records]
    return png(drawn(records, there, names)) if there else None


def drawn(records: Mapping[str, RowRecord], there: Sequence[str], names: Sequence[str]) -> Figure:
    """The curves of the rows that are there, each in the style that it has among `names`."""
    figure = Figure(figsize=(10, 7.6), layout="constrained")
    # A missing row takes no style from the others.
    styles = {name: (COLOURS[i % len(COLOURS)], "s--" if i >= len(COLOURS) else "o-") for i, name in enumerate(names)}
    for axes, (metric, unit) in zip(figure.subplots(2, 2).flat, _FIGURES.items(), strict=True):
        for name in there:
            _curve(axes, records[name], metric, *styles[name])
        axes.set_title(metric.partition(", hips")[0] + (f", {unit}" if unit else ", per cent"), fontsize=10)
        axes.set_xlabel("downsampling factor")
        axes.grid(alpha=0.3)
    figure.axes[0].legend(fontsize=8)
    return figure


def _curve(axes: Axes, record: RowRecord, name: str, colour: str, style: str) -> None:
    points = []
    for factor in sorted(float(key) for key in record.scales):
        metric = record.metric(factor, name)
        found = record.metric(factor, FOUND)
        thin = name == STRICT and found is not None and (found.value or 0) < MIN_FOUND
        if metric is not None and metric.value is not None and not thin:
            times = 1 if metric.unit == "mm" else 100
            low = metric.value if metric.low is None else metric.low
            high = metric.value if metric.high is None else metric.high
            points.append((factor, times * metric.value, times * low, times * high))
    if points:
        x, y, lows, highs = zip(*points, strict=True)
        axes.plot(x, y, style, ms=4, color=colour, label=BY_NAME[record.row].title)
        axes.fill_between(x, lows, highs, color=colour, alpha=0.12, linewidth=0)
