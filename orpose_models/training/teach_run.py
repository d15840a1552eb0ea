"""Labelling as a whole: datasets in, by one or several processes, labels and their summary out."""

import json
import multiprocessing
import queue
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orpose_models.datasets.camera_file import View
from orpose_models.datasets.multiview import read_qualisys
from orpose_models.files.worker_process import obey_parent
from orpose_models.model_format.engines import ENGINES
from orpose_models.registry.models import ON_TORCH, load_model
from orpose_models.runtime.engine_loading import processors
from orpose_models.teacher.teacher import Teacher
from orpose_models.training.contents import difference
from orpose_models.training.image_source import Choice
from orpose_models.training.label_summary import write_summary
from orpose_models.training.labels import LabelSet
from orpose_models.training.sources import open_sources
from orpose_models.training.teaching import Paths, Shard, claimed, journalled, label_shard, merge_shards, set_aside
from orpose_models.vocabulary.errors import OrposeError
from orpose_models.vocabulary.reporting import Reporter

if TYPE_CHECKING:
    from multiprocessing import Queue

# Images that are labelled at a time on a device: what waits while it computes is its next call.
_ON_DEVICES = 8

_counts: "Queue[int] | None" = None  # of a worker process: tells how many images are done


@dataclass(frozen=True)
class TeachPlan:
    """What is labelled, and how.

    Attributes:
        sources: folders of images, videos, bags, simulated splits.
        choices: which images of each are taken.
        labels: the file of labels.
        teacher: name of the model.
        hard_threshold: keypoint score of the hard set; None for the teacher's.
        accept: score from which on a person is taken to be there.
        workers: processes; each uses one thread if there are several.
        part: the part of the work that is done here.
        engine: what computes the teacher's networks; None for its own, 'auto' for the fastest that is here.
    """

    sources: tuple[Path, ...]
    choices: tuple[Choice, ...]
    labels: Path
    teacher: str = "teacher"
    hard_threshold: float | None = None
    accept: float = 0.3
    workers: int = 1
    part: Shard = field(default_factory=Shard)
    engine: str | None = None


@dataclass(frozen=True)
class Taught:
    """What came of it.

    Attributes:
        counts: of images, persons and keypoints, see `label_summary`.
        problems: one sentence for each thing that is left out.
        summary: folder of pictures and histograms.
    """

    counts: dict[str, int]
    problems: list[str]
    summary: Path


def teach(plan: TeachPlan, reporter: Reporter) -> Taught | None:
    """Label what no earlier run of the same plan has, and put everything together if all parts are done.

    Returns:
        None if other parts still work.

    Raises:
        OrposeError: a dataset cannot be read, the labels are there with other settings, or another process works on
            the same part.
    """
    paths = Paths(plan.labels)
    sources = open_sources(plan.sources, paths.frames, plan.choices)
    for note in dict.fromkeys(note for opened in sources for note in opened.notes):
        reporter.note("note", note)
    model = _load(plan, plan.engine)
    plan = replace(plan, engine=model.engine)  # so that all processes have the same
    settings = {
        "teacher": model.name,
        "teacher_sha256": model.sha256,
        "engine": model.engine,
        "hard_threshold": model.hard_threshold,
        "person_threshold": model.person_threshold,
        "sources": [s.settings() for s in sources],
    }
    parts = [Shard(plan.part.index * plan.workers + i, plan.part.count * plan.workers) for i in range(plan.workers)]
    with claimed(paths, parts):
        if paths.labels.exists():
            result: tuple[LabelSet, list[str]] | None = (_finished(paths, settings, plan.accept), [])
        else:
            for reason in set_aside(paths, settings):
                reporter.note("note", reason)
            total = sum(len(range(part.index, source.count, part.count)) for source in sources for part in parts)
            start, before = time.monotonic(), journalled(paths, settings)
            _label(plan, parts, settings, _advance(reporter, total), model)
            reporter.note("note", _speed(plan, journalled(paths, settings) - before, time.monotonic() - start))
            info = {"accept": plan.accept, "teacher": model.name}
            result = merge_shards(sources, paths, settings, parts[0].count, info)
    if result is None:
        return None
    labels, unread = result
    problems = [*(what for opened in sources for what in opened.left_out), *unread]
    summary = paths.labels.parent / "summary"
    return Taught(write_summary(summary, labels, problems), problems, summary)


def view_of(
    path: Path, camera: Path | None, pitch_deg: float | None, reporter: Reporter, rectified: bool = False
) -> View:
    """The camera of a dataset. A calibration of several cameras is for the datasets that bear their names."""
    if camera is None or not camera.name.endswith(".qca.txt"):
        return View.read(camera, pitch_deg, rectified=rectified)
    if path.stem in (names := [placed.name for placed in read_qualisys(camera)]):
        return View.read(camera, name=path.stem, rectified=rectified)  # every camera's tilt is in the file
    reporter.note("note", f"{path}: not in {camera.name} ({', '.join(names)}); its intrinsics are guessed")
    return View.read(None, pitch_deg)


def _advance(reporter: Reporter, total: int) -> Callable[[int], None]:
    done = 0
    reporter.progress("labels", done, total)

    def advance(count: int) -> None:
        nonlocal done
        done += count
        reporter.progress("labels", done, total)

    return advance


def _finished(paths: Paths, settings: dict[str, Any], accept: float) -> LabelSet:
    """The labels that are there, with another limit."""
    labels = LabelSet.load(paths.labels)
    as_filed = json.loads(json.dumps(settings))
    if how := difference(labels.info.get("settings"), as_filed):
        raise OrposeError(f"{paths.labels}: exists, made {how}; remove it or choose another --out")
    labels.info["accept"] = accept
    labels.save(paths.labels)
    return labels


def _speed(plan: TeachPlan, images: int, seconds: float) -> str:
    """What labelled, and how fast."""
    assert plan.engine is not None
    device = ENGINES[plan.engine].device
    rate = f"{images} images in {seconds:.1f} s, {images / max(seconds, 1e-9):.2f} frames a second"
    at_once = plan.workers if plan.workers > 1 else _lookers(plan.engine)
    return f"labelled on {plan.engine} ({device}), {at_once} at a time: {rate}"


def _lookers(engine: str) -> int:
    """How many images a process labels at a time.

    On the processor a network on one thread takes less of it than on several, and what is between the networks is not
    waited for. On a device, calls of several images are joined.
    """
    if ENGINES[engine].library == "torch":
        return 1
    return processors() if ENGINES[engine].on_processor else _ON_DEVICES


def _load(plan: TeachPlan, engine: str | None) -> Teacher:
    # torch has one pool of threads for all that it computes.
    threads = None if plan.workers == 1 and plan.teacher in ON_TORCH else 1
    model = load_model(plan.teacher, threads, engine)
    if not isinstance(model, Teacher):
        raise OrposeError(f"model {plan.teacher!r} gives no soft and hard labels; choose a teacher")
    if plan.hard_threshold is not None:
        model.hard_threshold = plan.hard_threshold
    return model


def _label(
    plan: TeachPlan,
    parts: Sequence[Shard],
    settings: dict[str, Any],
    advance: Callable[[int], None],
    model: Teacher,
) -> None:
    """Label the parts, each in a process of its own if there are several."""
    assert plan.engine is not None
    if len(parts) == 1:
        _label_part(plan, parts[0], settings, advance, model, _lookers(plan.engine))
        return
    context = multiprocessing.get_context("spawn")
    counts: Queue[int] = context.Queue()
    with ProcessPoolExecutor(len(parts), context, _start, (counts,)) as pool:
        futures = [pool.submit(_label_here, plan, part, settings) for part in parts]
        try:
            while not all(future.done() for future in futures) or not counts.empty():
                try:
                    advance(counts.get(timeout=0.2))
                except queue.Empty:
                    continue
        except BaseException:
            for process in list((pool._processes or {}).values()):  # what they did is in the journals
                process.terminate()
            raise
        for future in futures:
            future.result()


def _start(counts: "Queue[int]") -> None:
    global _counts
    obey_parent()  # what it did is in its journal
    _counts = counts


def _label_here(plan: TeachPlan, part: Shard, settings: dict[str, Any]) -> None:
    assert _counts is not None
    _label_part(plan, part, settings, _counts.put, _load(plan, plan.engine), 1)


def _label_part(
    plan: TeachPlan,
    part: Shard,
    settings: dict[str, Any],
    advance: Callable[[int], None],
    model: Teacher,
    lookers: int,
) -> None:
    paths = Paths(plan.labels)
    sources = open_sources(plan.sources, paths.frames, plan.choices)
    if [s.settings() for s in sources] != settings["sources"]:
        raise OrposeError("the datasets have changed since this command began; run it again")
    label_shard(sources, model, paths, settings, part, advance, lookers)
