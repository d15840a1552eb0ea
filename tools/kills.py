"""Kills running commands with SIGKILL at random moments and lets them go on: `make kills`.

A chain is one command in a fresh folder: it is killed some times, started again each time, and at last left to end.
After each kill nothing half-written may lie where results lie; at the end the results must be those of a run that was
never interrupted, byte by byte, and nothing may be left behind. Half of the kills come at a random time, half at a
random one of the file operations that the run makes (an audit hook counts them), where a kill is most likely to hurt.
What was done is kept in a journal: the same command goes on. The section of the document is written from it.
"""

import random
import signal
from collections import Counter
from pathlib import Path
from typing import Any

import kill_cases
from kill_cases import CASES, Case, emptied, half_written, left_behind, quiet_libraries, result
from kill_runs import LONGEST, Run, Undisturbed, differences, entries, note
from reliability_page import measure

_MOST = 4  # kills of a chain
TITLE = "Commands that are killed"


class Chains:
    """All chains of a seed."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.folder, self.seed = folder, seed
        self.undisturbed = Undisturbed(folder)

    def chain(self, number: int) -> dict[str, Any]:
        """Kill a command some times, let it end, and say what came of it."""
        rng = random.Random(f"chain {self.seed} {number}")
        case = CASES[number % len(CASES)]
        whole, seconds, operations = self.undisturbed.of(case)
        out, log = emptied(self.undisturbed.out), self.folder / "chain.log"
        log.unlink(missing_ok=True)
        arguments = case.command(self.undisturbed.inputs, out)
        kills: list[str] = []
        entry: dict[str, Any] = {"seed": self.seed, "chain": number, "case": case.name, "kills": kills}
        for _ in range(rng.randint(1, _MOST)):
            moment = rng.random()
            at = 1 + int(moment * operations) if rng.random() < 0.5 else None
            run = Run(arguments, log, at)
            code = run.wait(LONGEST if at else moment * seconds)
            if code is None:
                code = run.kill()
            if code != -signal.SIGKILL:
                return {**entry, **self._ended(case, out, code, log, whole)}
            kills.append(f"file operation {at}" if at else f"{moment:.3f} of the time")
            if wrong := half_written(case, out, whole):
                return {**entry, "outcome": "half-written", "detail": f"{', '.join(wrong)} after {kills[-1]}"}
        code = Run(arguments, log).wait()
        return {**entry, **self._ended(case, out, code, log, whole)}

    def _ended(self, case: Case, out: Path, code: int | None, log: Path, whole: dict[str, bytes]) -> dict[str, str]:
        said = log.read_text()[-600:]
        complete = case.refused is not None and case.refused in " ".join(said.split())
        if code != 0 and not complete:
            return {"outcome": "an error", "detail": f"exit code {code}: {said}"}
        if differing := differences(whole, result(case, out)):
            return {"outcome": "another result", "detail": ", ".join(differing)}
        if left := left_behind(out):
            return {"outcome": "left behind", "detail": ", ".join(left)}
        return {"outcome": "the same result", "detail": ""}


def run(count: int, seed: int, folder: Path) -> list[dict[str, Any]]:
    """Do chains until there are `count` kills of a seed in the journal; all that it holds then."""
    folder.mkdir(parents=True, exist_ok=True)
    journal = folder / "journal.jsonl"
    mine = [entry for entry in entries(journal) if entry["seed"] == seed]
    quiet_libraries()
    chains = Chains(folder, seed)
    while sum(len(entry["kills"]) for entry in mine) < count:
        mine.append(chains.chain(len(mine)))
        note(journal, mine[-1])
        print(f"{mine[-1]['case']}: {len(mine[-1]['kills'])} kills, {mine[-1]['outcome']}", flush=True)
    return entries(journal)


def section(found: list[dict[str, Any]]) -> str:
    """The section of docs/reliability.md."""
    outcomes = ("the same result", "another result", "half-written", "left behind", "an error")
    table = [f"| command | kills | chains | {' | '.join(outcomes)} |", "|---" * (len(outcomes) + 3) + "|"]
    for name in [*(case.name for case in CASES), "all"]:
        of = [entry for entry in found if name in (entry["case"], "all")]
        ends = Counter(entry["outcome"] for entry in of)
        kills = sum(len(entry["kills"]) for entry in of)
        table.append(f"| {name} | {kills} | {len(of)} | {' | '.join(str(ends[what]) for what in outcomes)} |")
    size = f"{kill_cases.FRAMES} frames of {kill_cases.WIDTH} x {kill_cases.HEIGHT} pixels"
    return f"""Written by `make kills` (`tools/kills.py`). A chain is one command in a fresh folder that is killed by
SIGKILL, one to {_MOST} times, started again each time, and at last left to end. Half of the kills come at a random
time, half at a random file operation. Right is that nothing half-written lies among the results after a kill, that
the results are in the end those of a run that was never interrupted, byte by byte, and that nothing is left behind.
Inputs are {size}. Of a training its weights, history and evaluations are compared,
its checkpoint and TensorBoard's files are not.

{chr(10).join(table)}

`make kills COUNT=200 SEED=1` does more, or others; an interrupted run goes on where it stopped."""


def main() -> None:
    """Entry point."""
    measure(__doc__, run, section, TITLE, (20, "how many kills"), right=("the same result",))


if __name__ == "__main__":
    main()
