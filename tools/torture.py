"""Damages valid files and messages and draws malformed ones, and watches what becomes of them: `make torture`.

Each case is a batch made from a seed and a number, so that it can be made again: either damages to the bytes of one
input (`torture_inputs`), or messages or documents with wrong values (`torture_shapes`). It is read in a process that
does many cases; the process that watches counts what happens: read, refused with one sentence, an error without a
sentence (a bug), a crash, a hang. What is done is kept in a journal: the same command goes on. The section of the
document is written from the journal.
"""

import argparse
import json
import multiprocessing
import random
import resource
import tempfile
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from reliability_page import write_section
from torture_inputs import Reader, damaged, make_inputs
from torture_shapes import BATCH, Shape, examples, shapes

from orpose_models.vocabulary.errors import OrposeError

TITLE = "Damaged inputs"
HANG = 10.0  # seconds
OUTCOMES = ("read", "refused with a sentence", "an error without a sentence", "not one sentence", "crash", "hang")
GOOD = OUTCOMES[:2]

Inputs = dict[str, tuple[Path, Reader]]


def judged(read: Callable[[], Any]) -> tuple[str, str]:
    """What becomes of reading an input, and details of a bug."""
    try:
        read()
    except OrposeError as error:
        one = "\n" not in str(error) and str(error) != ""
        return (OUTCOMES[1], "") if one else (OUTCOMES[3], str(error))
    except Exception as error:
        return OUTCOMES[2], f"{type(error).__name__}: {error}"
    return OUTCOMES[0], ""


def kind_of(case: int, seed: int, kinds: list[str]) -> str:
    """What kind of input a case is."""
    return random.Random(f"input {seed} {case}").choice(kinds)


def damages(number: str, path: Path, read: Reader, work: Path) -> Iterator[tuple[str, str]]:
    """What becomes of an input with each damage of a batch."""
    folder = work / "case"
    folder.mkdir(exist_ok=True)
    target = folder / path.name
    for i in range(BATCH):
        target.write_bytes(damaged(path.read_bytes(), random.Random(f"{number} {i}")))
        yield judged(lambda: read(target))
    target.unlink()


def work_off(connection: Any, seed: int, folder: str) -> None:
    """A worker: cases in; of each its kind, what became of each of its inputs, and at last the memory."""
    warnings.simplefilter("error", RuntimeWarning)  # numbers that arrays cannot hold
    work = Path(tempfile.mkdtemp(dir=folder))
    inputs: Inputs = make_inputs(work)
    pictures = [path.read_bytes() for name, (path, _) in inputs.items() if name.startswith("image ")]
    drawn: dict[str, Shape] = shapes(Path(tempfile.mkdtemp(dir=work)), pictures)
    kinds = sorted((*inputs, *drawn))
    connection.send("up")
    while (case := connection.recv()) is not None:
        kind = kind_of(case, seed, kinds)
        connection.send(kind)
        if kind in inputs:
            for what in damages(f"damage {seed} {case}", *inputs[kind], work):
                connection.send(what)
        else:
            examples(drawn[kind], f"drawn {seed} {case}", lambda read: connection.send(judged(read)))
        connection.send(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)


class Watcher:
    """Gives cases to a worker and makes a new one when that crashes or hangs."""

    def __init__(self, seed: int, folder: str) -> None:
        self._seed, self._folder = seed, folder
        self._context = multiprocessing.get_context("spawn")
        self._process: Any = None
        self._here: Any = None

    def case(self, case: int) -> dict[str, Any]:
        """Have a case done; the journal's entry."""
        if self._process is None:
            self._here, there = self._context.Pipe()
            self._process = self._context.Process(target=work_off, args=(there, self._seed, self._folder), daemon=True)
            self._process.start()
            there.close()
            try:
                self._here.recv()
            except EOFError:
                raise SystemExit("error: a worker could not make its inputs; what it says is above") from None
        found: Counter[str] = Counter()
        details: list[str] = []
        entry: dict[str, Any] = {"seed": self._seed, "case": case, "input": "unknown", "memory": 0}
        try:
            self._here.send(case)
            entry["input"] = self._here.recv()
            while self._here.poll(HANG):
                said = self._here.recv()
                if isinstance(said, int):
                    entry["memory"] = said
                    break
                found[said[0]] += 1
                details += [said[1]] if said[1] else []
            else:
                found["hang"] += 1
                self._end()
        except (EOFError, ConnectionError):
            self._process.join()
            found["crash"] += 1
            details.append(f"exit code {self._process.exitcode}")
            self._end()
        return {**entry, "outcomes": dict(found), "details": details[:3]}

    def _end(self) -> None:
        self._process.kill()
        self._process.join()
        self._process = None

    def close(self) -> None:
        """End the worker."""
        if self._process is not None:
            self._here.send(None)
            self._process.join()


def run(count: int, seed: int, journal: Path) -> None:
    """Do the cases that the journal has not, until it has `count` inputs of the seed."""
    journal.parent.mkdir(parents=True, exist_ok=True)
    before = entries(journal)
    journal.write_text("".join(json.dumps(entry) + "\n" for entry in before))  # without a line that was cut off
    mine = [entry for entry in before if entry["seed"] == seed]
    done, case = sum(sum(entry["outcomes"].values()) for entry in mine), len(mine)
    with tempfile.TemporaryDirectory() as folder, journal.open("a") as file:
        watcher = Watcher(seed, folder)
        while done < count:
            entry = watcher.case(case)
            done, case = done + sum(entry["outcomes"].values()), case + 1
            file.write(json.dumps(entry) + "\n")
            file.flush()
        watcher.close()


def entries(journal: Path) -> list[dict[str, Any]]:
    """What a journal holds; a last line that was cut off is left out."""
    lines = journal.read_text().split("\n")[:-1] if journal.exists() else []
    return [json.loads(line) for line in lines]


def section(found: list[dict[str, Any]]) -> str:
    """The section of docs/reliability.md."""
    table = [f"| input | number | {' | '.join(OUTCOMES)} |", "|---" * (len(OUTCOMES) + 2) + "|"]
    for name in [*sorted({entry["input"] for entry in found}), "all"]:
        of: Counter[str] = Counter()
        for entry in found:
            of.update(entry["outcomes"] if name in (entry["input"], "all") else {})
        table.append(f"| {name} | {sum(of.values())} | {' | '.join(str(of[what]) for what in OUTCOMES)} |")
    memory = [entry["memory"] for entry in found if entry["memory"]]
    seeds = ", ".join(str(seed) for seed in sorted({entry["seed"] for entry in found}))
    return f"""Written by `make torture` (`tools/torture.py`), seeds {seeds}. Valid inputs are damaged at random, one to
four damages each - bits turned, bytes overwritten, pieces lost, doubled, put in or cut off, numbers replaced; and
Hypothesis draws every field of messages, and values anywhere in documents ("fields of", "values of"). They are read as
the commands read them. Right is that an input is read, as far as it can be, or refused with one sentence. Of a model
only `model.json` is damaged; its graphs are not run.

{chr(10).join(table)}

Memory of a reading process: at most {max(memory, default=0)} MiB, {min(memory, default=0)} MiB after its first case.
An input that takes longer than {HANG:g} s is a hang.

`make torture COUNT=1000 SEED=1` does more, or others; an interrupted run goes on where it stopped."""


def main() -> None:
    """Entry point."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=300, help="how many inputs")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--journal", type=Path, default=Path("out/torture/journal.jsonl"))
    parser.add_argument("--document", type=Path, help="write what the journal holds as Markdown")
    arguments = parser.parse_args()
    run(arguments.count, arguments.seed, arguments.journal)
    found = entries(arguments.journal)
    total: Counter[str] = Counter()
    for entry in found:
        total.update(entry["outcomes"])
        if set(entry["outcomes"]) - set(GOOD):
            print(json.dumps(entry))
    print(dict(total))
    if arguments.document:
        write_section(arguments.document, TITLE, section(found))


if __name__ == "__main__":
    main()
