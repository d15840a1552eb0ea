import pytest

from orpose_models.lab.benchmark.schedule import interleaved
from orpose_models.lab.benchmark.timing_statistics import slope, timing


def test_no_samples_have_no_timing() -> None:
    with pytest.raises(ValueError, match="no samples"):
        timing([])


def test_median_and_percentile() -> None:
    one = timing([i / 1000 for i in range(101, 0, -1)])
    assert (one.calls, one.median_ms, one.p95_ms) == (101, 51.0, 96.0)


def test_few_calls_have_a_median_only() -> None:
    assert timing([0.004, 0.002] * 9 + [0.003]).model_dump() == {"calls": 19, "median_ms": 3.0, "p95_ms": None}
    assert timing([0.002] * 20).p95_ms == 2.0


def test_slope() -> None:
    assert slope([], []) is None
    assert slope([5.0, 5.0], [1.0, 2.0]) is None
    assert slope([1, 3, 5, 10], [12.5, 15.5, 18.5, 26.0]) == pytest.approx(1.5)
    assert slope([0, 1, 2], [0, 3, 0]) == pytest.approx(0.0)


def test_nothing_to_measure_takes_no_turn() -> None:
    assert list(interleaved([1], [], 3)) == []
    assert list(interleaved([], ["a"], 3)) == []
    assert list(interleaved([1], ["a"], 0)) == []


def test_all_take_turns_at_a_case_and_another_begins_each_round() -> None:
    order = "".join(f"{turn}{case}{one} " for turn, case, one in interleaved("xy", "abc", 4))
    assert order == ("0xa 0xb 0xc 0ya 0yb 0yc 1xb 1xc 1xa 1yb 1yc 1ya 2xc 2xa 2xb 2yc 2ya 2yb 3xa 3xb 3xc 3ya 3yb 3yc ")
