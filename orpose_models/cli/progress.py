"""Long work on the console: progress bars with count, rate and time left, and what there is to say meanwhile."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from orpose_models.cli.console import say


class _Rate(ProgressColumn):
    def render(self, task: Task) -> Text:
        speed = task.finished_speed or task.speed
        return Text("" if speed is None else f"{speed:.2f}/s", style="progress.data.speed")


def progress_bar(console: Console) -> Progress:
    """A progress bar with count, rate and time left; it stays readable where there is no terminal."""
    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        _Rate(),
        TimeRemainingColumn(),
        console=console,
    )


class ConsoleReporter:
    """A `vocabulary.reporting.Reporter` with a bar for each piece of work; made by `reporting`."""

    def __init__(self, console: Console, bars: Progress) -> None:
        self._console = console
        self._bars = bars
        self._tasks: dict[str, TaskID] = {}

    def note(self, label: str, text: str) -> None:
        """Print a sentence above the bars."""
        say(self._console, label, text)

    def progress(self, what: str, done: int, total: int) -> None:
        """Move the bar of a piece of work, or begin one."""
        if what not in self._tasks:
            self._tasks[what] = self._bars.add_task(what, total=total)
        self._bars.update(self._tasks[what], completed=done, total=total)


@contextmanager
def reporting(console: Console) -> Iterator[ConsoleReporter]:
    """Bars while long work goes on."""
    with progress_bar(console) as bars:
        yield ConsoleReporter(console, bars)


@contextmanager
def shown_work(console: Console, say_every: float | None = None) -> Iterator[Callable[[str, int, int, str], None]]:
    """A bar for each piece of work, with a remark: what is done, how much of it, of how much, the remark.

    Args:
        console: where the bars are.
        say_every: seconds; where there is no terminal a line says how far it is.
    """
    said = 0.0
    with progress_bar(console) as progress:
        tasks: dict[str, TaskID] = {}
        shown: dict[str, int] = {}

        def show(what: str, done: int, total: int, remark: str) -> None:
            nonlocal said
            description = f"{what} {remark}".strip()
            if what not in tasks:
                tasks[what] = progress.add_task(description, total=total, completed=done)
            progress.update(tasks[what], completed=done, description=description)
            if console.is_terminal or say_every is None:
                return
            due = done != shown.get(what) and (done == total or time.monotonic() - said > say_every)
            shown[what] = done
            if due:
                said = time.monotonic()
                console.print(f"{description}: {done} of {total}")

        yield show
