"""Commands on disks and folders that fail: `make faults`, on Linux.

Each case is one command in a folder of its own, in which

- the disk is full: a file system in memory holds a part of what the command writes;
- the folder is read-only;
- an image is removed, cut off, replaced or touched while the command reads the images.

Right is an end with results or with one sentence, never a traceback, nothing half-written where results lie, and the
results of an undisturbed run when the same command is given again after the disk has room, the folder can be written
to, or the image is back. What was done is kept in a journal: the same command goes on.
"""

import ctypes
import json
import os
import random
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

from kill_cases import CASES, Case, emptied, half_written, left_behind, quiet_libraries, result
from kill_runs import Run, Undisturbed, differences, entries, note
from reliability_page import measure

TITLE = "Disks and folders that fail"
FAULTS = ("the disk is full", "the folder is read-only", "an image changes")
# Every command with every fault; only some read single images.
PAIRS = tuple((case, fault) for fault in FAULTS for case in CASES if fault != FAULTS[2] or "IN/images" in case.reads)
_CHANGES = ("removed", "cut off", "replaced", "touched")
_NEWNS, _NEWUSER, _READ_ONLY, _REMOUNT, _PRIVATE = 0x20000, 0x10000000, 1, 32, (1 << 18) | 16384
_ROOM = 1 << 30  # bytes: a checkpoint of 143 MB stands there twice while it is written


def mount(target: Path, flags: int, options: str, kind: str = "tmpfs") -> None:
    """mount(2), in this process's own view of the file system.

    Raises:
        OSError: it failed.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.mount(kind.encode(), os.fsencode(target), kind.encode(), flags, options.encode()):
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), str(target))


def own_view() -> None:
    """Give this process a view of the file system of its own, in which it may mount: as root or as anybody."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(_NEWNS if os.geteuid() == 0 else _NEWNS | _NEWUSER):
        number = ctypes.get_errno()
        raise OSError(number, f"cannot mount for itself: {os.strerror(number)}")
    mount(Path("/"), _PRIVATE, "", "none")


class Faults:
    """All faults of a seed, on the cases and inputs of `kill_cases`."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.folder, self.seed = folder, seed
        self.undisturbed = Undisturbed(folder)
        self._log = folder / "fault.log"

    def fault(self, number: int) -> dict[str, Any]:
        """One command with one fault, and what came of it."""
        rng = random.Random(f"fault {self.seed} {number}")
        case, kind = PAIRS[number % len(PAIRS)]
        whole, _, _ = self.undisturbed.of(case)
        out = emptied(self.undisturbed.out)
        self._log.unlink(missing_ok=True)
        entry = {"seed": self.seed, "number": number, "case": case.name, "fault": kind}
        said = self.folder / "fault.json"
        said.unlink(missing_ok=True)
        if (pid := os.fork()) == 0:
            code = 1
            try:
                own_view()
                found = (
                    self._changed(case, out, whole, rng)
                    if kind == FAULTS[2]
                    else self._disk(case, out, whole, rng, kind == FAULTS[1])
                )
                said.write_text(json.dumps(found))
                code = 0
            except BaseException as error:
                print(f"{case.name}, {kind}: {type(error).__name__}: {error}", flush=True)
            finally:
                os._exit(code)
        if os.waitpid(pid, 0)[1]:
            raise SystemExit("error: the fault could not be made")
        return {**entry, **json.loads(said.read_text())}

    def _disk(
        self, case: Case, out: Path, whole: dict[str, bytes], rng: random.Random, read_only: bool
    ) -> dict[str, str]:
        size = 4096 + int(rng.random() * 1.3 * sum(len(content) for content in whole.values()))
        mount(out, 0, f"size={size}")
        if read_only:
            mount(out, _REMOUNT | _READ_ONLY, f"size={_ROOM}")
        inputs = self.undisturbed.inputs
        code = Run(case.command(inputs, out), self._log).wait()
        first = self._judged(case, out, code, whole)
        detail = "" if read_only else f"room for {size} bytes"
        if first in ("ended with results", "a sentence"):
            mount(out, _REMOUNT, f"size={_ROOM}")
            first = self._again(case, out, inputs, whole) or first
        return {"outcome": first, "detail": detail if first in ("ended with results", "a sentence") else self._told()}

    def _changed(self, case: Case, out: Path, whole: dict[str, bytes], rng: random.Random) -> dict[str, str]:
        inputs = self.undisturbed.inputs
        images = sorted((inputs / "images").iterdir())
        mount(inputs / "images", 0, f"size={_ROOM}")  # over them: a copy that may be changed
        first, other, change = rng.choice(images[1:]), rng.choice(images), rng.choice(_CHANGES)
        copies = self.folder / "images"
        shutil.copytree(copies, inputs / "images", dirs_exist_ok=True)
        begun = False

        def opened(name: str) -> None:
            nonlocal begun
            if not begun and name.startswith(str(inputs / "images")) and name != str(first):
                begun = True
                changed(first, other, change)

        code = Run(case.command(inputs, out), self._log, opened=opened).wait()
        outcome = self._judged(case, out, code, None)
        told = self._told()
        if outcome == "a sentence":
            shutil.copytree(copies, inputs / "images", dirs_exist_ok=True)
            outcome = self._again(case, out, inputs, whole) or outcome
        return {"outcome": outcome, "detail": f"{first.name} {change}; {told}"}

    def _again(self, case: Case, out: Path, inputs: Path, whole: dict[str, bytes]) -> str:
        """What is wrong with the same command given again; empty if nothing is."""
        code = Run(case.command(inputs, out), self._log).wait()
        complete = case.refused is not None and case.refused in " ".join(self._told().split())
        if code not in (0, None) and not complete:
            return "does not go on"
        if differences(whole, result(case, out)):
            return "another result"
        return "left behind" if left_behind(out) else ""

    def _judged(self, case: Case, out: Path, code: int | None, whole: dict[str, bytes] | None) -> str:
        said = self._log.read_text() if self._log.exists() else ""
        if code is None:
            return "hang"
        if code not in (0, 1, 2) or "Traceback" in said or "nobody caught" in said:
            return "no sentence"
        if whole is not None and half_written(case, out, whole):
            return "half-written"
        if code == 2:
            return "a sentence" if said.count("error: ") == 1 else "no sentence"
        return "ended with results"

    def _told(self) -> str:
        return self._log.read_text()[-400:] if self._log.exists() else ""


def changed(path: Path, other: Path, change: str) -> None:
    """Do something to an image."""
    if change == "removed":
        path.unlink()
    elif change == "cut off":
        os.truncate(path, path.stat().st_size // 2)
    elif change == "replaced" and path != other:
        shutil.copyfile(other, path)
    else:
        os.utime(path)


def run(count: int, seed: int, folder: Path) -> list[dict[str, Any]]:
    """Do the faults that the journal has not; all that it holds then."""
    folder.mkdir(parents=True, exist_ok=True)
    journal = folder / "faults.jsonl"
    done = {entry["number"] for entry in entries(journal) if entry["seed"] == seed}
    quiet_libraries()
    faults = Faults(folder, seed)
    if not (folder / "images").exists():
        shutil.copytree(faults.undisturbed.inputs / "images", folder / "images")
    for number in range(count):
        if number not in done:
            note(journal, entry := faults.fault(number))
            print(f"{entry['case']}, {entry['fault']}: {entry['outcome']}", flush=True)
    return entries(journal)


_OUTCOMES = ("ended with results", "a sentence", "no sentence", "half-written", "does not go on", "another result")
_OUTCOMES += ("left behind", "hang")


def section(found: list[dict[str, Any]]) -> str:
    """The section of docs/reliability.md."""
    table = [f"| fault | cases | {' | '.join(_OUTCOMES)} |", "|---" * (len(_OUTCOMES) + 2) + "|"]
    for name in (*FAULTS, "all"):
        of = Counter(entry["outcome"] for entry in found if name in (entry["fault"], "all"))
        table.append(f"| {name} | {sum(of.values())} | {' | '.join(str(of[what]) for what in _OUTCOMES)} |")
    return f"""Written by `make faults` (`tools/faults.py`), which runs the same commands as the section above on a file
system in memory that holds only a part of what they write, on a read-only one, and while one of the images is removed,
cut off, replaced or touched. Right is an end with results or with one sentence, and the results of an undisturbed run
when the same command is given again with room on the disk or with the image as it was.

{chr(10).join(table)}

`make faults COUNT=63 SEED=1` does more, or others; an interrupted run goes on where it stopped."""


def main() -> None:
    """Entry point."""
    measure(__doc__, run, section, TITLE, (21, "how many cases"), right=("ended with results", "a sentence"))


if __name__ == "__main__":
    main()
