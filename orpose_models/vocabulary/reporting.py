"""What long work tells whoever started it: the command line shows it, a library's user may not care."""

from collections.abc import Callable
from typing import Protocol


class Reporter(Protocol):
    """Hears of long work while it goes on."""

    def note(self, label: str, text: str) -> None:
        """Something to know, one sentence; the label is a word or two, such as 'note' or 'left out'."""
        ...

    def progress(self, what: str, done: int, total: int) -> None:
        """How much of a piece of work is done: called when it begins and after each of its parts."""
        ...


class Silent:
    """A reporter that keeps everything to itself."""

    def note(self, label: str, text: str) -> None:
        """Say nothing."""

    def progress(self, what: str, done: int, total: int) -> None:
        """Show nothing."""


def counter(reporter: Reporter, what: str, total: int, done: int = 0) -> Callable[[], None]:
    """Tell a reporter that a piece of work begins; what is returned is called after each of its parts."""
    count = done
    reporter.progress(what, count, total)

    def advance() -> None:
        nonlocal count
        count += 1
        reporter.progress(what, count, total)

    return advance
