"""A measuring process as the benchmark sees it."""

import json
import os
import subprocess
import time
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryFile
from types import TracebackType
from typing import Any

from typing_extensions import Self

import orpose_models
from orpose_models.lab.benchmark.contenders import Contender
from orpose_models.lab.benchmark.protocol import send

# What the numeric libraries read when they choose their number of threads.
_THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


class ContenderError(Exception):
    """A contender cannot run, or failed: in one sentence, why."""


class MeasuringProcess:
    """A contender in a fresh process of its own.

    Args:
        contender: what to load.
        pinned: keep it to as many processors as it has threads, and tell the numeric libraries; else only the
            contender itself is told.
        engines: folder in which engines keep what they make of models; None for the user's.
    """

    def __init__(self, contender: Contender, pinned: bool = True, engines: Path | None = None) -> None:
        environment = {**os.environ, "PYTHONPATH": str(Path(orpose_models.__file__).resolve().parents[1])}
        environment |= {"ORPOSE_ENGINES": str(engines)} if engines is not None else {}
        processors = sorted(os.sched_getaffinity(0))
        if pinned:
            environment |= dict.fromkeys(_THREAD_VARIABLES, str(contender.threads))
            processors = processors[: contender.threads]
        self.contender = contender
        self._log = TemporaryFile()  # noqa: SIM115 (closed with the process)
        command = [contender.python, "-m", "orpose_models.lab.benchmark.measuring_worker", repr(time.monotonic())]
        try:
            self._process = subprocess.Popen(
                [*command, json.dumps(asdict(contender))],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._log,
                text=True,
                env=environment,
                preexec_fn=lambda: os.sched_setaffinity(0, processors),
            )
        except OSError as error:
            self._log.close()
            raise ContenderError(
                f"{contender.python} cannot be run: {(error.strerror or str(error)).lower()}"
            ) from None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def wait_loaded(self) -> None:
        """Wait until the contender is loaded.

        Raises:
            ContenderError: it cannot be.
        """
        self._answer()

    def do(self, order: str, **arguments: Any) -> dict[str, Any]:
        """Let the process do something (a method of `measuring_worker.Worker`) and return its answer.

        Raises:
            ContenderError: it failed, or the process ended.
        """
        assert self._process.stdin is not None
        try:
            send(self._process.stdin, {"do": order, **arguments})
        except BrokenPipeError:
            raise ContenderError(self._last_words()) from None
        return self._answer()

    def close(self) -> None:
        """End the process."""
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        for stream in (self._process.stdin, self._process.stdout):
            assert stream is not None
            stream.close()
        self._log.close()

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise ContenderError(self._last_words())
        answer: dict[str, Any] = json.loads(line)
        if problem := answer.get("problem"):
            raise ContenderError(problem)
        return answer

    def _last_words(self) -> str:
        code = self._process.wait()
        self._log.seek(0)
        lines = self._log.read().decode(errors="replace").strip().splitlines()
        return f"its process ended with exit code {code}: {lines[-1] if lines else 'it said nothing'}"
