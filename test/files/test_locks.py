import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from orpose_models.files.locks import locked
from orpose_models.vocabulary.errors import OrposeError


def test_one_at_a_time_however_many_come_and_go(tmp_path: Path) -> None:
    lock = tmp_path / "folder" / ".lock"
    inside: list[int] = []

    def visit(number: int) -> int:
        with locked(lock):
            inside.append(number)
            time.sleep(0.0005)  # others arrive
            together = len(inside)
            inside.remove(number)
        return together

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(visit, range(300))) == {1}
    assert list(lock.parent.iterdir()) == []


def test_a_lock_that_is_held_is_refused(tmp_path: Path) -> None:
    lock = tmp_path / ".lock"
    with locked(lock, "busy"):
        for _ in range(2):  # being refused takes nothing from who holds it
            with pytest.raises(OrposeError, match=r"^busy$"), locked(lock, "busy"):
                pass
        with locked(tmp_path / ".other", "busy"):
            pass
    with pytest.raises(KeyError), locked(lock, "busy"):
        raise KeyError
    with locked(lock, "busy"):
        pass
    assert list(tmp_path.iterdir()) == []


def test_a_killed_process_gives_its_lock_back(tmp_path: Path) -> None:
    lock = tmp_path / ".lock"
    hold = (
        "import sys, time; from pathlib import Path; from orpose_models.files.locks import locked\n"
        "with locked(Path(sys.argv[1])): print('held', flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", hold, str(lock)], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        with pytest.raises(OrposeError, match="busy"), locked(lock, "busy"):
            pass
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert lock.exists()
    with locked(lock, "busy"):
        pass
    assert not lock.exists()


def test_who_must_wait_says_so(tmp_path: Path) -> None:
    lock = tmp_path / ".lock"
    order: list[str] = []
    waits = threading.Event()

    def second() -> None:
        with locked(lock, say=waits.set):
            order.append("second")

    thread = threading.Thread(target=second)
    with locked(lock, say=lambda: order.append("waited")):
        thread.start()
        assert waits.wait(10)
        order.append("first")
    thread.join(10)
    assert order == ["first", "second"]
