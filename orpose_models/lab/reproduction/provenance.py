"""Where and with what a row was made: machine, commit, time."""

import os
import platform
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timezone
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Literal

from pydantic import TypeAdapter, ValidationError

from orpose_models.files.disk import read_json, write_json
from orpose_models.files.validation import layout_error
from orpose_models.lab.reproduction.row_record import Session

_WRITE_EVERY = 20.0  # seconds; what a kill -9 can lose of the time


def machine() -> dict[str, str]:
    """Processor, cores, memory, and the versions that matter. Nothing that names the machine."""
    found = {"processor": _processor(), "cores": str(len(os.sched_getaffinity(0)))}
    found["memory"] = f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.1f} GiB"
    found["system"] = platform.system()
    found["Python"] = platform.python_version()
    for package in ("torch", "numpy", "onnxruntime"):
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.machine()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())


def commit() -> str:
    """The commit of the checkout that this program is of, with "+" if its files differ from it; "" outside of one."""
    root = Path(__file__).parents[3]

    def git(*arguments: str) -> str:
        return subprocess.run(["git", *arguments], cwd=root, capture_output=True, text=True, check=True).stdout.strip()

    try:
        return git("rev-parse", "HEAD") + ("+" if git("status", "--porcelain", "--", "orpose_models", "config") else "")
    except (OSError, subprocess.CalledProcessError):
        return ""


class Sessions:
    """The stretches of work on a row, kept in a file so that interruptions do not hide time."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.done: list[Session] = []
        if path.exists():
            try:
                self.done = TypeAdapter(list[Session]).validate_python(read_json(path))
            except ValidationError as error:
                raise layout_error(path, error) from None

    @contextmanager
    def session(self, stage: Literal["training", "evaluation"]) -> Iterator[Callable[[], None]]:
        """Measure what is done within; what is yielded is to be called now and then."""
        began = datetime.now(timezone.utc).isoformat(timespec="seconds")
        started = written = time.monotonic()
        before, now = self.done, commit()

        def write() -> None:
            nonlocal written
            written = time.monotonic()
            self.done = [*before, Session(stage=stage, commit=now, began=began, seconds=round(written - started, 1))]
            write_json(self._path, [session.model_dump() for session in self.done], indent=1)

        def beat() -> None:
            if time.monotonic() - written > _WRITE_EVERY:
                write()

        write()
        try:
            yield beat
        finally:
            write()
