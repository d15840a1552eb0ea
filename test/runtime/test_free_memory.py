"""Memory that is no longer used goes back to the system."""

import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest

from orpose_models.runtime.free_memory import give_back_memory


def resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


only_glibc = pytest.mark.skipif(
    platform.libc_ver()[0] != "glibc", reason="only glibc keeps memory that was freed and can tell"
)


@only_glibc
def test_what_was_freed_below_something_that_lives_is_given_back() -> None:
    blocks = [bytes(1000) for _ in range(60_000)]
    alive = bytes(1000)
    del blocks
    before = resident()
    assert before > 60_000_000
    give_back_memory()
    assert resident() < before - 50_000_000
    assert len(alive) == 1000


_FAULTS = """
import resource
import numpy as np
from orpose_models.runtime.free_memory import keep_memory

def faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt

def of_ten_arrays():
    before = faults()
    for _ in range(10):
        np.ones(8_000_000)
    return faults() - before

of_ten_arrays()
asked = of_ten_arrays()
keep_memory()
of_ten_arrays()
print(asked, of_ten_arrays())
"""


@only_glibc
def test_what_is_kept_is_not_asked_for_again() -> None:
    """Of ten arrays of 64 MB, one after the other; in a process of its own, as it cannot be taken back."""
    out = subprocess.run([sys.executable, "-c", _FAULTS], capture_output=True, text=True, check=True).stdout
    asked, kept = map(int, out.split())
    assert asked > 100
    assert kept < asked / 20
