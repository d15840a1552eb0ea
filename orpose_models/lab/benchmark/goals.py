"""What the runtime is to achieve, and whether it does: a verdict for every goal from what was measured."""

from collections.abc import Callable
from dataclasses import dataclass

from orpose_models.lab.benchmark.measure import REFERENCE_PERSONS
from orpose_models.lab.benchmark.result import Benchmark, NodeBenchmark, NodeRun
from orpose_models.lab.benchmark.timing_statistics import slope

MEDIAN_MS, STRETCH_MS, P95_MS = 40.0, 25.0, 60.0
MEMORY_MB, START_S, PERSON_MS = 350.0, 3.0, 1.5
REDUCED_FROM, REDUCED_SHARE = 8.0, 0.6
OVERHEAD_SHARE, OVERHEAD_MS = 0.1, 3.0
FAIRNESS = 0.9
IDLE_CPU = 0.01
# Threads other than the model's, such as Python's own, take a little as well.
CORES_TOLERANCE = 0.1
SAME_PX, SAME_MM = 0.5, 2.0

MISSING = "not measured"


@dataclass(frozen=True)
class Verdict:
    """A goal and what became of it.

    Attributes:
        goal: in words.
        measured: the figure with its unit, or 'not measured'.
        met: None if it was not measured.
        remark: what a reader should know.
    """

    goal: str
    measured: str
    met: bool | None
    remark: str = ""

    @property
    def word(self) -> str:
        """'met', 'missed' or '-'."""
        return "-" if self.met is None else "met" if self.met else "missed"


def runtime_verdicts(benchmark: Benchmark | None) -> list[Verdict]:
    """The goals that a benchmark decides, those of it that were not measured included."""
    return [verdict(benchmark) for verdict in _RUNTIME]


def node_verdicts(benchmark: NodeBenchmark | None) -> list[Verdict]:
    """The goals that the node's benchmark decides."""
    return [verdict(benchmark) for verdict in _NODE]


def person_cost(benchmark: Benchmark, label: str) -> float | None:
    """Milliseconds of one person more: least squares of the median time over persons processed, not reduced."""
    cells = [cell for cell in benchmark.cells if cell.label == label and cell.downsample == 1]
    return slope([cell.processed for cell in cells], [cell.total.median_ms for cell in cells])


def reduced_share(benchmark: Benchmark, label: str, persons: int) -> dict[float, float]:
    """Median time with reduced pictures by that without, by factor."""
    whole = benchmark.cell(label, persons)
    cells = [cell for cell in benchmark.cells if (cell.label, cell.persons) == (label, persons) and cell.downsample > 1]
    return {cell.downsample: cell.total.median_ms / whole.total.median_ms for cell in cells} if whole else {}


def _median(benchmark: Benchmark | None) -> Verdict:
    goal = f"median for {REFERENCE_PERSONS} persons at most {MEDIAN_MS:g} ms (wished for: {STRETCH_MS:g} ms)"
    cell = benchmark.cell(benchmark.reference, REFERENCE_PERSONS) if benchmark else None
    if cell is None:
        return Verdict(goal, MISSING, None)
    median = cell.total.median_ms
    wish = "the wish, too" if median <= STRETCH_MS else ""
    return Verdict(goal, f"{median:.1f} ms", median <= MEDIAN_MS, wish)


def _p95(benchmark: Benchmark | None) -> Verdict:
    goal = f"95th percentile for {REFERENCE_PERSONS} persons at most {P95_MS:g} ms"
    cell = benchmark.cell(benchmark.reference, REFERENCE_PERSONS) if benchmark else None
    if cell is None or cell.total.p95_ms is None:
        return Verdict(goal, MISSING, None)
    return Verdict(goal, f"{cell.total.p95_ms:.1f} ms", cell.total.p95_ms <= P95_MS, f"{cell.total.calls} calls")


def _memory(benchmark: Benchmark | None) -> Verdict:
    goal = f"memory beyond the interpreter at most {MEMORY_MB:g} MB"
    participant = benchmark.participant(benchmark.reference) if benchmark else None
    if participant is None or participant.rss_mb is None or participant.peak_mb is None:
        return Verdict(goal, MISSING, None)
    return Verdict(
        goal, f"{participant.rss_mb:.0f} MB", participant.rss_mb <= MEMORY_MB, f"at most {participant.peak_mb:.0f} MB"
    )


def _start(benchmark: Benchmark | None) -> Verdict:
    goal = f"from start to first pose at most {START_S:g} s"
    participant = benchmark.participant(benchmark.reference) if benchmark else None
    if participant is None or not participant.starts:
        return Verdict(goal, MISSING, None)
    longest = max(start.seconds for start in participant.starts)
    return Verdict(goal, f"{longest:.2f} s", longest <= START_S, f"the longest of {len(participant.starts)} starts")


def _person(benchmark: Benchmark | None) -> Verdict:
    goal = f"every person more at most {PERSON_MS:g} ms"
    cost = person_cost(benchmark, benchmark.reference) if benchmark else None
    if cost is None:
        return Verdict(goal, MISSING, None)
    return Verdict(goal, f"{cost:.2f} ms", cost <= PERSON_MS)


def _reduced(benchmark: Benchmark | None) -> Verdict:
    goal = f"pictures reduced {REDUCED_FROM:g} times and more: at most {REDUCED_SHARE:.0%} of the time"
    shares = reduced_share(benchmark, benchmark.reference, REFERENCE_PERSONS) if benchmark else {}
    shares = {factor: share for factor, share in shares.items() if factor >= REDUCED_FROM}
    if not shares:
        return Verdict(goal, MISSING, None)
    told = ", ".join(f"{share:.0%} at {factor:g}x" for factor, share in sorted(shares.items()))
    return Verdict(goal, told, max(shares.values()) <= REDUCED_SHARE)


def _threads(benchmark: Benchmark | None) -> Verdict:
    goal = "no more processors busy than threads asked for"
    robustness = benchmark.robustness if benchmark else None
    participant = benchmark.participant(robustness.label) if benchmark and robustness else None
    if robustness is None or participant is None:
        return Verdict(goal, MISSING, None)
    return Verdict(
        goal,
        f"{robustness.cores:.2f} of {participant.threads}",
        robustness.cores <= participant.threads + CORES_TOLERANCE,
        f"busy threads: {robustness.busy_threads}",
    )


def _idle(benchmark: Benchmark | None) -> Verdict:
    goal = "no processor time while there is nothing to do"
    robustness = benchmark.robustness if benchmark else None
    if robustness is None:
        return Verdict(goal, MISSING, None)
    return Verdict(goal, f"{robustness.idle_cpu:.1%} of a processor", robustness.idle_cpu <= IDLE_CPU)


def _same(benchmark: Benchmark | None) -> Verdict:
    goal = f"the same poses with one thread and several: within {SAME_PX:g} px and {SAME_MM:g} mm"
    robustness = benchmark.robustness if benchmark else None
    if robustness is None:
        return Verdict(goal, MISSING, None)
    px, mm = robustness.thread_difference_px, robustness.thread_difference_mm
    if px is None or mm is None:
        return Verdict(goal, "another number of persons", False)
    return Verdict(goal, f"{px:.3g} px, {mm:.3g} mm", px <= SAME_PX and mm <= SAME_MM)


def _yolo(benchmark: Benchmark | None) -> Verdict:
    return _against_yolo(benchmark, "on the reference's engine", True)


def _yolo_fastest(benchmark: Benchmark | None) -> Verdict:
    return _against_yolo(benchmark, "each on its fastest engine", False)


def _against_yolo(benchmark: Benchmark | None, how: str, same_engine: bool) -> Verdict:
    goal = f"faster than a YOLO pose graph with {REFERENCE_PERSONS} persons, {how}"
    reference = benchmark.participant(benchmark.reference) if benchmark else None
    if benchmark is None or reference is None:
        return Verdict(goal, MISSING, None)

    def fastest(kind: str, name: str | None = None) -> tuple[float, str]:
        """Smallest median, and whose."""
        found = [(float("inf"), "")]
        for one in benchmark.participants:
            cell = benchmark.cell(one.label, REFERENCE_PERSONS)
            alike = (one.kind, one.threads) == (kind, reference.threads) and name in (None, one.name)
            if cell and alike and (one.engine == reference.engine or not same_engine):
                found.append((cell.total.median_ms, one.label))
        return min(found)

    (mine, my_label), (theirs, their_label) = fastest("model", reference.name), fastest("yolo")
    if not my_label or not their_label:
        return Verdict(goal, MISSING, None)
    told = f"{their_label}: {theirs:.1f} ms; {my_label}: {mine:.1f} ms"
    return Verdict(goal, f"it takes {theirs / mine:.2f} times as long", theirs > mine, told)


def _overhead(benchmark: NodeBenchmark | None) -> Verdict:
    goal = f"the node adds at most {OVERHEAD_SHARE:.0%} or {OVERHEAD_MS:g} ms to the model's time"
    if benchmark is None:
        return Verdict(goal, MISSING, None)
    bare, node = benchmark.bare.median_ms, benchmark.node.median_ms
    more = node - bare
    met = more <= max(OVERHEAD_MS, OVERHEAD_SHARE * bare)
    return Verdict(
        goal, f"{more:+.1f} ms ({more / bare:+.0%})", met, f"median {bare:.1f} ms without, {node:.1f} ms with"
    )


def _fresh(benchmark: NodeBenchmark | None) -> Verdict:
    goal = "no image is older than a period of the camera when the model takes it"
    if benchmark is None:
        return Verdict(goal, MISSING, None)
    run = benchmark.single
    oldest = max(camera.oldest_ms for camera in run.cameras)
    told = f"{sum(c.processed for c in run.cameras)} processed, {sum(c.dropped for c in run.cameras)} dropped"
    return Verdict(goal, f"{oldest:.1f} ms of {1000 / run.fps:.1f} ms", oldest <= 1000 / run.fps, told)


def fairness(run: NodeRun) -> float:
    """Rate of the camera with the fewest results by that of the camera with the most."""
    rates = [camera.rate for camera in run.cameras]
    return min(rates) / max(rates) if rates and max(rates) > 0 else 0.0


def _fair(benchmark: NodeBenchmark | None) -> Verdict:
    goal = f"several cameras of one node get the same rates, within {1 - FAIRNESS:.0%}"
    if benchmark is None:
        return Verdict(goal, MISSING, None)
    rates = ", ".join(f"{camera.rate:.1f}" for camera in benchmark.several.cameras)
    return Verdict(goal, f"{rates} /s", fairness(benchmark.several) >= FAIRNESS)


_RUNTIME: tuple[Callable[[Benchmark | None], Verdict], ...] = (
    _median,
    _p95,
    _memory,
    _start,
    _person,
    _reduced,
    _threads,
    _idle,
    _same,
    _yolo,
    _yolo_fastest,
)
_NODE: tuple[Callable[[NodeBenchmark | None], Verdict], ...] = (_overhead, _fresh, _fair)
