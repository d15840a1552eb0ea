"""A process ends with its parent."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from orpose_ros.parent import VARIABLE

LIMIT = 30.0

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="Linux only")

# Starts a child that says its number and sleeps; then waits itself.
PARENT = """
import os, subprocess, sys, time
environment = {**os.environ, sys.argv[1]: sys.argv[2].replace("ME", str(os.getpid()))}
command = [sys.executable, "-m", "orpose_ros.parent", "sh", "-c", "echo $$; exec sleep 600"]
subprocess.Popen(command, env=environment)
time.sleep(600)
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_it_ends_with_its_parent(number: signal.Signals) -> None:
    read, write = os.pipe()
    with subprocess.Popen([sys.executable, "-c", PARENT, VARIABLE, "ME"], stdout=write) as parent:
        os.close(write)
        with os.fdopen(read) as output:
            child = int(output.readline())
            assert Path("/proc", str(child)).exists()
            parent.send_signal(number)
            # The child holds the other end of the pipe: it closes when the child has ended.
            assert output.read() == ""


def test_one_whose_parent_has_ended_does_not_start() -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    command = [sys.executable, "-m", "orpose_ros.parent", "echo", "started"]
    environment = {**os.environ, VARIABLE: str(ended.pid)}
    run = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=LIMIT, check=False)
    assert (run.returncode, run.stdout) == (-signal.SIGTERM, "")


@pytest.mark.parametrize("value", ["", "none", "1"])
def test_another_living_parent_or_none_lets_it_run(value: str) -> None:
    command = [sys.executable, "-m", "orpose_ros.parent", "sh", "-c", f"echo started $(printenv {VARIABLE})"]
    environment = {**os.environ, VARIABLE: value}
    run = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=LIMIT, check=False)
    assert (run.returncode, run.stdout.strip()) == (0, "started")
