"""Children end with their parent."""

import os
import signal
import subprocess
import sys
import time

CHILD = """
import time
from orpose_models.files.worker_process import obey_parent
obey_parent()
print("ready", flush=True)
time.sleep(60)
"""
PARENT = f"""
import subprocess, sys
child = subprocess.Popen([sys.executable, "-c", {CHILD!r}], stdout=subprocess.PIPE, text=True)
child.stdout.readline()
print(child.pid, flush=True)
child.wait()
"""


def gone(pid):
    """Whether a process has ended; one that nobody has asked about since is a zombie."""
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


def test_a_child_ends_when_its_parent_is_killed_and_leaves_ctrl_c_to_it():
    with subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        os.kill(child, signal.SIGINT)
        time.sleep(0.2)
        assert not gone(child)
        parent.kill()
    end = time.monotonic() + 30
    while not gone(child) and time.monotonic() < end:
        time.sleep(0.05)
    assert gone(child)
