"""What a measuring process is told and answers: one JSON object a line.

Only the standard library is imported, so that the memory of a bare interpreter can be told from a contender's.
"""

import json
import os
from pathlib import Path
from typing import IO, Any

# Bytes to megabytes (10^6), in which all memory is given.
MEGA = 1e6


def send(stream: IO[str], message: dict[str, Any]) -> None:
    """Write a message."""
    stream.write(json.dumps(message) + "\n")
    stream.flush()


def memory_mb(key: str = "VmRSS") -> float:
    """Memory of this process in MB: 'VmRSS' now, 'VmHWM' at most so far."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(f"{key}:"):
            return int(line.split()[1]) * 1024 / MEGA
    raise OSError(f"/proc/self/status has no {key}")


def thread_seconds() -> dict[str, float]:
    """Processor seconds of every thread of this process so far, by thread."""
    ticks = os.sysconf("SC_CLK_TCK")
    seconds = {}
    for stat in Path("/proc/self/task").glob("*/stat"):
        fields = stat.read_text().rsplit(")", 1)[1].split()
        seconds[stat.parent.name] = (int(fields[11]) + int(fields[12])) / ticks
    return seconds
