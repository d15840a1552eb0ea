from dataclasses import dataclass, replace
from typing import Any

import pytest

from orpose_models.vocabulary.resolution import Resolution
from orpose_ros.diagnostics import Health, Level, assess
from orpose_ros.stream_statistics import Statistics


@dataclass
class Model:
    name: str = "light"
    sha256: str = "ab" * 32
    engine: str = "onnxruntime"


def healthy() -> Health:
    model: Any = Model()
    return Health("active", image_topic="/orpose/image_raw", publishers=1, calibrated=True, model=model)


def running() -> Statistics:
    """Ten images in a second, half of them processed in 40 ms, acquired 10 ms before they came."""
    statistics = Statistics(start=0.0)
    for i in range(10):
        statistics.received(i / 10)
        if i % 2:
            statistics.processed(i / 10, 0.04, 0.05, 3, Resolution((640, 480), (320, 240), 2.0), 0.01)
        else:
            statistics.dropped()
    return statistics


def test_before_configuring() -> None:
    status = assess(Health("unconfigured"), None)
    assert (status.level, status.message, status.values) == (Level.OK, "unconfigured", {"state": "unconfigured"})


def test_a_failed_configuration_is_an_error_with_its_reason() -> None:
    status = assess(Health("unconfigured", "weights.onnx: corrupt"), None)
    assert (status.level, status.message) == (Level.ERROR, "not configured: weights.onnx: corrupt")


def test_a_running_node() -> None:
    status = assess(healthy(), running().snapshot(1.0))
    assert (status.level, status.message) == (Level.OK, "10.0 Hz in, 5.0 Hz out, 3 persons")
    assert status.values == {
        "state": "active",
        "model": "light",
        "model sha256": "ab" * 32,
        "engine": "onnxruntime",
        "image topic": "/orpose/image_raw",
        "publishers": "1",
        "rate in (Hz)": "10.00",
        "rate out (Hz)": "5.00",
        "latency from stamp p50 (ms)": "50.0",
        "latency from stamp p95 (ms)": "50.0",
        "latency from arrival p50 (ms)": "40.0",
        "latency from arrival p95 (ms)": "40.0",
        "longest wait (ms)": "10.0",
        "seconds since last image": "0.10",
        "received": "10",
        "processed": "5",
        "dropped": "5",
        "lost by the middleware": "0",
        "bad messages": "0",
        "failed": "0",
        "persons": "3",
        "image size": "640 x 480",
        "size the model saw": "320 x 240",
        "pixels fed": "76800",
        "downsample": "2",
        "privacy guard": "off",
        "intrinsics": "calibrated",
    }


def test_a_camera_that_never_sent_anything() -> None:
    status = assess(replace(healthy(), publishers=0), Statistics(start=0.0).snapshot(2.04))
    assert status.level is Level.ERROR
    assert status.message == "no image for 2.0 s on /orpose/image_raw, which nobody publishes"
    assert status.values["latency from stamp p50 (ms)"] == "no result"


@pytest.mark.parametrize(("silence", "level"), [(1.9, Level.OK), (2.1, Level.ERROR)])
def test_a_camera_stalls_after_the_timeout(silence: float, level: Level) -> None:
    assert assess(healthy(), running().snapshot(0.9 + silence)).level is level


def test_publishers_whose_images_cannot_arrive() -> None:
    reason = "best effort publisher and reliable subscription"
    health = replace(healthy(), incompatible=[reason])
    sentence = f"publisher offers incompatible QoS or type on /orpose/image_raw: {reason}"
    silent = assess(health, Statistics(start=0.0).snapshot(3.0))
    assert (silent.level, silent.message) == (Level.ERROR, f"{sentence}; no image for 3.0 s on /orpose/image_raw")
    assert assess(health, running().snapshot(1.0)).level is Level.WARN


def test_bad_messages_warn_and_are_an_error_if_nothing_else_comes() -> None:
    statistics = running()
    statistics.bad(0.95, "encoding 'foo' is not supported")
    some = assess(healthy(), statistics.snapshot(1.0))
    assert (some.level, some.message) == (Level.WARN, "1 of 10 images unusable: encoding 'foo' is not supported")
    statistics = Statistics(start=0.0)
    statistics.received(0.5)
    statistics.bad(0.5, "cut short")
    only = assess(healthy(), statistics.snapshot(1.0))
    assert (only.level, only.message) == (Level.ERROR, "1 of 1 images unusable: cut short")


def test_failed_processing_and_unused_intrinsics_warn_worst_first() -> None:
    statistics = running()
    statistics.failed(0.95, "MemoryError: ")
    health = replace(healthy(), camera_problem="wrong size", calibrated=False)
    status = assess(health, statistics.snapshot(1.0))
    assert status.level is Level.WARN
    assert status.message == "processing failed for 1 images: MemoryError: ; intrinsics not used: wrong size"
    assert status.values["intrinsics"] == "not known: root positions are not valid"


def test_the_privacy_guard_is_said() -> None:
    health = replace(healthy(), max_input_pixels=100_000)
    assert assess(health, running().snapshot(1.0)).values["privacy guard"] == (
        "at most 100000 pixels of an image are used; frames of 640 x 480 are reduced to 320 x 240 first"
    )
    assert assess(health, Statistics(start=0.0).snapshot(1.0)).values["privacy guard"] == (
        "at most 100000 pixels of an image are used"
    )
