"""Running `orpose predict` in this process."""

import pytest

from orpose_models.cli.main import run


def predict(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str]:
    """Exit code and what was said."""
    code = run(["predict", *(str(argument) for argument in arguments), "--model", "teacher-fast"])
    return code, " ".join(capsys.readouterr().err.split())
