import pytest

from orpose_models.fusion.moments import Moments, paired

MS = 1_000_000


def times(*streams: list[int], tolerance: int = 20) -> list[tuple[int | None, ...]]:
    """The stamps of each moment, all in milliseconds."""
    moments = paired([[(t * MS, t) for t in stream] for stream in streams], tolerance * MS)
    return [moment.items for moment in moments]


def test_nothing() -> None:
    assert times([], []) == []


def test_equal_stamps_belong_together() -> None:
    assert times([0, 100, 200], [0, 100, 200]) == [(0, 0), (100, 100), (200, 200)]


def test_the_nearest_counts() -> None:
    assert times([0, 33, 66, 99, 132], [30, 95], tolerance=40) == [(0, 30), (99, 95), (132, None)]


def test_images_that_are_further_apart_than_the_tolerance_do_not_belong_together() -> None:
    assert times([0, 200], [100, 300], tolerance=20) == [(None, 100), (None, 300)]
    assert times([0, 200], [100, 300], tolerance=100) == [(0, 100), (200, 300)]


def test_a_camera_that_stops_is_not_waited_for() -> None:
    found = times(list(range(0, 2000, 100)), [0, 100])
    assert found[:2] == [(0, 0), (100, 100)]
    assert found[2:] == [(t, None) for t in range(200, 2000, 100)]


def test_slow_cameras_are_waited_for() -> None:
    moments: Moments[int] = Moments(2, 20 * MS, 50 * MS)
    found = []
    for k in range(4):
        found += moments.add(0, 200 * k * MS, k)
        found += moments.add(1, (200 * k + 5) * MS, k)
    assert [m.items for m in found][-2:] == [(2, 2), (3, 3)]


def test_a_camera_that_never_sends_is_not_waited_for() -> None:
    assert times([0, 100, 700, 800], []) == [(0, None), (100, None), (700, None), (800, None)]


def test_synchronous_cameras_are_not_delayed() -> None:
    moments: Moments[str] = Moments(2, 20 * MS, 500 * MS)
    assert moments.add(0, 0, "a") == []
    assert [m.items for m in moments.add(1, 0, "b")] == [("a", "b")]


def test_cameras_that_are_a_little_apart_are_not_delayed() -> None:
    moments: Moments[int] = Moments(2, 20 * MS, 500 * MS)
    found = []
    for k in range(3):
        assert moments.add(0, 100 * k * MS, k) == []
        found += moments.add(1, (100 * k + 7) * MS, k)
    assert [m.items for m in found] == [(0, 0), (1, 1), (2, 2)]


def test_what_comes_after_its_moment_is_late() -> None:
    moments: Moments[str] = Moments(2, 20 * MS, 500 * MS)
    moments.add(0, 100 * MS, "a")
    moments.add(1, 100 * MS, "b")
    assert moments.add(1, 50 * MS, "c") == []
    assert moments.late == 1


def test_a_long_step_back_begins_anew() -> None:
    moments: Moments[str] = Moments(2, 20 * MS, 500 * MS)
    moments.add(0, 100_000 * MS, "a")
    moments.add(1, 100_000 * MS, "b")
    moments.add(0, 0, "c")
    assert [m.items for m in moments.add(1, 0, "d")] == [("c", "d")]


@pytest.mark.parametrize("count", [2, 5])
def test_the_stamp_is_the_latest(count: int) -> None:
    moments = paired([[(k * MS, k)] for k in range(count)], 20 * MS)
    assert [moment.stamp_ns for moment in moments] == [(count - 1) * MS]
