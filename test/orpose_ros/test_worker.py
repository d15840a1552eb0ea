from threading import Event, current_thread

import pytest

from orpose_ros.worker import Worker

LIMIT = 10.0  # seconds that a wait may take before the test fails


class Recorder:
    """Work that waits until it is let go, and remembers what it was given."""

    def __init__(self) -> None:
        self.started, self.go = Event(), Event()
        self.done: list[tuple[str, int]] = []
        self.errors: list[tuple[str, int, str]] = []
        self.finished = Event()

    def work(self, source: str, frame: int) -> None:
        self.started.set()
        assert self.go.wait(LIMIT)
        self.done.append((source, frame))
        if frame < 0:
            raise ValueError(f"frame {frame}")
        if frame == 99:
            self.finished.set()

    def on_error(self, source: str, frame: int, error: Exception) -> None:
        self.errors.append((source, frame, str(error)))


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


@pytest.fixture
def worker(recorder: Recorder):
    worker = Worker(recorder.work, recorder.on_error)
    yield worker
    recorder.go.set()
    assert worker.stop(LIMIT)


def test_without_a_frame_it_stops_at_once(recorder: Recorder) -> None:
    assert Worker(recorder.work, recorder.on_error).stop(LIMIT)
    assert recorder.done == []


def test_the_newest_frame_wins_and_the_dropped_are_told(recorder: Recorder, worker: Worker) -> None:
    assert not worker.submit("a", 1)
    assert recorder.started.wait(LIMIT)
    assert [worker.submit("a", frame) for frame in (2, 3, 99)] == [False, True, True]
    recorder.go.set()
    assert recorder.finished.wait(LIMIT)
    assert recorder.done == [("a", 1), ("a", 99)]


def test_a_fast_camera_does_not_starve_a_slow_one(recorder: Recorder, worker: Worker) -> None:
    worker.submit("fast", 1)
    assert recorder.started.wait(LIMIT)
    worker.submit("slow", 5)
    worker.submit("fast", 2)
    worker.submit("fast", 99)
    recorder.go.set()
    assert recorder.finished.wait(LIMIT)
    assert recorder.done == [("fast", 1), ("slow", 5), ("fast", 99)]


def test_an_error_loses_one_frame_not_the_worker(recorder: Recorder, worker: Worker) -> None:
    recorder.go.set()
    worker.submit("b", -1)
    worker.submit("a", 99)
    assert recorder.finished.wait(LIMIT)
    assert recorder.errors == [("b", -1, "frame -1")]


def test_stop_drops_what_waits_and_tells_if_the_work_goes_on(recorder: Recorder) -> None:
    worker = Worker(recorder.work, recorder.on_error)
    worker.submit("a", 1)
    assert recorder.started.wait(LIMIT)
    worker.submit("a", 2)
    assert not worker.stop(0.01)
    recorder.go.set()
    assert worker.stop(LIMIT)
    assert recorder.done == [("a", 1)]


def test_the_caller_does_not_work_itself(recorder: Recorder) -> None:
    threads = []
    finished = Event()

    def work(source: str, frame: int) -> None:
        threads.append(current_thread())
        finished.set()

    worker = Worker(work, recorder.on_error)
    worker.submit("a", 1)
    assert finished.wait(LIMIT)
    assert worker.stop(LIMIT)
    assert threads[0] is not current_thread()
