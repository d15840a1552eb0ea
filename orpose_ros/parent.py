"""Ends a process with its parent: `ros2 launch` leaves its nodes running when it is ended by SIGTERM or killed.

`python -m orpose_ros.parent PROGRAM ARGUMENTS` does so for another program.
"""

import ctypes
import os
import signal
import sys
from pathlib import Path

# Holds the process id of the parent that must not be outlived; unset for a process that may.
VARIABLE = "ORPOSE_END_WITH_PARENT"
_PR_SET_PDEATHSIG = 1


def end_with_parent() -> None:
    """Have the system send SIGTERM to this process when the parent of `VARIABLE` ends. On Linux only."""
    parent = os.environ.pop(VARIABLE, "")
    if not parent.isdecimal() or not sys.platform.startswith("linux"):
        return
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    # It may have ended before. It is alive but not the parent where a debugger is between them.
    if os.getppid() != int(parent) and not _is_alive(parent):
        os.kill(os.getpid(), signal.SIGTERM)


def _is_alive(process: str) -> bool:
    try:
        state = Path("/proc", process, "stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state not in "ZX"  # ended, and nobody took notice yet


if __name__ == "__main__":
    end_with_parent()
    os.execvp(sys.argv[1], sys.argv[1:])
