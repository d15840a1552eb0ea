"""The machine: what it is, and whether it has something else to do."""

import os
import platform
import time
from datetime import datetime, timezone
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from orpose_models.lab.benchmark.benchmark_files import Machine, Quiet
from orpose_models.lab.benchmark.protocol import MEGA
from orpose_models.vocabulary.errors import OrposeError

# Processor features that decide which kernels the engines choose.
_FLAGS = ("avx", "avx2", "fma", "f16c", "avx512f", "avx512_bf16", "avx512_vnni", "avx_vnni", "amx_bf16", "amx_int8")
_PACKAGES = ("numpy", "opencv-python-headless", "onnxruntime", "openvino", "torch", "torchvision")
# Share of the machine that others may use before figures are doubted.
IDLE_SHARE = 0.05


def describe_machine() -> Machine:
    """What the machine is."""
    cpu = _first(Path("/proc/cpuinfo"), "model name") or platform.processor() or platform.machine()
    flags = set((_first(Path("/proc/cpuinfo"), "flags") or "").split())
    memory = int((_first(Path("/proc/meminfo"), "MemTotal") or "0").split()[0]) * 1024 / MEGA / 1000
    release = Path("/etc/os-release")
    system = ""
    if release.is_file():
        names = dict(line.split("=", 1) for line in release.read_text().splitlines() if "=" in line)
        system = names.get("PRETTY_NAME", "").strip('"')
    return Machine(
        cpu=cpu,
        cores=len(os.sched_getaffinity(0)),
        flags=[flag for flag in _FLAGS if flag in flags],
        memory_gb=round(memory, 1),
        system=f"{system or platform.system()}, kernel {platform.release()}",
        python=platform.python_version(),
        packages=_versions(),
    )


def _versions() -> dict[str, str]:
    found = {}
    for package in _PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def _first(file: Path, key: str) -> str | None:
    for line in file.read_text().splitlines() if file.is_file() else []:
        name, _, value = line.partition(":")
        if name.strip() == key:
            return value.strip()
    return None


def load_average() -> float:
    """Processes that wanted a processor, mean of the last minute."""
    return round(os.getloadavg()[0], 2)


class Usage:
    """How much of the machine others use between two moments."""

    def __init__(self) -> None:
        self._wall, self._busy, self._own = time.monotonic(), _busy_seconds(), _own_seconds()

    def others(self) -> float:
        """Share of all processors' time, 0..1, that went to other processes since this was made.

        Of one's own processes those count that have ended.
        """
        wall = (time.monotonic() - self._wall) * (os.cpu_count() or 1)
        others = _busy_seconds() - self._busy - (_own_seconds() - self._own)
        return round(min(1.0, max(0.0, others / wall)), 3) if wall > 0 else 0.0


def others_share(seconds: float = 1.0) -> float:
    """Share of the machine that others use right now."""
    usage = Usage()
    time.sleep(seconds)
    return usage.others()


class Circumstances:
    """The machine and what else it has to do, from the moment this is made.

    Raises:
        OrposeError: the system has no /proc, from which memory and processor times are read.
    """

    def __init__(self) -> None:
        check_linux()
        self._start, self._machine = time.monotonic(), describe_machine()
        self._load, self._others = load_average(), others_share()
        self._usage = Usage()

    def record(self) -> dict[str, Any]:
        """What every file of the benchmark says of them: `created`, `seconds`, `machine` and `quiet`."""
        return {
            "created": datetime.now(timezone.utc).isoformat(timespec="seconds"),
            "seconds": round(time.monotonic() - self._start, 1),
            "machine": self._machine,
            "quiet": Quiet(
                load_before=self._load,
                load_after=load_average(),
                others_before=self._others,
                others_during=self._usage.others(),
            ),
        }


def check_linux() -> None:
    """
    Raises:
        OrposeError: the system has no /proc, from which memory and processor times are read.
    """
    if not Path("/proc/self/status").is_file():
        raise OrposeError("the benchmark reads memory and processor times from /proc, which only Linux has")


def _busy_seconds() -> float:
    """Seconds that all processors together were not idle, stolen ones included, since the start of the system."""
    fields = [int(field) for field in Path("/proc/stat").read_text().splitlines()[0].split()[1:9]]
    user, nice, system, _, _, irq, softirq, steal = fields
    return (user + nice + system + irq + softirq + steal) / os.sysconf("SC_CLK_TCK")


def _own_seconds() -> float:
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system
