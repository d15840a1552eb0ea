"""Ctrl-C while the command still imports its libraries."""

import signal
import subprocess
import sys
import time
from pathlib import Path

CODE = "import sys; sys.argv[0] = 'orpose'; from orpose_ros.tools.command import main; main()"


def test_ctrl_c_while_it_starts_shows_no_traceback() -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", CODE, "models"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    maps = Path(f"/proc/{process.pid}/maps")
    end = time.monotonic() + 60
    while "/numpy/" not in maps.read_text() and time.monotonic() < end:  # the first of the large ones
        time.sleep(0.002)
    process.send_signal(signal.SIGINT)
    said, _ = process.communicate(timeout=60)
    assert (process.returncode, said) == (130, "interrupted\n")
