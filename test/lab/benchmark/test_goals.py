"""What figures are said to mean."""

from collections.abc import Sequence
from typing import Any

import pytest

from orpose_models.lab.benchmark.benchmark_files import Benchmark, NodeBenchmark
from orpose_models.lab.benchmark.goals import (
    MISSING,
    Verdict,
    node_verdicts,
    person_cost,
    reduced_share,
    runtime_verdicts,
)

from support.made_up_benchmark import (  # isort: skip
    REFERENCE,
    YOLO,
    benchmark,
    camera,
    cell,
    node_benchmark,
    participant,
    timing,
)


def by_begin(verdicts: Sequence[Verdict], begin: str) -> Verdict:
    (verdict,) = [verdict for verdict in verdicts if verdict.goal.startswith(begin)]
    return verdict


def test_nothing_measured_gives_no_verdict() -> None:
    nothing = [*runtime_verdicts(None), *node_verdicts(None)]
    assert len(nothing) == 15
    assert {(v.measured, v.met, v.word) for v in nothing} == {(MISSING, None, "-")}
    bare = benchmark(participants=[], cells=[], robustness=None)
    assert {(v.measured, v.met) for v in runtime_verdicts(bare)} == {(MISSING, None)}


def test_all_goals_of_a_good_run() -> None:
    told = [(verdict.measured, verdict.word) for verdict in runtime_verdicts(benchmark())]
    assert told == [
        ("30.0 ms", "met"),
        ("50.0 ms", "met"),
        ("0.60", "met"),
        ("1.00", "missed"),
        ("0.25 ms", "met"),
        ("50% at 8x", "met"),
        ("5.00 million", "met"),
        ("0.90 s", "met"),
        ("220 MB", "met"),
        ("1.95 of 2", "met"),
        ("0.0% of a processor", "met"),
        ("0.01 px, 0.02 mm", "met"),
    ]
    assert [(v.measured, v.word) for v in node_verdicts(node_benchmark())] == [
        ("+4.0 ms (+10%)", "met"),
        ("20.0 ms of 33.3 ms", "met"),
        ("5.0, 4.5 /s", "met"),
    ]


def robust(**changes: Any) -> Benchmark:
    good = benchmark()
    assert good.robustness is not None
    return benchmark(robustness=good.robustness.model_copy(update=changes))


@pytest.mark.parametrize(
    ("run", "begin", "measured"),
    [
        (benchmark(cells=[cell(REFERENCE, 5, 40.1, p95=60.1)]), "median", "40.1 ms"),
        (benchmark(cells=[cell(REFERENCE, 5, 40.1, p95=60.1)]), "95th", "60.1 ms"),
        (benchmark(participants=[participant(REFERENCE, rss_mb=231.0, peak_mb=400.0)]), "memory", "231 MB"),
        (benchmark(cells=[cell(REFERENCE, 1, 30.0), cell(REFERENCE, 5, 37.0)]), "every person", "1.75 ms"),
        (benchmark(participants=[participant(REFERENCE, parameters=7_010_000)]), "at most 7", "7.01 million"),
        (
            benchmark(cells=[cell(REFERENCE, 5, 40.0), cell(REFERENCE, 5, 25.0, 8.0), cell(REFERENCE, 5, 10.0, 12.0)]),
            "pictures reduced",
            "62% at 8x, 25% at 12x",
        ),
        (robust(cores=2.2), "no more processors", "2.20 of 2"),
        (robust(idle_cpu=0.02), "no processor time", "2.0% of a processor"),
        (robust(thread_difference_px=0.6), "the same poses", "0.6 px, 0.02 mm"),
        (robust(thread_difference_mm=None), "the same poses", "another number of persons"),
    ],
)
def test_missed_goals(run: Benchmark, begin: str, measured: str) -> None:
    verdict = by_begin(runtime_verdicts(run), begin)
    assert (verdict.measured, verdict.word) == (measured, "missed")


@pytest.mark.parametrize(
    ("changes", "begin", "measured"),
    [
        ({"node": timing(44.1)}, "the node adds", "+4.1 ms (+10%)"),
        ({"bare": timing(20.0), "node": timing(23.1)}, "the node adds", "+3.1 ms (+16%)"),
        ({"cameras": [camera("camera", 20.0, oldest=33.4)]}, "no image is older", "33.4 ms of 33.3 ms"),
        ({"cameras": [camera("a", 5.0), camera("b", 4.4)]}, "several cameras", "5.0, 4.4 /s"),
        ({"cameras": [camera("a", 5.0), camera("b", 0.0)]}, "several cameras", "5.0, 0.0 /s"),
    ],
)
def test_missed_goals_of_the_node(changes: dict[str, Any], begin: str, measured: str) -> None:
    good = node_benchmark()
    if cameras := changes.pop("cameras", None):
        changes = {name: getattr(good, name).model_copy(update={"cameras": cameras}) for name in ("single", "several")}
    run: NodeBenchmark = node_benchmark(**changes)
    verdict = by_begin(node_verdicts(run), begin)
    assert (verdict.measured, verdict.word) == (measured, "missed")


def test_every_yolo_graph_counts() -> None:
    good = benchmark()
    other = "yolo26, onnxruntime, 2 threads"
    run = benchmark(
        participants=[*good.participants, participant(other, "yolo")], cells=[*good.cells, cell(other, 5, 40.0)]
    )
    verdict = by_begin(runtime_verdicts(run), "less than 0.65")
    assert (verdict.measured, verdict.word) == ("0.60, 0.75", "missed")
    assert verdict.remark == f"{YOLO}: 50.0 ms; {other}: 40.0 ms; {REFERENCE}: 30.0 ms"


def test_costs_and_shares_are_each_contenders_own() -> None:
    assert person_cost(benchmark(), REFERENCE) == pytest.approx(0.25)
    assert person_cost(benchmark(), "nobody") is None
    assert reduced_share(benchmark(), REFERENCE, 5) == {8.0: 0.5}
    assert reduced_share(benchmark(), REFERENCE, 3) == {}
