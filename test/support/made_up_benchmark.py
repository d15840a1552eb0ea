"""Results that nobody measured, for tests of what is made of results."""

from typing import Any

from orpose_models.lab.benchmark.benchmark_files import (
    Benchmark,
    Camera,
    Cell,
    Machine,
    NodeBenchmark,
    NodeRun,
    Participant,
    Quiet,
    Robustness,
    Start,
    Timing,
)

REFERENCE = "light, onnxruntime, 2 threads"
YOLO = "yolo, onnxruntime, 2 threads"
YOLO_BF16 = "yolo, openvino-bf16, 2 threads"
MACHINE = Machine(
    cpu="Abacus 3000",
    cores=2,
    flags=["avx2"],
    memory_gb=4.0,
    system="Woodwork 1, kernel 2",
    python="3.11.0",
    packages={"numpy": "2.0"},
)
QUIET = Quiet(load_before=0.1, load_after=1.9, others_before=0.0, others_during=0.02)


def timing(median: float, p95: float | None = None, calls: int = 30) -> Timing:
    return Timing(calls=calls, median_ms=median, p95_ms=p95)


def cell(label: str, persons: int, median: float, downsample: float = 1.0, p95: float | None = None) -> Cell:
    return Cell(
        label=label,
        persons=persons,
        downsample=downsample,
        total=timing(median, p95),
        stages={"backbone": timing(median / 2)},
        processed=persons + 0.5,
        reported=persons,
        cores=1.9,
        samples_ms=[median],
    )


def participant(label: str, kind: str = "model", **fields: Any) -> Participant:
    name, engine, _ = label.split(", ")
    return Participant(label=label, name=name, kind=kind, engine=engine, threads=2, note="", **fields)


def benchmark(**changes: Any) -> Benchmark:
    """A run in which the light model met all of its goals but one: a YOLO graph on another engine was faster."""
    starts = [Start(seconds=s, interpreter=0.1, loading=0.5, first=s - 0.6) for s in (0.8, 0.75, 0.9)]
    fields: dict[str, Any] = {
        "created": "2026-01-02T03:04:05+00:00",
        "command": "orpose benchmark --peers",
        "seconds": 90.0,
        "machine": MACHINE,
        "quiet": QUIET,
        "reference": REFERENCE,
        "settings": {"persons": [1, 5], "downsample": [1.0, 8.0], "calls": 30, "image_size": "640 x 480"},
        "participants": [
            participant(REFERENCE, starts=starts, rss_mb=220.0, peak_mb=260.0, parameters=5_000_000),
            participant(YOLO, "yolo"),
            participant(YOLO_BF16, "yolo"),
            participant("absent, none, 2 threads", "mediapipe", problem="it is not here"),
        ],
        "cells": [
            cell(REFERENCE, 1, 29.0),
            cell(REFERENCE, 5, 30.0, p95=50.0),
            cell(REFERENCE, 5, 15.0, downsample=8.0),
            cell(YOLO, 5, 50.0),
            cell(YOLO_BF16, 5, 30.0),
        ],
        "robustness": Robustness(
            label=REFERENCE,
            alone=timing(40.0, 45.0),
            one_core=timing(50.0, 60.0),
            all_cores=timing(80.0, 90.0),
            cores=1.95,
            busy_threads=2,
            idle_cpu=0.0,
            thread_difference_px=0.01,
            thread_difference_mm=0.02,
        ),
    }
    return Benchmark(**{**fields, **changes})


def camera(name: str, rate: float, oldest: float = 20.0) -> Camera:
    return Camera(name=name, sent=300, received=299, processed=200, dropped=99, oldest_ms=oldest, rate=rate)


def node_benchmark(**changes: Any) -> NodeBenchmark:
    """A run of the node that met all of its goals."""
    fields: dict[str, Any] = {
        "created": "2026-01-02T03:04:05+00:00",
        "command": "orpose benchmark-node",
        "seconds": 45.0,
        "machine": MACHINE,
        "quiet": QUIET,
        "model": "light",
        "engine": "onnxruntime",
        "threads": 2,
        "persons": 5,
        "bare": timing(40.0, 50.0),
        "node": timing(44.0, 55.0),
        "single": NodeRun(cameras=[camera("camera", 20.0)], fps=30.0, seconds=10.0, latency=timing(60.0)),
        "several": NodeRun(
            cameras=[camera("cam1", 5.0), camera("cam2", 4.5)], fps=15.0, seconds=10.0, latency=timing(90.0)
        ),
    }
    return NodeBenchmark(**{**fields, **changes})
