"""A benchmark as a picture."""

import io
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from orpose_models.lab.benchmark.benchmark_files import Benchmark
from orpose_models.lab.benchmark.goals import MEDIAN_MS

# Okabe and Ito's palette: told apart by colour-blind readers too.
_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
_MARKERS = "osv^Dx"


def draw(benchmark: Benchmark, persons: int) -> bytes:
    """Time over persons, stages, and all contenders side by side, as PNG.

    Args:
        persons: in the pictures, for stages and comparison.
    """
    figure = Figure(figsize=(12, 8), layout="constrained")
    upper, lower = figure.subplots(2, 2)
    _over_persons(upper[0], benchmark)
    _stages(upper[1], benchmark, persons)
    _over_reduction(lower[0], benchmark, persons)
    _side_by_side(lower[1], benchmark, persons)
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=110)
    return buffer.getvalue()


def _over_persons(axes: Axes, benchmark: Benchmark) -> None:
    for i, label in enumerate(_own(benchmark)):
        cells = [cell for cell in benchmark.cells if cell.label == label and cell.downsample == 1]
        cells.sort(key=lambda cell: cell.persons)
        axes.plot([c.persons for c in cells], [c.total.median_ms for c in cells], label=label, **_style(i))
    _goal(axes)
    axes.set(xlabel="persons in the picture", ylabel="median ms", title="Pictures as they are", ylim=(0, None))
    axes.legend(fontsize=8)


def _over_reduction(axes: Axes, benchmark: Benchmark, persons: int) -> None:
    for i, label in enumerate(_own(benchmark)):
        cells = [cell for cell in benchmark.cells if (cell.label, cell.persons) == (label, persons)]
        cells.sort(key=lambda cell: cell.downsample)
        axes.plot([c.downsample for c in cells], [c.total.median_ms for c in cells], label=label, **_style(i))
    _goal(axes)
    axes.set(xlabel="downsampling factor", ylabel="median ms", title=f"{persons} persons", ylim=(0, None))


def _stages(axes: Axes, benchmark: Benchmark, persons: int) -> None:
    found = [(label, cell) for label in _own(benchmark) if (cell := benchmark.cell(label, persons))]
    names = list(dict.fromkeys(name for _, cell in found for name in cell.stages))
    left = [0.0] * len(found)
    for i, name in enumerate(names):
        widths = [cell.stages[name].median_ms if name in cell.stages else 0.0 for _, cell in found]
        axes.barh(range(len(found)), widths, left=left, label=name, color=_COLOURS[i % len(_COLOURS)])
        left = [a + b for a, b in zip(left, widths, strict=True)]
    rest = [max(0.0, cell.total.median_ms - done) for (_, cell), done in zip(found, left, strict=True)]
    axes.barh(range(len(found)), rest, left=left, label="the rest", color="0.8")
    axes.set_yticks(range(len(found)), [label for label, _ in found], fontsize=8)
    axes.invert_yaxis()
    axes.set(xlabel="median ms", title=f"Stages, {persons} persons")
    axes.legend(fontsize=8)


def _side_by_side(axes: Axes, benchmark: Benchmark, persons: int) -> None:
    labels = [p.label for p in benchmark.participants]
    found = [(label, cell.total.median_ms) for label in labels if (cell := benchmark.cell(label, persons))]
    found.sort(key=lambda pair: pair[1])
    colours = [_COLOURS[1] if label == benchmark.reference else _COLOURS[0] for label, _ in found]
    bars = axes.barh(range(len(found)), [median for _, median in found], color=colours)
    axes.bar_label(bars, [f"{median:.1f}" for _, median in found], fontsize=8, padding=2)
    axes.set_yticks(range(len(found)), [label for label, _ in found], fontsize=8)
    axes.invert_yaxis()
    axes.set_xscale("log")
    axes.set_xlim(1, 4 * max([median for _, median in found], default=1000))
    axes.set(xlabel="median ms, logarithmic", title=f"Side by side, {persons} persons")


def _goal(axes: Axes) -> None:
    axes.axhline(MEDIAN_MS, color="0.5", linestyle="--", linewidth=1)
    axes.grid(alpha=0.3)


def _own(benchmark: Benchmark) -> list[str]:
    """Models of this project with as many threads as the reference: with all there would be too many lines."""
    reference = benchmark.participant(benchmark.reference)
    return [
        one.label
        for one in benchmark.participants
        if one.kind == "model" and (reference is None or one.threads == reference.threads)
    ]


def _style(i: int) -> dict[str, Any]:
    return {"color": _COLOURS[i % len(_COLOURS)], "marker": _MARKERS[i % len(_MARKERS)]}
