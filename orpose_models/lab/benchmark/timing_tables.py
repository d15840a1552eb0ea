"""Results as tables, for the terminal and for documents alike."""

from dataclasses import dataclass

from rich.table import Table

from orpose_models.lab.benchmark.benchmark_files import Benchmark, Cell, NodeBenchmark, Participant, Timing
from orpose_models.lab.benchmark.goals import Verdict, fairness, person_cost, reduced_share, runtime_verdicts
from orpose_models.lab.benchmark.timing_statistics import timing

BLANK = "-"


@dataclass(frozen=True)
class Sheet:
    """A table of texts with notes under it; the first column is text, the others are figures."""

    title: str
    header: list[str]
    rows: list[list[str]]
    notes: tuple[str, ...] = ()

    def rich(self) -> Table:
        """For the terminal."""
        table = Table(title=self.title, caption="\n".join(self.notes) or None, caption_justify="left")
        for i, name in enumerate(self.header):
            table.add_column(name, justify="right" if i else "left")
        for row in self.rows:
            table.add_row(*row)
        return table

    def markdown(self) -> str:
        """As Markdown, without the title."""
        rules = ["---", *["--:"] * (len(self.header) - 1)]
        return "\n".join(f"| {' | '.join(row)} |" for row in [self.header, rules, *self.rows]) + "\n"


def goals_sheet(verdicts: list[Verdict]) -> Sheet:
    """Every goal and what became of it."""
    rows = [[v.goal, v.measured, v.word, v.remark] for v in verdicts]
    return Sheet("Goals", ["goal", "measured", "verdict", "remark"], rows)


def speed_sheets(benchmark: Benchmark) -> list[Sheet]:
    """Durations of the project's models: a table for every factor, a column for every number of persons."""
    persons = [int(n) for n in benchmark.settings["persons"]]
    sheets = []
    for factor in benchmark.settings["downsample"]:
        rows = []
        for participant in _own(benchmark):
            cells = [benchmark.cell(participant.label, n, factor) for n in persons]
            if any(cells):
                rows.append([participant.label, *(_duration(cell) for cell in cells)])
        title = "milliseconds, median / 95th percentile"
        title += f", pictures reduced {factor:g} times" if factor > 1 else ", pictures as they are"
        sheets.append(Sheet(title, ["", *(_persons(n) for n in persons)], rows))
    return sheets


def stages_sheet(benchmark: Benchmark, persons: int) -> Sheet:
    """Medians of the parts, pictures as they are."""
    found = [(p.label, cell) for p in _own(benchmark) if (cell := benchmark.cell(p.label, persons))]
    names = list(dict.fromkeys(name for _, cell in found for name in cell.stages))
    rows = []
    for label, cell in found:
        parts = [cell.stages[name].median_ms if name in cell.stages else None for name in names]
        known = [part for part in parts if part is not None]
        rest = cell.total.median_ms - sum(known) if known else None
        rows.append([label, *(_number(part) for part in parts), _number(rest), _number(cell.total.median_ms)])
    return Sheet(f"stages with {_persons(persons)}, median milliseconds", ["", *names, "the rest", "all"], rows)


def needs_sheet(benchmark: Benchmark) -> Sheet:
    """What every contender needs besides time."""
    rows = []
    building = any(participant.building is not None for participant in benchmark.participants)
    header = ["", "MB", "MB at most", "s to first pose", "starts", "ms per person", "processors busy"]
    header += ["s to first pose, nothing kept"] * building
    for participant in benchmark.participants:
        if participant.problem:
            rows.append([participant.label, *[BLANK] * (len(header) - 1)])
            continue
        cost = person_cost(benchmark, participant.label)
        cells = [c for c in benchmark.cells if c.label == participant.label]
        starts = [start.seconds for start in participant.starts]
        first = timing(starts).median_ms / 1000 if starts else None
        cores = max((cell.cores for cell in cells), default=None)
        rows.append(
            [
                participant.label,
                _number(participant.rss_mb, 0),
                _number(participant.peak_mb, 0),
                _number(first, 2),
                str(len(starts)),
                _number(cost, 2),
                _number(cores, 2),
                *[_number(participant.building.seconds if participant.building else None, 2)] * building,
            ]
        )
    return Sheet("memory beyond the interpreter, start, cost of a person", header, rows)


def comparison_sheet(benchmark: Benchmark, persons: int) -> Sheet:
    """Every contender beside the reference, pictures as they are."""
    reference = benchmark.cell(benchmark.reference, persons)
    rows: list[list[str]] = []
    notes: list[str] = []
    for participant in benchmark.participants:
        cell = benchmark.cell(participant.label, persons)
        if participant.problem or cell is None:
            rows.append([participant.label, *[BLANK] * 5])
            notes.append(f"{participant.label}: not measured; {participant.problem or 'not at this case'}")
            continue
        if participant.note:
            notes.append(f"{participant.label}: {participant.note}")
        times = cell.total.median_ms / reference.total.median_ms if reference else None
        rows.append(
            [
                participant.label,
                _number(cell.total.median_ms),
                _number(cell.total.p95_ms),
                str(cell.total.calls),
                _number(times, 2),
                f"{cell.processed:g}",
            ]
        )
    header = ["", "median ms", "95 % ms", "calls", "times the reference", "persons processed"]
    title = f"{_persons(persons)}, side by side; the reference is {benchmark.reference}"
    return Sheet(title, header, rows, tuple(notes))


def found_sheet(benchmark: Benchmark) -> Sheet:
    """How many persons the reference worked on and reported."""
    cells = [cell for cell in benchmark.cells if cell.label == benchmark.reference]
    rows = [[f"{c.persons}", f"{c.downsample:g}", f"{c.processed:g}", f"{c.reported:g}"] for c in cells]
    header = ["persons in the pictures", "reduced", "processed", "reported"]
    return Sheet(f"persons found, mean of all calls, {benchmark.reference}", header, rows)


def reduced_sheet(benchmark: Benchmark, persons: int) -> Sheet:
    """Time with reduced pictures by that without."""
    factors = [factor for factor in benchmark.settings["downsample"] if factor > 1]
    rows = []
    for participant in _own(benchmark):
        shares = reduced_share(benchmark, participant.label, persons)
        if shares:
            rows.append([participant.label, *(f"{shares[f]:.0%}" if f in shares else BLANK for f in factors)])
    header = ["", *(f"{factor:g} times" for factor in factors)]
    return Sheet(f"time with reduced pictures by that without, {_persons(persons)}", header, rows)


def robustness_sheet(benchmark: Benchmark) -> Sheet:
    """The reference beside busy processes."""
    rows = []
    if r := benchmark.robustness:
        for name, one in (
            ("nothing else", r.alone),
            ("one busy process", r.one_core),
            ("a busy process for every processor", r.all_cores),
        ):
            times = one.median_ms / r.alone.median_ms
            rows.append([name, _number(one.median_ms), _number(one.p95_ms), _number(times, 2)])
    label = benchmark.robustness.label if benchmark.robustness else ""
    return Sheet(f"beside other processes, {label}", ["beside", "median ms", "95 % ms", "times alone"], rows)


def node_sheets(benchmark: NodeBenchmark) -> list[Sheet]:
    """The node: what it adds, and what becomes of its cameras' images."""
    both = (("model without the node", benchmark.bare), ("node, image to poses", benchmark.node))
    overhead = Sheet(
        f"the node's own time, {_persons(benchmark.persons)}, one image at a time",
        ["", "median ms", "95 % ms", "calls"],
        [[name, *_timing(one), str(one.calls)] for name, one in both],
    )
    sheets = [overhead]
    for run in (benchmark.single, benchmark.several):
        number = len(run.cameras)
        rows = [
            [c.name, *map(str, (c.sent, c.received, c.processed, c.dropped)), _number(c.rate), _number(c.oldest_ms)]
            for c in run.cameras
        ]
        title = (
            f"{number} camera{'s' if number > 1 else ''} at {run.fps:g} images a second for {run.seconds:g} s; "
            f"stamp to poses {_number(run.latency.median_ms)} / {_number(run.latency.p95_ms)} ms"
        )
        title += f"; slowest rate by fastest {fairness(run):.2f}" if number > 1 else ""
        header = ["camera", "sent", "received", "processed", "dropped", "results a second", "oldest ms when taken"]
        sheets.append(Sheet(title, header, rows))
    return sheets


def runtime_sheets(benchmark: Benchmark, persons: int) -> list[Sheet]:
    """All that a benchmark has to say, with its goals at the end."""
    sheets = [
        *speed_sheets(benchmark),
        stages_sheet(benchmark, persons),
        needs_sheet(benchmark),
        found_sheet(benchmark),
    ]
    sheets += [robustness_sheet(benchmark)] if benchmark.robustness else []
    return [*sheets, comparison_sheet(benchmark, persons), goals_sheet(runtime_verdicts(benchmark))]


def _own(benchmark: Benchmark) -> list[Participant]:
    return [participant for participant in benchmark.participants if participant.kind == "model"]


def _duration(cell: Cell | None) -> str:
    return f"{_number(cell.total.median_ms)} / {_number(cell.total.p95_ms)}" if cell else BLANK


def _timing(one: Timing) -> list[str]:
    return [_number(one.median_ms), _number(one.p95_ms)]


def _number(value: float | None, digits: int = 1) -> str:
    return BLANK if value is None else f"{value:.{digits}f}"


def _persons(number: int) -> str:
    return f"{number} person{'s' if number != 1 else ''}"
