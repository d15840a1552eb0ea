"""A model beside other processes: how it slows down, whether it keeps to its threads, and whether it rests."""

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import numpy as np

from orpose_models.lab.benchmark.benchmark_files import Robustness
from orpose_models.lab.benchmark.contenders import Contender
from orpose_models.lab.benchmark.measuring_process import MeasuringProcess
from orpose_models.lab.benchmark.timing_statistics import timing

_CALLS = 40
_IDLE_SECONDS = 2.0
# A thread counts as busy that has more than this share of the busiest one's processor time.
_BUSY_SHARE = 0.1


def measure_robustness(contender: Contender, pictures: list[str]) -> Robustness:
    """Measure a model that may run wherever the system puts it.

    Args:
        contender: a model of this project.
        pictures: files of pictures (see `staged_pictures`).

    Raises:
        ContenderError: it cannot run.
    """
    with MeasuringProcess(contender, pinned=False) as process:
        process.wait_loaded()
        _run(process, pictures, len(pictures))
        before = process.do("busy")["threads"]
        alone = _run(process, pictures, _CALLS)
        busy = _busy_threads(before, process.do("busy")["threads"])
        with _busy_processes(1):
            one_core = _run(process, pictures, _CALLS)
        with _busy_processes(len(os.sched_getaffinity(0))):
            all_cores = _run(process, pictures, _CALLS)
        idle = process.do("idle", seconds=_IDLE_SECONDS)["cpu"]
        answers = [process.do("arrays", picture=picture, downsample=1.0) for picture in pictures]
    other = replace(contender, threads=1 if contender.threads > 1 else 2)
    with MeasuringProcess(other, pinned=False) as process:
        process.wait_loaded()
        others = [process.do("arrays", picture=picture, downsample=1.0) for picture in pictures]
    return Robustness(
        label=contender.label,
        alone=timing(alone["seconds"]),
        one_core=timing(one_core["seconds"]),
        all_cores=timing(all_cores["seconds"]),
        cores=round(alone["cores"], 2),
        busy_threads=busy,
        idle_cpu=round(idle / _IDLE_SECONDS, 4),
        thread_difference_px=difference(answers, others, ("boxes", "keypoints")),
        thread_difference_mm=difference(answers, others, ("joints3d",), 1000.0),
    )


def _run(process: MeasuringProcess, pictures: list[str], calls: int) -> dict[str, Any]:
    return process.do("run", pictures=pictures, persons=0, downsample=1.0, boxes=[], warm=1, calls=calls)


def _busy_threads(before: dict[str, float], after: dict[str, float]) -> int:
    used = [seconds - before.get(thread, 0.0) for thread, seconds in after.items()]
    return sum(seconds > _BUSY_SHARE * max(used) for seconds in used)


@contextmanager
def _busy_processes(number: int) -> Iterator[None]:
    """Processes that compute all the time, and nothing else."""
    processes = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(number)]
    try:
        yield
    finally:
        for process in processes:
            process.kill()
        for process in processes:
            process.wait()


def difference(
    a: Sequence[dict[str, Any]], b: Sequence[dict[str, Any]], names: Sequence[str], scale: float = 1.0
) -> float | None:
    """Largest difference of the named arrays of two lists of poses; None where the numbers of persons differ."""
    largest = 0.0
    for one, other in zip(a, b, strict=True):
        if len(one["boxes"]) != len(other["boxes"]):
            return None
        for name in names:
            apart = np.abs(np.asarray(one[name], np.float64) - np.asarray(other[name], np.float64))
            if np.isfinite(apart).any():
                largest = max(largest, float(np.nanmax(apart)))
    return round(largest * scale, 4)
