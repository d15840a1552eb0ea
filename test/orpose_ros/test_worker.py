import time
from threading import Event, current_thread

import pytest

from orpose_ros.worker import Together, Worker

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


def gathering(done: list[list[tuple[str, int]]], finished: Event, most: int, patience: float) -> Worker[int]:
    """A worker whose frames are arrival times in ms from now on; what it worked on goes to `done`."""
    begin = time.monotonic()

    def work_together(frames) -> None:
        done.append(list(frames))
        if len(done) == 2:
            finished.set()

    def work(source: str, frame: int) -> None:
        work_together([(source, frame)])

    together = Together[int](most, lambda source, frame: begin + patience, work_together)
    return Worker(work, lambda source, frame, error: done.append([(str(error), frame)]), together)


def test_frames_that_arrive_together_are_worked_on_together() -> None:
    done: list[list[tuple[str, int]]] = []
    finished = Event()
    worker = gathering(done, finished, most=2, patience=LIMIT)
    worker.submit("a", 1)
    worker.submit("a", 2)  # takes the place of the first, which still waits for another camera's
    worker.submit("b", 3)
    while not done:
        time.sleep(0.001)
    worker.submit("c", 4)
    worker.submit("a", 5)
    assert finished.wait(LIMIT)
    assert worker.stop(LIMIT)
    assert done == [[("a", 2), ("b", 3)], [("c", 4), ("a", 5)]]


def test_nobody_waits_beyond_what_is_allowed() -> None:
    done: list[list[tuple[str, int]]] = []
    finished = Event()
    worker = gathering(done, finished, most=3, patience=0.0)
    worker.submit("a", 1)
    while not done:
        time.sleep(0.001)
    worker.submit("b", 2)
    assert finished.wait(LIMIT)
    assert worker.stop(LIMIT)
    assert done == [[("a", 1)], [("b", 2)]]


def test_an_error_loses_all_frames_that_were_worked_on_together(recorder: Recorder) -> None:
    finished = Event()

    def fail(frames) -> None:
        raise ValueError("lost")

    def lost(source: str, frame: int, error: Exception) -> None:
        recorder.errors.append((source, frame, str(error)))
        if len(recorder.errors) == 2:
            finished.set()

    until = time.monotonic() + LIMIT
    worker: Worker[int] = Worker(recorder.work, lost, Together(2, lambda source, frame: until, fail))
    worker.submit("a", 1)
    worker.submit("b", 2)
    assert finished.wait(LIMIT)
    assert worker.stop(LIMIT)
    assert sorted(recorder.errors) == [("a", 1, "lost"), ("b", 2, "lost")]


def test_while_it_waits_for_others_it_can_be_stopped(recorder: Recorder) -> None:
    until = time.monotonic() + 10 * LIMIT
    worker: Worker[int] = Worker(recorder.work, recorder.on_error, Together(2, lambda source, frame: until, print))
    worker.submit("a", 1)
    assert worker.stop(LIMIT)
    assert recorder.done == []
