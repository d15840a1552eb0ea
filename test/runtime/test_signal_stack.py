"""A signal that comes after OpenVINO's models were let go of."""

import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = """
import gc, os, signal, sys
from orpose_models.registry.models import load_model
signal.signal(signal.SIGINT, lambda number, frame: print("handled"))
for _ in range(2):
    model = load_model(sys.argv[1], 1, sys.argv[2])
    model = None
    gc.collect()
os.kill(os.getpid(), signal.SIGINT)
"""


@pytest.mark.parametrize("engine", ["openvino", "openvino-bf16", "openvino-auto"])
def test_a_signal_after_a_model_was_let_go_of_is_handled(engine: str, exported_student: Path) -> None:
    command = [sys.executable, "-c", PROGRAM, str(exported_student), engine]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "handled\n"), done.stderr
