"""Reading ahead, looking at several at a time, writing in order."""

from threading import Barrier, Event, current_thread

import pytest

from orpose_models.training.labelling_line import run_line


def test_nothing_to_look_at() -> None:
    written: list[int] = []
    run_line([], int, written.append)
    assert written == []


@pytest.mark.parametrize("lookers", [1, 2, 5])
def test_what_is_written_is_in_order(lookers: int) -> None:
    first_may_end = Event()

    def look(number: int) -> int:
        if number == 0 and lookers > 1:
            assert first_may_end.wait(10)
        if number == 1:
            first_may_end.set()
        return number * number

    written: list[int] = []
    run_line(range(30), look, written.append, lookers)
    assert written == [number * number for number in range(30)]


def test_several_are_looked_at_at_a_time_and_others_read_and_write() -> None:
    together = Barrier(2)
    threads = {"read": set(), "look": set(), "write": set()}

    def images():
        for number in range(4):
            threads["read"].add(current_thread())
            yield number

    def look(number: int) -> int:
        threads["look"].add(current_thread())
        together.wait(10)  # goes on only when two are here
        return number

    run_line(images(), look, lambda number: threads["write"].add(current_thread()), 2)
    assert threads["read"] == {current_thread()}
    assert len(threads["look"]) == 2
    assert len(threads["write"]) == 1
    assert not threads["look"] & threads["write"]


def test_reading_is_never_far_ahead() -> None:
    read, written = [], []

    def images():
        for number in range(50):
            read.append(number)
            assert len(read) - len(written) <= 3 * 2 + 1
            yield number

    run_line(images(), lambda number: number, written.append, 2)
    assert len(written) == 50


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_what_came_before_an_error_is_written(error: type[BaseException]) -> None:
    def look(number: int) -> int:
        if number == 5:
            raise error("here")
        return number

    written: list[int] = []
    with pytest.raises(error, match="here"):
        run_line(range(20), look, written.append, 1)
    assert written == [0, 1, 2, 3, 4]


def test_what_is_under_way_when_reading_ends_is_written() -> None:
    def images():
        yield from range(3)
        raise KeyboardInterrupt

    written: list[int] = []
    with pytest.raises(KeyboardInterrupt):
        run_line(images(), lambda number: number, written.append, 1)
    assert written == list(range(len(written)))


def test_an_error_of_writing_ends_it() -> None:
    def write(number: int) -> None:
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        run_line(range(1000), lambda number: number, write, 2)
