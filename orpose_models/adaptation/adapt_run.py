"""Adapting a student to a room, from recordings to a recommendation: steps, each done once, in order."""

import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from orpose_models.adaptation import making, pace
from orpose_models.adaptation.account import STEPS, facts_of, said
from orpose_models.adaptation.adapt_report import write_report
from orpose_models.adaptation.camera_moves import moved_cameras
from orpose_models.adaptation.choosing import Part, check_recording, choose
from orpose_models.adaptation.everyday import everyday_labels
from orpose_models.adaptation.forgetting import forget
from orpose_models.adaptation.keeping import KeptFrame, keep_frames, kept_frames
from orpose_models.adaptation.looking import Look, look
from orpose_models.adaptation.making import Material
from orpose_models.adaptation.own_recordings import Recording, together
from orpose_models.adaptation.proving import figures_of, write_card, write_proof
from orpose_models.adaptation.room_labels import room_labels, teach_frames
from orpose_models.adaptation.workplace import Round, earlier_labels, last_plan, open_round
from orpose_models.files.disk import sha256
from orpose_models.files.locks import locked
from orpose_models.model_format.manifest import MANIFEST, WEIGHTS, read_manifest
from orpose_models.registry.models import DEFAULT_MODEL, load_model, shipped_models
from orpose_models.registry.own_models import check_name, install, own_models
from orpose_models.vocabulary.errors import OrposeError
from orpose_models.vocabulary.reporting import Reporter

HARD = 0.3  # keypoint score of the hard set, the teacher's
# Images of a first look.
_LOOKS_A_MOMENT, _LEAST_LOOKS, _MOST_LOOKS = 4, 100, 1200


@dataclass(frozen=True)
class AdaptPlan:
    """What is adapted to what, and how.

    Attributes:
        recordings: opened.
        out: folder of everything; its name is the student's.
        start: model to start from; None for the student of that name, if there is one, else the shipped one.
        teacher: who labels. accept: score from which on a person is taken to be there.
        budget_s: how long it may take; None for usual sizes.
        moments, iterations: sizes, instead of what fits the budget.
        max_pixels: the privacy guard. forget: whether frames and labels are deleted in the end.
        others: labels of other images to train on as well.
        over_time: whether labels are corrected over time and by other cameras.
        short: whether a short recording will do.
        workers: processes that label and train.
        engine: what computes the teacher's networks; None for its own, 'auto' for the fastest that is here.
    """

    recordings: tuple[Recording, ...]
    out: Path
    start: str | None = None
    teacher: str = "teacher"
    accept: float = 0.3
    budget_s: float | None = None
    moments: int | None = None
    iterations: int | None = None
    max_pixels: int | None = None
    forget: bool = False
    others: tuple[Path, ...] = ()
    over_time: bool = True
    short: bool = False
    workers: int = field(default_factory=lambda: min(8, os.cpu_count() or 1))
    engine: str | None = None

    @property
    def name(self) -> str:
        """The student's name."""
        return self.out.resolve().name

    @property
    def labellers(self) -> int:
        """Processes that label: with an engine of choice one, whose calls of several images are joined."""
        return self.workers if self.engine is None else 1

    def also(
        self, others: tuple[Path, ...], over_time: bool, short: bool, workers: int | None, engine: str | None
    ) -> "AdaptPlan":
        """The same plan with what is set more rarely; `workers` None leaves them as they are."""
        workers = self.workers if workers is None else workers
        return replace(self, others=others, over_time=over_time, short=short, workers=workers, engine=engine)

    def as_plain(self, start_sha256: str) -> dict[str, Any]:
        """What the result depends on; not the number of processes, the engine, or whether it is forgotten."""
        return {
            "sources": [one.identity() for one in self.recordings],
            "start_sha256": start_sha256,
            "teacher": self.teacher,
            "accept": self.accept,
            "budget_s": self.budget_s,
            "moments": self.moments,
            "iterations": self.iterations,
            "max_pixels": self.max_pixels,
            "others": [str(path.resolve()) for path in self.others],
            "over_time": self.over_time,
        }


@dataclass(frozen=True)
class Adapted:
    """What came of it.

    Attributes:
        recommended: whether the student is.
        reasons: why, or why not, one sentence each.
        installed: where it is found by its name; None if it is not recommended.
        model: the exported student.
        report: the report's HTML file.
        notes: what to know, one sentence each.
    """

    recommended: bool
    reasons: tuple[str, ...]
    installed: Path | None
    model: Path
    report: Path
    notes: tuple[str, ...]


def adapt(plan: AdaptPlan, reporter: Reporter) -> Adapted:
    """Adapt, or go on where an interrupted adaptation of the same plan stopped.

    Raises:
        OrposeError: the recording cannot be learned from, or something that is needed is missing; a sentence each.
        KeyboardInterrupt: interrupted; the same call goes on.
    """
    check_name(plan.name)
    if plan.name in shipped_models():
        raise OrposeError(f"{plan.name} is the name of a student that comes with the program; choose another")
    plan.out.mkdir(parents=True, exist_ok=True)
    with locked(plan.out / ".adapt.lock", f"{plan.out}: another process is adapting this student; wait for it"):
        before = last_plan(plan.out)
        if before is not None and plan.as_plain(before["start_sha256"]) == before:
            opened = open_round(plan.out, before)  # what it started from may have been replaced by what came out
        else:
            start = _start(plan)
            opened = open_round(plan.out, plan.as_plain(sha256(start / MANIFEST)))
            _copy(start, opened.folder / "start")
        return _Adapting(plan, opened, reporter).run()


def _start(plan: AdaptPlan) -> Path:
    """The folder of the exported student to start from."""
    name = plan.start or (plan.name if plan.name in own_models() else DEFAULT_MODEL)
    known = {**own_models(), **shipped_models()}
    folder = known.get(name, Path(name))
    if not (folder / WEIGHTS).is_file():
        raise OrposeError(f"{name}: no exported light student to start from; name one of: {', '.join(known)}")
    return folder


def _copy(start: Path, target: Path) -> None:
    workshop = target.with_name(f".{target.name}.part")
    shutil.rmtree(workshop, ignore_errors=True)
    shutil.copytree(start, workshop)
    shutil.rmtree(target, ignore_errors=True)
    workshop.rename(target)


class _Adapting:
    """One call of `adapt`."""

    def __init__(self, plan: AdaptPlan, opened: Round, reporter: Reporter) -> None:
        self.plan, self.round, self.reporter = plan, opened, reporter
        earlier = earlier_labels(plan.out, opened.number)
        others = tuple(path.resolve() for path in plan.others)
        self.material = Material(opened.folder, plan.name, earlier, others)
        self.notes: list[str] = []

    def run(self) -> Adapted:
        """All steps, in order."""
        plan, material = self.plan, self.material
        if not self.round.finished:
            frames = self._frames()
            self._label(frames)
            self._do("size", lambda: making.choose_input_size(material, self.reporter))
            iterations = self._do("iterations", self._iterations)
            workers = plan.workers
            self._do("train", lambda: making.train_student(material, iterations, workers, self.reporter))
            self._do("choose", lambda: making.choose_student(material, self.reporter))
            self._do("calibrate", lambda: making.calibrate_student(material, self.reporter))
            self._do("export", lambda: making.export_room_student(material, self.reporter))
            figures = self._do("prove", lambda: figures_of(material, plan.recordings, frames, self.reporter))
            card = write_card(material)
            notes = [*self.notes, *said(plan.recordings, material, plan.max_pixels), *([card] if card else [])]
            proof = write_proof(material, figures, self._start_name())
            facts = facts_of(self.round, plan.recordings, plan.teacher)
            self._do("finished", lambda: {"proof": proof, "notes": notes, "facts": facts})
        done = self.round.result("finished")
        report = plan.out / "report.html"
        if plan.forget:
            forget(material)
        write_report(material, done, report)
        proof = done["proof"]
        installed = install(material.model, plan.name) if proof["recommended"] else None
        return Adapted(
            proof["recommended"], tuple(proof["reasons"]), installed, material.model, report, tuple(done["notes"])
        )

    def _do(self, name: str, work: Callable[[], Any]) -> Any:
        if name in STEPS and not self.round.has(name):
            left = self._left()
            time_left = f", about {left / 60:.0f} min of the budget left" if left is not None else ""
            self.reporter.note("step", f"{STEPS.index(name) + 1} of {len(STEPS)}: {name}{time_left}")
        return self.round.step(name, work)

    def _left(self) -> float | None:
        """Seconds that the budget leaves."""
        return None if self.plan.budget_s is None else self.plan.budget_s - self.round.spent_s

    def _frames(self) -> list[KeptFrame]:
        plan, material = self.plan, self.material
        if not self.round.has("keep"):
            everyday_labels(plan.out / "everyday", plan.out / "everyday.json", self.reporter)  # missing: said at once
        counts: dict[Part, int] = self._do("counts", self._counts)
        looks: list[Look] = []

        def looking() -> Any:
            looks.extend(self._look(counts))
            check_recording(looks, plan.short)
            return {"images": len(looks), "moved": moved_cameras(looks, [one.name for one in plan.recordings])}

        self.notes += self._do("look", looking)["moved"]

        def keep() -> list[KeptFrame]:
            seen = looks or self._look(counts)
            chosen = choose(seen, counts, together(plan.recordings)[1:])
            return keep_frames(plan.recordings, seen, chosen, material.frames, plan.max_pixels, self.reporter)

        frames = kept_frames(material.frames) or keep()
        parts = [frame.part for frame in frames if frame.middle]
        self._do("keep", lambda: {part: parts.count(part) for part in counts})
        return frames

    def _look(self, counts: Mapping[Part, int]) -> list[Look]:
        model = load_model(str(self.material.start), 1)
        at_most = min(_MOST_LOOKS, max(_LEAST_LOOKS, _LOOKS_A_MOMENT * sum(counts.values())))
        journal = self.round.folder / "looks.jsonl"
        return look(self.plan.recordings, model, journal, at_most, self.plan.max_pixels, self.reporter)

    def _counts(self) -> dict[Part, int]:
        """How many moments of each part."""
        plan = self.plan
        if plan.moments is not None or plan.budget_s is None:
            learn = plan.moments or pace.USUAL_MOMENTS
        else:
            shot = next(plan.recordings[0].shots())
            seconds = pace.seconds_a_label(plan.teacher, plan.engine, shot.read(), plan.max_pixels)
            timed = any(recording.timed for recording in plan.recordings)
            learn = pace.moments_within(plan.budget_s, seconds, plan.labellers, timed)
            learn = max(pace.LEAST_MOMENTS, learn // max(1, len(together(plan.recordings))))
        return {"learn": learn, "choose": max(6, learn // 8), "prove": max(24, learn // 4)}

    def _label(self, frames: Sequence[KeptFrame]) -> None:
        plan, material = self.plan, self.material

        def label() -> Any:
            where, who = (material.frames, material.taught), (plan.teacher, plan.accept)
            teach_frames(plan.recordings, frames, *where, *who, plan.labellers, plan.engine, self.reporter)
            found = room_labels(
                plan.recordings, frames, material.taught, material.room, material.nobody, HARD, plan.over_time
            )
            for part in ("learn", "choose", "prove"):
                if not found["accepted_of"][part]:
                    raise OrposeError(_NOBODY[part])
            return found

        self._do("label", label)

    def _iterations(self) -> int:
        plan = self.plan
        if plan.iterations is not None or plan.budget_s is None:
            return plan.iterations or pace.USUAL_ITERATIONS
        seconds = pace.seconds_an_image(self.material.config(1))
        return pace.iterations_within(plan.budget_s, self._left(), seconds, plan.workers)

    def _start_name(self) -> str:
        return read_manifest(self.material.start)[0].name


_NOBODY = {
    "learn": "the teacher is sure of nobody in the part that is to be learned from; record the room in use",
    "choose": "the teacher is sure of nobody between 70 and 80 % of the recording, by which the weights would be "
    "chosen; record the room in use for longer",
    "prove": "the teacher is sure of nobody in the last fifth of the recording, so that nothing could be proved; "
    "record the room in use for longer",
}
