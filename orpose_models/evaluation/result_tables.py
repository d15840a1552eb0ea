"""Figures for the terminal and as CSV."""

import csv
from pathlib import Path

from rich.table import Table

from orpose_models.evaluation.compare import Comparison
from orpose_models.evaluation.result import Evaluation, Metric
from orpose_models.files.disk import atomic_path

_BLANK = "-"
_DIGITS = {"mm": 1, "px": 1, "persons": 0}  # of a unit; four of a share


def number(value: float | None, unit: str = "") -> str:
    """A figure with the digits that it deserves; '-' where it is not defined."""
    if value is None:
        return _BLANK
    return f"{value:.{_DIGITS.get(unit, 4)}f}"


def with_interval(metric: Metric) -> str:
    """A figure with its interval."""
    text = number(metric.value, metric.unit)
    if metric.low is None or metric.high is None:
        return text
    return f"{text} [{number(metric.low, metric.unit)}, {number(metric.high, metric.unit)}]"


def metric_names(evaluation: Evaluation) -> list[str]:
    """The names of all figures, in the order of the first result that has them."""
    return list(dict.fromkeys(name for result in evaluation.results for name in result.metrics))


def result_notes(evaluation: Evaluation) -> list[tuple[str, str]]:
    """The notes of the results, each once, with the results that it is of: 'all' or their names."""
    notes = list(dict.fromkeys(note for result in evaluation.results for note in result.notes))
    whose = [(note, [result.label for result in evaluation.results if note in result.notes]) for note in notes]
    return [(note, "all" if len(names) == len(evaluation.results) else ", ".join(names)) for note, names in whose]


def metrics_table(evaluation: Evaluation) -> Table:
    """All figures, a column per result."""
    table = Table("figure", *(result.label for result in evaluation.results), "unit", title=f"on {evaluation.dataset}")
    group = None
    for name in metric_names(evaluation):
        metrics = [result.metrics.get(name) for result in evaluation.results]
        first = next(metric for metric in metrics if metric is not None)
        if group is not None and first.convention != group:
            table.add_section()
        group = first.convention
        table.add_row(name, *(with_interval(m) if m else _BLANK for m in metrics), first.unit)
    return table


def breakdown_tables(evaluation: Evaluation) -> list[Table]:
    """The break-downs of every result."""
    tables = []
    for result in evaluation.results:
        for title, rows in result.tables.items():
            columns = list(dict.fromkeys(column for row in rows.values() for column in row))
            table = Table("", *columns, title=f"{title} - {result.label}")
            unit = "mm" if title.endswith("mm") else ""
            for name, row in rows.items():
                table.add_row(name, *(_cell(row.get(column), unit, column) for column in columns))
            tables.append(table)
    return tables


def _cell(value: float | None, unit: str, column: str) -> str:
    return f"{value:.0f}" if value is not None and column == "number" else number(value, unit)


def comparison_table(comparison: Comparison) -> Table:
    """Differences with their intervals."""
    left_out = comparison.only_a + comparison.only_b
    note = f", {left_out} that only one has are left out" if left_out else ""
    table = Table("figure", "A", "B", "B - A [95 % interval]", "", "unit")
    table.title = f"A: {comparison.a}   B: {comparison.b}   {comparison.images} images{note}"
    for d in comparison.differences:
        difference = number(d.difference, d.unit)
        if d.low is not None and d.high is not None:
            difference += f" [{number(d.low, d.unit)}, {number(d.high, d.unit)}]"
        table.add_row(d.metric, number(d.a, d.unit), number(d.b, d.unit), difference, d.verdict, d.unit)
    return table


def write_csv(evaluation: Evaluation, path: str | Path) -> None:
    """One line per figure and result: result, downsample, figure, value, low, high, unit, convention, note."""
    with atomic_path(path) as temporary, temporary.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["result", "downsample", "figure", "value", "low", "high", "unit", "convention", "note"])
        for result in evaluation.results:
            for name, metric in result.metrics.items():
                numbers = ["" if x is None else repr(x) for x in (metric.value, metric.low, metric.high)]
                factor = "" if result.downsample is None else f"{result.downsample:g}"
                writer.writerow([result.name, factor, name, *numbers, metric.unit, metric.convention, metric.note])
