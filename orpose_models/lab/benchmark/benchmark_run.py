"""One run of the benchmark: start everything, measure in turn, put the figures together."""

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from math import ceil
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from orpose_models.lab.benchmark.benchmark_files import Benchmark, Cell, Participant, Start
from orpose_models.lab.benchmark.contenders import Contender
from orpose_models.lab.benchmark.machine import Circumstances
from orpose_models.lab.benchmark.measuring_process import ContenderError, MeasuringProcess
from orpose_models.lab.benchmark.robustness import measure_robustness
from orpose_models.lab.benchmark.schedule import interleaved
from orpose_models.lab.benchmark.staged_pictures import VARIANTS, save_pictures
from orpose_models.lab.benchmark.timing_statistics import timing
from orpose_models.vocabulary.errors import OrposeError

# The number of persons that the goals are about.
REFERENCE_PERSONS = 5
STARTS = 3
CALLS_A_TURN = 5
# A peer slower than this a call is measured at the reference case only, for at most so long.
SLOW_SECONDS = 0.25
SLOW_BUDGET = 15.0

Boxes = list[list[float]]


@dataclass(frozen=True)
class Case:
    """A number of persons in the pictures, and the factor by which these are reduced."""

    persons: int
    downsample: float


@dataclass(frozen=True)
class Plan:
    """What to measure.

    Attributes:
        own: models of this project; the first that runs, with the most threads, is the reference.
        peers: what they are compared with, at the original resolution only.
        calls: timed calls of each contender at each case.
        robustness: whether to measure the reference beside busy processes, too.
    """

    own: Sequence[Contender]
    peers: Sequence[Contender]
    persons: Sequence[int]
    downsample: Sequence[float]
    calls: int
    robustness: bool = True

    @property
    def reference_case(self) -> Case:
        """The case nearest to what the goals are about."""
        return Case(min(self.persons, key=lambda n: abs(n - REFERENCE_PERSONS)), min(self.downsample))


@dataclass
class _Taken:
    """What a contender did at a case."""

    seconds: list[float] = field(default_factory=list)
    processed: list[int] = field(default_factory=list)
    reported: list[int] = field(default_factory=list)
    stages: list[dict[str, float]] = field(default_factory=list)
    cores: list[float] = field(default_factory=list)

    def add(self, answer: dict[str, Any]) -> None:
        for name in ("seconds", "processed", "reported", "stages"):
            getattr(self, name).extend(answer[name])
        self.cores.append(answer["cores"])

    def cell(self, label: str, case: Case) -> Cell:
        names = dict.fromkeys(name for stages in self.stages for name in stages)
        return Cell(
            label=label,
            persons=case.persons,
            downsample=case.downsample,
            total=timing(self.seconds),
            stages={name: timing([stages.get(name, 0.0) for stages in self.stages]) for name in names},
            processed=round(float(np.mean(self.processed)), 2),
            reported=round(float(np.mean(self.reported)), 2),
            cores=round(float(np.mean(self.cores)), 2),
            samples_ms=[round(1000 * seconds, 2) for seconds in self.seconds],
        )


class Run:
    """A run in progress.

    Args:
        plan: what to measure.
        report: called with one sentence where the user should know something.
        advance: called with the share done, 0..1, and what comes next.
    """

    def __init__(self, plan: Plan, report: Callable[[str], None], advance: Callable[[float, str], None]) -> None:
        self._plan = plan
        self._report = report
        self._advance = advance
        self._participants: dict[Contender, Participant] = {}
        self._processes: dict[Contender, MeasuringProcess] = {}
        self._taken: dict[tuple[Contender, Case], _Taken] = {}
        self._files: dict[int, list[str]] = {}
        self._boxes: dict[int, list[Boxes]] = {}
        self._slow: set[Contender] = set()
        self._engines: Path | None = None

    def __call__(self, command: str) -> Benchmark:
        """Measure.

        Args:
            command: as it was given, for the record.

        Raises:
            OrposeError: no model could be run, or the footage is not fetched.
        """
        circumstances = Circumstances()
        with TemporaryDirectory(prefix="orpose-benchmark-") as folder:
            self._engines = Path(folder) / "engines"
            self._files = {persons: save_pictures(persons, Path(folder)) for persons in self._plan.persons}
            with ExitStack() as stack:
                stack.callback(self._close)
                self._start(self._plan.own, STARTS)
                reference = self._reference()
                self._find_boxes(reference)
                self._start(self._plan.peers, 1)
                self._measure()
                self._weigh()
            robustness = None
            if self._plan.robustness:
                self._advance(1.0, "beside busy processes")
                try:
                    robustness = measure_robustness(reference, self._files[self._plan.reference_case.persons])
                except ContenderError as problem:
                    self._report(f"{reference.label}: not measured beside busy processes: {problem}")
        return Benchmark(
            **circumstances.record(),
            command=command,
            reference=reference.label,
            settings={
                "persons": list(self._plan.persons),
                "downsample": list(self._plan.downsample),
                "calls": self._plan.calls,
                "image_size": "640 x 480",
            },
            participants=list(self._participants.values()),
            cells=[taken.cell(contender.label, case) for (contender, case), taken in self._taken.items()],
            robustness=robustness,
        )

    def _start(self, contenders: Sequence[Contender], starts: int) -> None:
        """Start every contender so many times, in turn; the last process of each is kept."""
        for contender in contenders:
            self._participants[contender] = Participant(
                label=contender.label,
                name=contender.name,
                kind=contender.kind,
                engine=contender.engine or "",
                threads=contender.threads,
                note=contender.note,
            )
        persons = self._plan.reference_case.persons
        for _, _, contender in interleaved(range(starts), contenders, 1):
            participant = self._participants[contender]
            if participant.problem:
                continue
            self._advance(0.0, f"starting {contender.label}")
            if contender in self._processes:
                self._processes.pop(contender).close()
            try:
                if contender.keeps and participant.building is None:
                    participant.building = self._started(contender, persons)
                    self._processes.pop(contender).close()
                participant.starts.append(self._started(contender, persons))
                if contender in self._plan.peers:
                    self._find_whether_slow(contender)
            except ContenderError as problem:
                self._drop(contender, problem)

    def _started(self, contender: Contender, persons: int) -> Start:
        """Start a contender's process, and keep it."""
        process = self._processes[contender] = MeasuringProcess(contender, engines=self._engines)
        process.wait_loaded()
        boxes = self._boxes.get(persons, [[]])[0]
        answer = process.do("start", picture=self._files[persons][0], persons=persons, boxes=boxes)
        participant = self._participants[contender]
        participant.engine, participant.sha256 = answer.pop("engine"), answer.pop("sha256")
        participant.parameters = answer.pop("parameters")
        return Start(**{name: round(seconds, 3) for name, seconds in answer.items()})

    def _find_whether_slow(self, contender: Contender) -> None:
        case = self._plan.reference_case
        (seconds,) = self._turn(contender, case, 0, warm=0, calls=1)["seconds"]
        if seconds > SLOW_SECONDS:
            self._slow.add(contender)

    def _reference(self) -> Contender:
        running = [contender for contender in self._plan.own if contender in self._processes]
        if not running:
            first = self._participants[self._plan.own[0]]
            raise OrposeError(f"no model could be run; {first.label}: {first.problem}")
        same = [one for one in running if (one.source, one.engine) == (running[0].source, running[0].engine)]
        return max(same, key=lambda contender: contender.threads)

    def _find_boxes(self, reference: Contender) -> None:
        """Where the reference finds the persons, for peers that are given crops."""
        if not any(peer.kind == "mediapipe" for peer in self._plan.peers):
            return
        for persons, files in self._files.items():
            answer = self._processes[reference].do(
                "run", pictures=files, persons=persons, downsample=1.0, boxes=[], warm=0, calls=VARIANTS
            )
            self._boxes[persons] = [boxes[:persons] for boxes in answer["boxes"]]

    def _measure(self) -> None:
        contenders = list(self._processes)
        cases = [Case(n, factor) for factor in self._plan.downsample for n in self._plan.persons]
        rounds = ceil(self._plan.calls / CALLS_A_TURN)
        steps = rounds * len(cases) * len(contenders)
        for step, (turn, case, contender) in enumerate(interleaved(cases, contenders, rounds)):
            self._advance(step / steps, f"round {turn + 1} of {rounds}, {contender.label}")
            if contender in self._processes:
                try:
                    self._take_turn(contender, case, turn)
                except ContenderError as problem:
                    self._drop(contender, problem)

    def _take_turn(self, contender: Contender, case: Case, turn: int) -> None:
        if contender in self._plan.peers and case.downsample > 1:
            return
        taken = self._taken.get((contender, case), _Taken())
        calls = min(CALLS_A_TURN, self._plan.calls - turn * CALLS_A_TURN)
        # In the first turn every picture is seen before any time is taken; later one call warms the caches.
        warm = 1 if turn else VARIANTS
        if contender in self._slow:
            if case != self._plan.reference_case or sum(taken.seconds) > SLOW_BUDGET:
                return
            warm, calls = 0, 1
        taken.add(self._turn(contender, case, turn * CALLS_A_TURN % VARIANTS, warm, calls))
        self._taken[contender, case] = taken

    def _turn(self, contender: Contender, case: Case, first: int, warm: int, calls: int) -> dict[str, Any]:
        files, boxes = self._files[case.persons], self._boxes.get(case.persons, [])
        return self._processes[contender].do(
            "run",
            pictures=files[first:] + files[:first],
            persons=case.persons,
            downsample=case.downsample,
            boxes=boxes[first:] + boxes[:first],
            warm=warm,
            calls=calls,
        )

    def _weigh(self) -> None:
        for contender, process in list(self._processes.items()):
            try:
                memory = process.do("memory")
            except ContenderError as problem:
                self._drop(contender, problem)
                continue
            participant = self._participants[contender]
            participant.rss_mb, participant.peak_mb = round(memory["rss"], 1), round(memory["peak"], 1)

    def _close(self) -> None:
        for process in self._processes.values():
            process.close()

    def _drop(self, contender: Contender, problem: ContenderError) -> None:
        self._participants[contender].problem = str(problem)
        self._report(f"{contender.label} could not be run: {problem}")
        if process := self._processes.pop(contender, None):
            process.close()
