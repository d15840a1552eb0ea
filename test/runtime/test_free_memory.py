"""Memory that is no longer used goes back to the system."""

import os
import platform
from pathlib import Path

import pytest

from orpose_models.runtime.free_memory import give_back_memory


def resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc keeps memory that was freed and can tell")
def test_what_was_freed_below_something_that_lives_is_given_back() -> None:
    blocks = [bytes(1000) for _ in range(60_000)]
    alive = bytes(1000)
    del blocks
    before = resident()
    assert before > 60_000_000
    give_back_memory()
    assert resident() < before - 50_000_000
    assert len(alive) == 1000
