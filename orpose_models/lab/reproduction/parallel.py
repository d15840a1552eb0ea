"""Measuring a row at several scales at once, each in a process of its own."""

import multiprocessing
import queue
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from orpose_models.files.worker_process import obey_parent
from orpose_models.lab.reproduction.row_measuring import measure, open_test
from orpose_models.lab.reproduction.row_plan import Workplace
from orpose_models.lab.reproduction.row_record import ScaleRecord
from orpose_models.model_format.pose_model import PoseModel
from orpose_models.registry.models import load_model
from orpose_models.vocabulary.errors import OrposeError

if TYPE_CHECKING:
    from multiprocessing import Queue

    from orpose_models.datasets.truth import Truth


@dataclass
class _Worker:
    """What a process works with."""

    truth: "Truth"
    model: PoseModel
    folder: Path
    draws: int
    counts: "Queue[tuple[float, int]]"


_worker: _Worker | None = None


def measure_scales(
    place: Workplace, model: str, folder: Path, report: Callable[[float, int], None], beat: Callable[[], None]
) -> dict[str, ScaleRecord]:
    """Figures by scale, such as '12'; predictions go to `folder`.

    Args:
        model: what `load_model` takes.
        report: called with a scale and how many of its images are done.
        beat: called a few times a second.

    Raises:
        OrposeError: a model, an image or the dataset cannot be read; a process was killed.
    """
    scales = place.config.evaluation.scales
    context = multiprocessing.get_context("spawn")
    counts: Queue[tuple[float, int]] = context.Queue()
    processes = min(place.config.evaluation.processes, len(scales))
    with ProcessPoolExecutor(processes, context, _start, (place, model, folder, counts)) as pool:
        futures = {factor: pool.submit(_measure, factor) for factor in scales}
        try:
            while not all(future.done() for future in futures.values()) or not counts.empty():
                beat()
                failed = [f for f in futures.values() if f.done() and f.exception() is not None]
                if failed:
                    failed[0].result()
                try:
                    report(*counts.get(timeout=0.2))
                except queue.Empty:
                    continue
        except BrokenProcessPool:
            raise OrposeError(f"{model}: a process that measured it was ended; is there enough memory?") from None
        except BaseException:
            for process in list((pool._processes or {}).values()):  # what they did is in the journals
                process.terminate()
            raise
        return {f"{factor:g}": future.result() for factor, future in futures.items()}


def _start(place: Workplace, model: str, folder: Path, counts: "Queue[tuple[float, int]]") -> None:
    global _worker
    obey_parent()
    evaluation = place.config.evaluation
    _worker = _Worker(open_test(place), load_model(model, evaluation.threads), folder, evaluation.draws, counts)


def _measure(factor: float) -> ScaleRecord:
    assert _worker is not None
    counts = _worker.counts
    return measure(
        _worker.truth, _worker.model, factor, _worker.folder, _worker.draws, lambda done: counts.put((factor, done))
    )
