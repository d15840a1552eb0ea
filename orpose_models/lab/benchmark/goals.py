"""What the runtime is to achieve, and whether it does: a verdict for every goal from what was measured."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

from orpose_models.lab.benchmark.benchmark_files import Benchmark, Cell, NodeBenchmark, NodeRun, Participant, Robustness
from orpose_models.lab.benchmark.benchmark_run import REFERENCE_PERSONS
from orpose_models.lab.benchmark.timing_statistics import slope

MEDIAN_MS, P95_MS = 40.0, 60.0
MEMORY_MB, START_S, PERSON_MS, PARAMETERS = 230.0, 1.0, 0.3, 7.0
REDUCED_FROM, REDUCED_SHARE = 8.0, 0.55
# The time of a YOLO pose graph with the same persons, on the same engine and each on its fastest.
YOLO_SHARE, YOLO_FASTEST_SHARE = 0.65, 1.0
OVERHEAD_SHARE, OVERHEAD_MS = 0.1, 3.0
FAIRNESS = 0.9
IDLE_CPU = 0.01
# Threads other than the model's, such as Python's own, take a little as well.
CORES_TOLERANCE = 0.1
SAME_PX, SAME_MM = 0.5, 2.0

MISSING = "not measured"
Result = TypeVar("Result")
# What was measured, with its unit; whether that is enough; what a reader should know.
Measured = tuple[str, bool, str]


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


@dataclass(frozen=True)
class Goal(Generic[Result]):
    """A goal in words, and how a result is held against it; None where it has not been measured."""

    text: str
    judge: Callable[[Result], Measured | None]

    def verdict(self, result: Result | None) -> Verdict:
        """What became of it."""
        measured = None if result is None else self.judge(result)
        return Verdict(self.text, MISSING, None) if measured is None else Verdict(self.text, *measured)


def runtime_verdicts(benchmark: Benchmark | None) -> list[Verdict]:
    """The goals that a benchmark decides, those of it that were not measured included."""
    return [goal.verdict(benchmark) for goal in _RUNTIME]


def node_verdicts(benchmark: NodeBenchmark | None) -> list[Verdict]:
    """The goals that the node's benchmark decides."""
    return [goal.verdict(benchmark) for goal in _NODE]


def person_cost(benchmark: Benchmark, label: str) -> float | None:
    """Milliseconds of one person more: least squares of the median time over persons processed, not reduced."""
    cells = [cell for cell in benchmark.cells if cell.label == label and cell.downsample == 1]
    return slope([cell.processed for cell in cells], [cell.total.median_ms for cell in cells])


def reduced_share(benchmark: Benchmark, label: str, persons: int) -> dict[float, float]:
    """Median time with reduced pictures by that without, by factor."""
    whole = benchmark.cell(label, persons)
    cells = [cell for cell in benchmark.cells if (cell.label, cell.persons) == (label, persons) and cell.downsample > 1]
    return {cell.downsample: cell.total.median_ms / whole.total.median_ms for cell in cells} if whole else {}


def fairness(run: NodeRun) -> float:
    """Rate of the camera with the fewest results by that of the camera with the most."""
    rates = [camera.rate for camera in run.cameras]
    return min(rates) / max(rates) if rates and max(rates) > 0 else 0.0


def _of_cell(judge: Callable[[Cell], Measured | None]) -> Callable[[Benchmark], Measured | None]:
    """A judgement on the reference with the persons that the goals are about."""

    def judged(benchmark: Benchmark) -> Measured | None:
        cell = benchmark.cell(benchmark.reference, REFERENCE_PERSONS)
        return None if cell is None else judge(cell)

    return judged


def _of_participant(judge: Callable[[Participant], Measured | None]) -> Callable[[Benchmark], Measured | None]:
    """A judgement on what the reference is and needs."""

    def judged(benchmark: Benchmark) -> Measured | None:
        participant = benchmark.participant(benchmark.reference)
        return None if participant is None else judge(participant)

    return judged


def _of_robustness(judge: Callable[[Robustness], Measured | None]) -> Callable[[Benchmark], Measured | None]:
    """A judgement on the reference beside other processes."""
    return lambda benchmark: None if benchmark.robustness is None else judge(benchmark.robustness)


def _median(cell: Cell) -> Measured:
    return f"{cell.total.median_ms:.1f} ms", cell.total.median_ms <= MEDIAN_MS, ""


def _p95(cell: Cell) -> Measured | None:
    p95 = cell.total.p95_ms
    return None if p95 is None else (f"{p95:.1f} ms", p95 <= P95_MS, f"{cell.total.calls} calls")


def _parameters(participant: Participant) -> Measured | None:
    if participant.parameters is None:
        return None
    millions = participant.parameters / 1e6
    return f"{millions:.2f} million", millions <= PARAMETERS, ""


def _memory(participant: Participant) -> Measured | None:
    now, most = participant.rss_mb, participant.peak_mb
    return None if now is None or most is None else (f"{now:.0f} MB", now <= MEMORY_MB, f"at most {most:.0f} MB")


def _start(participant: Participant) -> Measured | None:
    if not participant.starts:
        return None
    longest = max(start.seconds for start in participant.starts)
    return f"{longest:.2f} s", longest <= START_S, f"the longest of {len(participant.starts)} starts"


def _person(benchmark: Benchmark) -> Measured | None:
    cost = person_cost(benchmark, benchmark.reference)
    return None if cost is None else (f"{cost:.2f} ms", cost <= PERSON_MS, "")


def _reduced(benchmark: Benchmark) -> Measured | None:
    shares = reduced_share(benchmark, benchmark.reference, REFERENCE_PERSONS)
    told = {f"{share:.0%} at {factor:g}x": share for factor, share in sorted(shares.items()) if factor >= REDUCED_FROM}
    return (", ".join(told), max(told.values()) <= REDUCED_SHARE, "") if told else None


def _threads(benchmark: Benchmark) -> Measured | None:
    robustness = benchmark.robustness
    participant = benchmark.participant(robustness.label) if robustness else None
    if robustness is None or participant is None:
        return None
    met = robustness.cores <= participant.threads + CORES_TOLERANCE
    return f"{robustness.cores:.2f} of {participant.threads}", met, f"busy threads: {robustness.busy_threads}"


def _idle(robustness: Robustness) -> Measured:
    return f"{robustness.idle_cpu:.1%} of a processor", robustness.idle_cpu <= IDLE_CPU, ""


def _same(robustness: Robustness) -> Measured:
    px, mm = robustness.thread_difference_px, robustness.thread_difference_mm
    if px is None or mm is None:
        return "another number of persons", False, ""
    return f"{px:.3g} px, {mm:.3g} mm", px <= SAME_PX and mm <= SAME_MM, ""


def _by_yolo(benchmark: Benchmark) -> Measured | None:
    reference = benchmark.participant(benchmark.reference)
    return None if reference is None else _against_yolo(benchmark, reference, reference.engine, YOLO_SHARE)


def _by_yolo_fastest(benchmark: Benchmark) -> Measured | None:
    reference = benchmark.participant(benchmark.reference)
    return None if reference is None else _against_yolo(benchmark, reference, None, YOLO_FASTEST_SHARE)


def _against_yolo(benchmark: Benchmark, reference: Participant, engine: str | None, share: float) -> Measured | None:
    """The reference's model by every YOLO graph, on one engine or each on its fastest, with as many threads."""
    rivals = [
        one for one in benchmark.participants if one.threads == reference.threads and engine in (None, one.engine)
    ]
    mine = _fastest(benchmark, (one for one in rivals if (one.kind, one.name) == ("model", reference.name)))
    graphs = dict.fromkeys(one.name for one in rivals if one.kind == "yolo")
    theirs = [_fastest(benchmark, (one for one in rivals if (one.kind, one.name) == ("yolo", name))) for name in graphs]
    known = [(time, label) for time, label in theirs if label]
    if not mine[1] or not known:
        return None
    ratios = [mine[0] / time for time, _ in known]
    told = "; ".join(f"{label}: {time:.1f} ms" for time, label in [*known, mine])
    return ", ".join(f"{ratio:.2f}" for ratio in ratios), max(ratios) < share, told


def _fastest(benchmark: Benchmark, participants: Iterable[Participant]) -> tuple[float, str]:
    """Smallest median, and whose; infinity of nobody."""
    cells = ((one.label, benchmark.cell(one.label, REFERENCE_PERSONS)) for one in participants)
    return min(((cell.total.median_ms, label) for label, cell in cells if cell), default=(float("inf"), ""))


def _overhead(benchmark: NodeBenchmark) -> Measured:
    bare, node = benchmark.bare.median_ms, benchmark.node.median_ms
    more = node - bare
    met = more <= max(OVERHEAD_MS, OVERHEAD_SHARE * bare)
    return f"{more:+.1f} ms ({more / bare:+.0%})", met, f"median {bare:.1f} ms without, {node:.1f} ms with"


def _fresh(benchmark: NodeBenchmark) -> Measured:
    run = benchmark.single
    oldest = max(camera.oldest_ms for camera in run.cameras)
    told = f"{sum(c.processed for c in run.cameras)} processed, {sum(c.dropped for c in run.cameras)} dropped"
    return f"{oldest:.1f} ms of {1000 / run.fps:.1f} ms", oldest <= 1000 / run.fps, told


def _fair(benchmark: NodeBenchmark) -> Measured:
    rates = ", ".join(f"{camera.rate:.1f}" for camera in benchmark.several.cameras)
    return f"{rates} /s", fairness(benchmark.several) >= FAIRNESS, ""


_OF = f"of a YOLO pose graph's time with {REFERENCE_PERSONS} persons"
_RUNTIME: tuple[Goal[Benchmark], ...] = (
    Goal(f"median for {REFERENCE_PERSONS} persons at most {MEDIAN_MS:g} ms", _of_cell(_median)),
    Goal(f"95th percentile for {REFERENCE_PERSONS} persons at most {P95_MS:g} ms", _of_cell(_p95)),
    Goal(f"less than {YOLO_SHARE:g} {_OF}, on the reference's engine", _by_yolo),
    Goal(f"less than {YOLO_FASTEST_SHARE:g} {_OF}, each on its fastest engine", _by_yolo_fastest),
    Goal(f"every person more at most {PERSON_MS:g} ms", _person),
    Goal(f"pictures reduced {REDUCED_FROM:g} times and more: at most {REDUCED_SHARE:.0%} of the time", _reduced),
    Goal(f"at most {PARAMETERS:g} million parameters", _of_participant(_parameters)),
    Goal(f"from start to first pose at most {START_S:g} s", _of_participant(_start)),
    Goal(f"memory beyond the interpreter at most {MEMORY_MB:g} MB", _of_participant(_memory)),
    Goal("no more processors busy than threads asked for", _threads),
    Goal("no processor time while there is nothing to do", _of_robustness(_idle)),
    Goal(
        f"the same poses with one thread and several: within {SAME_PX:g} px and {SAME_MM:g} mm", _of_robustness(_same)
    ),
)
_NODE: tuple[Goal[NodeBenchmark], ...] = (
    Goal(f"the node adds at most {OVERHEAD_SHARE:.0%} or {OVERHEAD_MS:g} ms to the model's time", _overhead),
    Goal("no image is older than a period of the camera when the model takes it", _fresh),
    Goal(f"several cameras of one node get the same rates, within {1 - FAIRNESS:.0%}", _fair),
)
