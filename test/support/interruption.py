"""Runs that are interrupted at a known place."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from orpose_models.files.prediction_journal import Kept, PredictionJournal


@contextmanager
def interruption_after(images: int) -> Iterator[None]:
    """Leaves behind what a crash does after a number of images: a journal with so many more lines."""
    original = PredictionJournal.append
    kept = 0

    def stop(self: PredictionJournal, *arguments: Any) -> Kept:
        nonlocal kept
        if kept == images:
            raise KeyboardInterrupt
        kept += 1
        return original(self, *arguments)

    PredictionJournal.append = stop  # type: ignore[method-assign]
    try:
        yield
    finally:
        PredictionJournal.append = original  # type: ignore[method-assign]
