"""Commands in processes of their own, forked from one that has all libraries, and what they leave undisturbed."""

import hashlib
import json
import os
import shutil
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from kill_cases import Case, command, emptied, left_behind, make_inputs, result

LONGEST = 1800.0  # seconds
_FILES = ("open", "os.mkdir", "os.remove", "os.rename", "os.rmdir", "os.truncate", "os.listdir", "shutil.rmtree")
_ROOT = Path(__file__).parents[1] / "orpose_models"


class Run:
    """A command in a process of its own.

    Args:
        log: what it says is added to this file.
        at: the number of the file operation at which it kills itself; None for none.
        opened: called in it with the name of each file before that is opened.
    """

    def __init__(
        self, arguments: list[str], log: Path, at: int | None = None, opened: Callable[[str], None] | None = None
    ) -> None:
        self.started = time.monotonic()
        self.counts = log.with_suffix(".count")
        self._at, self._opened, self._done = at, opened, 0
        self.pid = os.fork()
        if self.pid == 0:
            self._work(arguments, log)
        os.setpgid(self.pid, self.pid)  # here, so that it is done when this returns

    def _work(self, arguments: list[str], log: Path) -> None:
        code = 99
        try:
            descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
            for number in (1, 2):
                os.dup2(descriptor, number)
            sys.addaudithook(self._hear)
            code = command(arguments)
            total = self._done
            self.counts.write_text(str(total))
        except BaseException as error:
            os.write(2, f"an error that nobody caught: {type(error).__name__}: {error}\n".encode())
        finally:
            os._exit(code)

    def _hear(self, event: str, given: tuple[Any, ...]) -> None:
        if event not in _FILES:
            return
        if event == "open" and given[1] in ("r", "rb", None):
            if self._opened is not None:
                self._opened(os.fsdecode(given[0]) if isinstance(given[0], str | bytes) else "")
            return
        self._done += 1
        if self._done == self._at:
            os.kill(os.getpid(), signal.SIGKILL)

    def wait(self, seconds: float = LONGEST) -> int | None:
        """Its exit code, negative for a signal; None if it still runs after so long."""
        end = time.monotonic() + seconds
        while True:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                return os.waitstatus_to_exitcode(status)
            if time.monotonic() >= end:
                return None
            time.sleep(0.005)

    def kill(self) -> int:
        """Kill it with all of its children; its exit code."""
        os.killpg(self.pid, signal.SIGKILL)
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


class Undisturbed:
    """What commands leave when nothing disturbs them; kept on disk, and made anew when the program has changed.

    Args:
        folder: of inputs and results.
    """

    def __init__(self, folder: Path) -> None:
        self.folder, self.inputs = folder, folder / "input"
        # Where every run writes: labels name images relative to themselves, and others say where they are.
        self.out = folder / "run" / "of" / "one"
        self._program = _program()
        if not (self.inputs / "trained" / "small.safetensors").exists():
            emptied(self.inputs)
            _in_a_child(lambda: make_inputs(self.inputs), "the inputs could not be made")

    def of(self, case: Case) -> tuple[dict[str, bytes], float, int]:
        """The files by name, the seconds that it took and the file operations that it made.

        It runs twice, lest something differ that nothing has disturbed.
        """
        kept = self.folder / "whole" / case.name.replace(" ", "-").replace(",", "")
        facts = kept / "facts.json"
        if not facts.exists() or json.loads(facts.read_text())["program"] != self._program:
            self._run(case, kept, facts)
        read = json.loads(facts.read_text())
        return result(case, kept / "first"), float(read["seconds"]), int(read["operations"])

    def _run(self, case: Case, kept: Path, facts: Path) -> None:
        emptied(kept)
        log, seconds, operations = kept / "log", 0.0, 0
        for name in ("first", "second"):
            out = emptied(self.out)
            run = Run(case.command(self.inputs, out), log)
            if (code := run.wait()) != 0:
                raise SystemExit(f"{case.name}: ended with {code}: {log.read_text()[-600:]}")
            seconds, operations = time.monotonic() - run.started, int(run.counts.read_text())
            if left := left_behind(out):
                raise SystemExit(f"{case.name}: leaves behind {', '.join(left)}")
            out.rename(kept / name)
        if differing := differences(result(case, kept / "first"), result(case, kept / "second")):
            raise SystemExit(f"{case.name}: two runs differ in {', '.join(differing)}")
        shutil.rmtree(kept / "second")
        facts.write_text(json.dumps({"program": self._program, "seconds": seconds, "operations": operations}))


def differences(one: dict[str, bytes], other: dict[str, bytes]) -> list[str]:
    """Names of files that only one of two results has, or that differ."""
    return sorted(name for name in one.keys() | other.keys() if one.get(name) != other.get(name))


def entries(journal: Path) -> list[dict[str, Any]]:
    """What a journal holds; a last line that was cut off is left out, also of the file."""
    lines = journal.read_text().split("\n")[:-1] if journal.exists() else []
    found = [json.loads(line) for line in lines]
    if journal.exists():
        journal.write_text("".join(json.dumps(entry) + "\n" for entry in found))
    return found


def note(journal: Path, entry: dict[str, Any]) -> None:
    """Add an entry to a journal."""
    with journal.open("a") as file:
        file.write(json.dumps(entry) + "\n")


def _program() -> str:
    digest = hashlib.sha256()
    for path in sorted([*_ROOT.rglob("*.py"), *_ROOT.rglob("model.json")]):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _in_a_child(work: Callable[[], None], refusal: str) -> None:
    pid = os.fork()
    if pid == 0:
        try:
            work()
        except BaseException as error:
            print(f"error: {error}", file=sys.stderr)
            os._exit(1)
        os._exit(0)
    if os.waitpid(pid, 0)[1]:
        raise SystemExit(f"error: {refusal}")
