"""Running `orpose predict` in this process."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from orpose_models.cli.main import run


def predict(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str]:
    """Exit code and what was said."""
    code = run(["predict", *(str(argument) for argument in arguments), "--model", "teacher-fast"])
    return code, " ".join(capsys.readouterr().err.split())


@contextmanager
def interruption_after_one_image() -> Iterator[None]:
    """Leaves behind what a crash after the first image does: the journal with one line."""
    from orpose_models.files import predictions as module

    original = module.PredictionJournal.append

    def stop_after_one(self: module.PredictionJournal, image: module.ImagePrediction) -> None:
        if self.done:
            raise KeyboardInterrupt
        original(self, image)

    module.PredictionJournal.append = stop_after_one  # type: ignore[method-assign]
    try:
        yield
    finally:
        module.PredictionJournal.append = original  # type: ignore[method-assign]
