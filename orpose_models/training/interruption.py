"""Ending a run in good order when it is asked to stop."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def noted_interruption() -> Iterator[list[int]]:
    """While it lasts, the first SIGINT or SIGTERM is only noted; the second interrupts at once."""
    noted: list[int] = []
    old = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def note(number: int, frame: FrameType | None) -> None:
        if noted:
            raise KeyboardInterrupt
        noted.append(number)

    for number in old:
        signal.signal(number, note)
    try:
        yield noted
    finally:
        for number, handler in old.items():
            signal.signal(number, handler)
