from pathlib import Path

import pytest

from orpose_models.cli.main import run
from orpose_models.files.disk import sha256
from orpose_models.lifting.runtime import load_lifter

pytestmark = pytest.mark.usefixtures("one_thread")


def test_one_command_makes_weights_and_card(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    command = ["train-lifter", "--out", str(tmp_path), "--chunks", "1", "--chunk", "512"]
    assert run(command) == 0
    weights = tmp_path / "lifter.safetensors"
    assert load_lifter(weights).sha256 == sha256(weights)
    card = (tmp_path / "lifter.md").read_text()
    assert sha256(weights) in card
    assert "--seed 0 --chunks 1 --chunk 512" in card
    assert "Not measured yet" in card
    assert "on 512 held-out synthetic people" in capsys.readouterr().out

    # Given again, the command finds both runs finished and writes the same file.
    first = weights.read_bytes()
    assert run(command) == 0
    assert weights.read_bytes() == first
    assert "continuing after chunk 1 of 1" in capsys.readouterr().out


def test_a_checkpoint_of_another_run_is_not_overwritten(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    command = ["train-lifter", "--out", str(tmp_path), "--chunks", "1", "--chunk", "512"]
    assert run(command) == 0
    assert run([*command, "--seed", "1"]) == 2
    assert "is of a run with other settings" in " ".join(capsys.readouterr().err.split())


@pytest.mark.parametrize("option", [["--chunks", "0"], ["--threads", "0"], ["--seed", "-1"], ["--chunk", "10"]])
def test_senseless_numbers(option: list[str]):
    assert run(["train-lifter", *option]) == 2
