"""Other commands of orpose, run as processes of their own."""

import fcntl
import json
import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from orpose_models.vocabulary.errors import OrposeError
from orpose_models.vocabulary.installing import pip_install

_POLL = 1.0  # seconds
_PATIENCE = 60.0  # seconds that an interrupted training has for writing its checkpoint


def script(name: str) -> str:
    """A command of this environment, beside its Python.

    Raises:
        OrposeError: it is not there.
    """
    path = Path(sys.executable).parent / name
    if not path.exists():
        raise OrposeError(f"{path}: no such command; {pip_install('train' if name == 'torchrun' else 'command')}")
    return str(path)


def run(arguments: Sequence[str]) -> None:
    """Run `orpose ARGUMENTS`, which shows its own progress; Ctrl-C and SIGTERM are handed on once.

    Raises:
        OrposeError: it failed; it has said why.
        KeyboardInterrupt: it was interrupted.
    """
    with _terminable():
        process = subprocess.Popen([script("orpose"), *arguments], start_new_session=True)
        try:
            code = process.wait()
        except BaseException:
            process.send_signal(signal.SIGINT)
            process.wait()
            raise
    if code in (130, -signal.SIGINT):
        raise KeyboardInterrupt
    if code:
        raise OrposeError(f"{shlex.join(['orpose', *arguments])}: failed, see above")


@contextmanager
def locked(folder: Path) -> Iterator[int]:
    """Keep others out of a row's folder, as long as this process or the training that it has started lives.

    Raises:
        OrposeError: another one works on it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    file = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT)
    try:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise OrposeError(
                f"{folder}: another process works on this row; wait for it, or end it and try again"
            ) from None
        yield file
    finally:
        os.close(file)


def train(
    arguments: Sequence[str], processes: int, folder: Path, lock: int, report: Callable[[int, float | None], None]
) -> None:
    """Run `orpose train ARGUMENTS` under torchrun; what it says goes to FOLDER/train.log.

    Ctrl-C and SIGTERM are handed on once, and the training has time to write its checkpoint.

    Args:
        processes: how many; one does without torchrun.
        folder: of the run.
        lock: from `locked`; the training keeps it too, should this process be killed.
        report: called every second with the iterations done and the latest loss, as far as it is known.

    Raises:
        OrposeError: it failed; has the end of what it said.
        KeyboardInterrupt: it was interrupted.
    """
    command = [script("orpose"), "train", *arguments]
    if processes > 1:
        command = [script("torchrun"), "--nproc-per-node", str(processes), "--standalone", "--no-python", *command]
    log = folder / "train.log"
    with log.open("ab") as file, _terminable():
        begin = file.tell()
        process = subprocess.Popen(
            command, stdout=file, stderr=subprocess.STDOUT, start_new_session=True, pass_fds=[lock]
        )
        try:
            while True:
                report(*_latest(folder / "history.jsonl"))
                try:
                    code = process.wait(_POLL)
                    break
                except subprocess.TimeoutExpired:
                    continue
        except BaseException:
            process.send_signal(signal.SIGINT)
            try:
                process.wait(_PATIENCE)
            except subprocess.TimeoutExpired:
                process.kill()
            raise
    if code:
        said = log.read_bytes()[begin:].decode(errors="replace").strip().splitlines()
        reason = next((line for line in said if line.startswith("error:")), said[-1] if said else "it said nothing")
        raise OrposeError(f"the training failed: {reason.removeprefix('error: ')}; all of it is in {log}")


def _latest(history: Path) -> tuple[int, float | None]:
    """Iterations and loss of the last line of a history that is being written."""
    try:
        lines = history.read_text().splitlines()
    except FileNotFoundError:
        return 0, None
    for line in reversed(lines):
        try:
            entry = json.loads(line)
        except json.JSONDecodeError:  # half a line
            continue
        if "training" in entry:
            return int(entry["iteration"]), float(entry["training"]["loss"])
    return 0, None


@contextmanager
def _terminable() -> Iterator[None]:
    """While it lasts, SIGTERM is as Ctrl-C."""

    def interrupt(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    old = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, old)
