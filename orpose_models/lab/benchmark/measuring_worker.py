"""A measuring process, told what to do on its input: `python -m ...measuring_worker SPAWNED CONTENDER`.

SPAWNED is the time, by the system's monotonic clock, at which the process was asked for; CONTENDER its fields as JSON.
"""

import json
import os
import sys
import time
from typing import Any

from orpose_models.lab.benchmark.protocol import memory_mb, send, thread_seconds


class Worker:
    """Loads the contender and does what it is told.

    Args:
        contender: the fields of `contenders.Contender`.
        spawned: time at which the process was asked for.
        started: time at which its first line ran.
    """

    def __init__(self, contender: dict[str, Any], spawned: float, started: float) -> None:
        bare = memory_mb()
        from orpose_models.lab.benchmark.contenders import Contender
        from orpose_models.lab.benchmark.runners import load_runner

        self._bare, self._spawned, self._started = bare, spawned, started
        self._runner: Any = load_runner(Contender(**contender))
        self._loaded = time.monotonic()
        self._pictures: dict[str, Any] = {}

    def start(self, picture: str, persons: int, boxes: list[list[float]]) -> dict[str, Any]:
        """The first picture: seconds since the process was asked for, and what they went into."""
        self._runner.prepare(persons, 1.0, boxes)
        self._runner.call(self._picture(picture))
        done = time.monotonic()
        return {
            "engine": self._runner.engine,
            "sha256": self._runner.sha256,
            "parameters": getattr(self._runner, "parameters", None),
            "seconds": done - self._spawned,
            "interpreter": self._started - self._spawned,
            "loading": self._loaded - self._started,
            "first": done - self._loaded,
        }

    def run(
        self,
        pictures: list[str],
        persons: int,
        downsample: float,
        boxes: list[list[list[float]]],
        warm: int,
        calls: int,
    ) -> dict[str, Any]:
        """Time calls on pictures in turn, after some that are not timed."""
        seconds, found = [], []
        cpu = wall = 0.0
        for i in range(warm + calls):
            picture = self._picture(pictures[i % len(pictures)])
            self._runner.prepare(persons, downsample, boxes[i % len(pictures)] if boxes else [])
            cpu_start, start = time.process_time(), time.perf_counter()
            self._runner.call(picture)
            taken = time.perf_counter() - start
            if i >= warm:
                seconds.append(taken)
                cpu, wall = cpu + time.process_time() - cpu_start, wall + taken
                found.append(self._runner.found())
        return {
            "seconds": seconds,
            "processed": [one.processed for one in found],
            "reported": [one.reported for one in found],
            "stages": [one.stages for one in found],
            "boxes": [one.boxes for one in found],
            "cores": cpu / wall if wall else 0.0,
        }

    def arrays(self, picture: str, downsample: float) -> dict[str, Any]:
        """The poses of a picture."""
        self._runner.prepare(0, downsample, [])
        return dict(self._runner.arrays(self._picture(picture)))

    def memory(self) -> dict[str, Any]:
        """Memory in MB beyond that of the bare interpreter: now, and at most so far."""
        return {"rss": memory_mb() - self._bare, "peak": memory_mb("VmHWM") - self._bare, "bare": self._bare}

    def busy(self) -> dict[str, Any]:
        """Processor seconds of each thread so far."""
        return {"threads": thread_seconds()}

    def idle(self, seconds: float) -> dict[str, Any]:
        """Do nothing, and tell how much processor time that took."""
        before = time.process_time()
        time.sleep(seconds)
        return {"cpu": time.process_time() - before}

    def _picture(self, file: str) -> Any:
        import numpy as np

        if file not in self._pictures:
            self._pictures[file] = np.load(file)
        return self._pictures[file]


def main() -> None:
    """Answer on standard output; whatever libraries print goes to standard error."""
    started = time.monotonic()
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    try:
        worker = Worker(json.loads(sys.argv[2]), float(sys.argv[1]), started)
    except Exception as error:  # whatever a library raises where it cannot run
        send(answers, {"problem": str(error) if type(error).__name__ == "OrposeError" else repr(error)})
        return
    send(answers, {})
    for line in sys.stdin:
        order = json.loads(line)
        try:
            answer = getattr(worker, order.pop("do"))(**order)
        except Exception as error:
            answer = {"problem": str(error) if type(error).__name__ == "OrposeError" else repr(error)}
        send(answers, answer)


if __name__ == "__main__":
    main()
