"""A small run with the real node. What times come out is not asserted."""

import pytest

pytest.importorskip(
    "orpose_msgs.msg._skeleton_info", reason="the ROS packages are not built or not sourced: source tools/ros_env.sh"
)

from orpose_models.lab.benchmark.goals import fairness
from orpose_models.vocabulary.errors import OrposeError
from orpose_ros.tools import node_benchmark as benchmark


def test_a_run(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("CALLS", 2), ("WARM", 1), ("SECONDS", 2.0), ("CAMERAS", ("a", "b")), ("SEVERAL_FPS", 10.0)):
        monkeypatch.setattr(benchmark, name, value)
    told: list[str] = []
    result = benchmark.measure_node("teacher-fast", 1, told.append)
    assert len(told) == 3
    assert (result.model, result.engine, result.threads, result.persons) == ("teacher-fast", "onnxruntime", 1, 5)
    assert (result.bare.calls, result.node.calls) == (2, 2)
    assert [camera.name for camera in result.single.cameras] == ["camera"]
    assert [camera.name for camera in result.several.cameras] == ["a", "b"]
    for run, sent in ((result.single, 60), (result.several, 20)):
        for camera in run.cameras:
            assert camera.sent == sent
            assert camera.processed > 0
            assert camera.processed + camera.dropped <= camera.received <= camera.sent
        assert run.latency.calls == sum(camera.processed for camera in run.cameras)
    assert fairness(result.several) >= 0


def test_a_model_that_cannot_be_loaded_is_told() -> None:
    with pytest.raises(OrposeError, match="model 'nonesuch' is not known"):
        benchmark.measure_node("nonesuch", 1)
