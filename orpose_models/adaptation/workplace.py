"""The folder of an adaptation: one round for each time that the student is adapted, each of steps done once."""

import shutil
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from orpose_models.files.disk import read_json, write_json
from orpose_models.vocabulary.errors import OrposeError


class Round:
    """One round: a folder, what it is made of, and the steps that are done.

    Attributes:
        folder: where everything of it lies.
        number: from 1.
    """

    def __init__(self, folder: Path, number: int) -> None:
        self.folder, self.number = folder, number
        self._state = folder / "steps.json"
        self._done: dict[str, Any] = read_json(self._state) if self._state.is_file() else {}

    @property
    def finished(self) -> bool:
        """Whether its last step is done."""
        return "finished" in self._done

    @property
    def spent_s(self) -> float:
        """Seconds that the steps took, those of earlier calls too."""
        return sum(float(step["seconds"]) for step in self._done.values())

    def result(self, step: str) -> Any:
        """What a step that is done gave."""
        return self._done[step]["result"]

    def has(self, step: str) -> bool:
        """Whether a step is done."""
        return step in self._done

    def step(self, name: str, work: Callable[[], Any]) -> Any:
        """Do a step, or take what it gave when it was done. Steps give JSON values."""
        if name not in self._done:
            begun = time.monotonic()
            result = work()
            self._done[name] = {"seconds": round(time.monotonic() - begun, 1), "result": result}
            write_json(self._state, self._done, indent=1)
        return self._done[name]["result"]

    def seconds(self) -> dict[str, float]:
        """How long each step took."""
        return {name: float(step["seconds"]) for name, step in self._done.items()}


def open_round(out: Path, plan: Mapping[str, Any]) -> Round:
    """The round of a plan: the one that is unfinished or was made by it, else a new one.

    Args:
        out: the folder of all rounds.
        plan: what everything depends on, JSON values, with "sources": the recordings' identities.

    Raises:
        OrposeError: the last round is unfinished and of another plan.
    """
    rounds = _rounds(out)
    if rounds:
        last = Round(rounds[-1], len(rounds))
        if read_json(last.folder / "plan.json") == dict(plan):
            return last
        if not last.has("look"):  # refused at the first look, or not come so far
            shutil.rmtree(last.folder)
            return open_round(out, plan)
        if not last.finished:
            raise OrposeError(
                f"{last.folder}: an unfinished adaptation of other recordings or settings; give its own command to go "
                "on, or remove it"
            )
    folder = out / f"round-{len(rounds) + 1}"
    folder.mkdir(parents=True, exist_ok=True)
    write_json(folder / "plan.json", plan, indent=1)
    return Round(folder, len(rounds) + 1)


def last_plan(out: Path) -> dict[str, Any] | None:
    """The plan of the last round; None if there is none."""
    rounds = _rounds(out)
    return dict(read_json(rounds[-1] / "plan.json")) if rounds else None


def last_round(out: Path) -> Round | None:
    """The last round, whether finished or not; None if there is none."""
    rounds = _rounds(out)
    return Round(rounds[-1], len(rounds)) if rounds else None


def earlier_labels(out: Path, number: int) -> tuple[Path, ...]:
    """Labels of the rounds before one, of those that have not been forgotten."""
    files = (path.resolve() / "labels" / "room.json" for path in _rounds(out)[: number - 1])
    return tuple(file for file in files if file.is_file())


def _rounds(out: Path) -> list[Path]:
    found = (path for path in out.glob("round-*") if (path / "plan.json").is_file())
    return sorted(found, key=lambda path: int(path.name.removeprefix("round-")))
