import pytest

from orpose_models.vocabulary.resolution import Resolution
from orpose_ros.stream_statistics import Latency, Statistics

SIZE = Resolution((640, 480), (320, 240), 2.0)


def test_nothing_yet() -> None:
    snapshot = Statistics(start=10.0).snapshot(10.0)
    assert (snapshot.rate_in, snapshot.rate_out, snapshot.silence) == (0, 0, 0)
    assert (snapshot.latency_from_stamp, snapshot.latency_from_arrival, snapshot.resolution) == (None, None, None)
    assert (snapshot.last_bad, snapshot.last_failure) == ("", "")


def test_rates_are_per_second_of_the_window() -> None:
    statistics = Statistics(start=0.0, window=5.0)
    for i in range(100):
        statistics.received(i / 10)
        if i % 2 == 0:
            statistics.processed(i / 10, 0.05, 0.1, 3, SIZE, i / 1000)
    snapshot = statistics.snapshot(9.9)
    assert snapshot.rate_in == pytest.approx(10.0)
    assert snapshot.rate_out == pytest.approx(5.0)
    assert (snapshot.received, snapshot.processed, snapshot.persons) == (100, 50, 3)
    assert snapshot.resolution == SIZE


def test_rates_before_the_window_is_full_are_per_second_since_the_start() -> None:
    statistics = Statistics(start=100.0, window=5.0)
    for i in range(4):
        statistics.received(100.0 + i / 4)
    assert statistics.snapshot(101.0).rate_in == pytest.approx(4.0)


def test_rates_fall_to_zero_when_images_stop_and_totals_stay() -> None:
    statistics = Statistics(start=0.0, window=5.0)
    statistics.received(1.0)
    statistics.bad(1.0, "cut short")
    statistics.failed(1.5, "out of memory")
    now = statistics.snapshot(6.0)
    assert (now.rate_in, now.received, now.silence) == (0, 1, 5.0)
    assert (now.bad, now.recent_bad, now.last_bad) == (1, 0, "")
    assert (now.failed, now.recent_failed, now.last_failure) == (1, 1, "out of memory")


def test_latency_percentiles() -> None:
    statistics = Statistics(start=0.0, window=5.0)
    for i in range(101):
        statistics.processed(1.0, i / 1000, from_stamp=2 * i / 1000, persons=0, resolution=SIZE, waited=i / 2000)
    snapshot = statistics.snapshot(1.0)
    assert snapshot.latency_from_arrival == Latency(pytest.approx(0.05), pytest.approx(0.095))
    assert snapshot.latency_from_stamp == Latency(pytest.approx(0.1), pytest.approx(0.19))
    assert snapshot.longest_wait == 0.05
    assert statistics.snapshot(7.0).longest_wait == 0.0


@pytest.mark.parametrize("from_stamp", [None, -0.5, 61.0, 1.7e9])
def test_a_stamp_of_another_clock_gives_no_latency(from_stamp: float | None) -> None:
    statistics = Statistics(start=0.0)
    statistics.processed(1.0, 0.02, from_stamp, 1, SIZE, 0.0)
    snapshot = statistics.snapshot(1.0)
    assert snapshot.latency_from_stamp is None
    assert snapshot.latency_from_arrival == Latency(pytest.approx(0.02), pytest.approx(0.02))


def test_counts() -> None:
    statistics = Statistics(start=0.0)
    statistics.dropped()
    statistics.dropped()
    statistics.lost(3)
    snapshot = statistics.snapshot(1.0)
    assert (snapshot.dropped, snapshot.lost) == (2, 3)
