"""A small run with real models in real processes. What times come out is not asserted."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from orpose_models.cli.main import run
from orpose_models.lab.benchmark import robustness
from orpose_models.lab.benchmark.benchmark_files import Benchmark
from orpose_models.lab.benchmark.benchmark_run import Plan, Run
from orpose_models.lab.benchmark.contenders import Contender, mediapipe_contender
from orpose_models.lab.benchmark.measuring_process import ContenderError, MeasuringProcess
from orpose_models.lab.benchmark.robustness import difference
from orpose_models.lab.benchmark.runners import KeypointRcnnRunner, PaperStudentRunner
from orpose_models.lab.benchmark.staged_pictures import MAX_PERSONS, VARIANTS, pictures
from orpose_models.model_format import student_config as config
from orpose_models.registry import models
from orpose_models.runtime.student import STAGES
from orpose_models.vocabulary.errors import OrposeError


@pytest.mark.parametrize("persons", [0, 1, 5, MAX_PERSONS])
def test_pictures(persons: int) -> None:
    found = pictures(persons)
    assert [picture.shape for picture in found] == [(480, 640, 3)] * VARIANTS
    assert len({picture.tobytes() for picture in found}) == (VARIANTS if persons else 1)


def test_too_many_persons_are_refused() -> None:
    with pytest.raises(ValueError, match="there are pictures of 0 to 20 persons, not of 21"):
        pictures(21)


def test_the_teacher_finds_as_many_persons_as_the_pictures_have() -> None:
    teacher = models.load_model("teacher-fast", threads=1)
    for persons in (0, 1, 3, 5, 10):
        assert int((teacher.predict(pictures(persons)[0]).box_scores > 0.3).sum()) == persons


def test_a_run(exported_student: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(robustness, "_CALLS", 3)
    monkeypatch.setattr(robustness, "_IDLE_SECONDS", 0.2)
    own = [Contender("model", str(exported_student), engine, 1) for engine in ("onnxruntime", "torch")]
    absent = Contender("model", "teacher-fast", "torch", 1), mediapipe_contender("/nowhere/python", 1)
    told: list[str] = []
    shares: list[float] = []
    plan = Plan([*own, absent[0]], absent[1:], persons=[0, 2], downsample=[1.0, 8.0], calls=4)
    result = Run(plan, told.append, lambda share, text: shares.append(share))("orpose benchmark")

    assert result.reference == "start, onnxruntime, 1 thread"
    assert [p.label for p in result.participants] == [
        "start, onnxruntime, 1 thread",
        "start, torch, 1 thread",
        "teacher-fast, torch, 1 thread",
        "MediaPipe Pose, 1 thread",
    ]
    light, torch, teacher, mediapipe = result.participants
    assert teacher.problem == "the packaged teacher does not run on engine 'torch'; choose another one"
    assert mediapipe.problem == "/nowhere/python cannot be run: no such file or directory"
    assert told == [f"{one.label} could not be run: {one.problem}" for one in (teacher, mediapipe)]
    for one in (light, torch):
        assert (len(one.starts), one.problem, len(one.sha256)) == (3, "", 64)
        assert one.rss_mb is not None
        assert one.peak_mb is not None
        assert 0 < one.rss_mb <= one.peak_mb
        assert all(s.seconds == pytest.approx(s.interpreter + s.loading + s.first, abs=0.01) for s in one.starts)

    cases = {(cell.label, cell.persons, cell.downsample) for cell in result.cells}
    assert cases == {(one.label, n, factor) for one in (light, torch) for n in (0, 2) for factor in (1.0, 8.0)}
    for cell in result.cells:
        assert (len(cell.samples_ms), cell.total.calls, cell.total.p95_ms) == (4, 4, None)
        assert set(cell.stages) == set(STAGES)
        assert sum(stage.median_ms for stage in cell.stages.values()) < 2 * max(cell.samples_ms)
        assert cell.reported <= cell.processed
    assert result.robustness is not None
    assert result.robustness.label == light.label
    assert result.robustness.thread_difference_px is not None
    assert result.robustness.thread_difference_px < 0.5
    assert shares == sorted(shares)
    assert Benchmark.model_validate(result.model_dump()) == result


def test_an_engine_that_keeps_what_it_builds_starts_once_without(exported_student: Path) -> None:
    own = [Contender("model", str(exported_student), engine, 1) for engine in ("openvino-auto", "onnxruntime")]
    plan = Plan(own, [], persons=[0], downsample=[8.0], calls=1, robustness=False)
    kept, other = Run(plan, print, lambda share, text: None)("orpose benchmark").participants
    assert kept.building is not None
    assert kept.building.seconds > 0
    assert (len(kept.starts), len(other.starts), other.building) == (3, 3, None)


def test_if_nothing_runs_the_reason_is_told() -> None:
    plan = Plan([Contender("model", "nonesuch", None, 1)], [], [1], [1.0], 1)
    with pytest.raises(OrposeError, match="no model could be run; nonesuch, 1 thread: model 'nonesuch' is not known"):
        Run(plan, lambda text: None, lambda share, text: None)("")


def test_a_process_is_kept_to_as_many_processors_as_it_has_threads(exported_student: Path) -> None:
    contender = Contender("model", str(exported_student), None, 1)
    for pinned, processors in ((True, 1), (False, len(os.sched_getaffinity(0)))):
        with MeasuringProcess(contender, pinned) as process:
            assert len(os.sched_getaffinity(process._process.pid)) == processors


def test_a_process_that_ends_says_its_last_words() -> None:
    contender = Contender("mediapipe", "", None, 1, python="/bin/false")
    reason = "its process ended with exit code 1: it said nothing"
    with MeasuringProcess(contender) as process, pytest.raises(ContenderError, match=reason):
        process.wait_loaded()


def test_differences() -> None:
    poses = {"boxes": [[0.0, 0.0, 9.0, 9.0]], "joints3d": [[[1.0, float("nan"), 3.0]]]}
    other = {"boxes": [[0.0, 0.5, 9.0, 9.0]], "joints3d": [[[1.0, float("nan"), 3.002]]]}
    assert difference([], [], ["boxes"]) == 0.0
    assert difference([poses], [poses], ["boxes", "joints3d"]) == 0.0
    assert difference([poses], [other], ["boxes"]) == 0.5
    assert difference([poses], [other], ["joints3d"], 1000.0) == 2.0
    assert difference([poses], [{"boxes": [], "joints3d": []}], ["boxes"]) is None


@pytest.mark.usefixtures("one_thread")
def test_peers_of_random_weights_process_the_persons_they_are_told_to(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        config,
        "PAPER",
        replace(config.PAPER, short_side=96, long_side=160, fpn_channels=16, box_hidden=16, keypoint_channels=16),
    )  # the paper's takes long
    picture: NDArray[np.uint8] = np.random.default_rng(0).integers(0, 255, (96, 128, 3), np.uint8)
    for runner in (
        KeypointRcnnRunner(Contender("keypoint-rcnn", "96", "torch", 1)),
        PaperStudentRunner(Contender("paper-student", "paper", "torch", 1)),
    ):
        for persons in (1, 5):
            runner.prepare(persons, 1.0, [])
            runner.call(picture)
            assert runner.found().processed == persons


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ("--threads two", "--threads takes numbers separated by commas, not 'two'"),
        ("--threads 0", "--threads takes numbers from 1 to 256, not '0'"),
        ("--persons 1,2.5", "--persons takes whole numbers, not '1,2.5'"),
        ("--persons 21", "--persons takes numbers from 0 to 20, not '21'"),
        ("--downsample 1,13", "--downsample takes numbers from 1 to 12, not '1,13'"),
        (
            "--engine abacus",
            "engine 'abacus' is not known; choose one of: onnxruntime, onnxruntime-int8, onnx",
        ),
        ("--yolo-onnx nowhere.onnx", "nowhere.onnx: no such file; docs/performance.md says how to make"),
        ("--documents nowhere", "nowhere/performance: no such folder"),
    ],
)
def test_bad_arguments_are_told_in_a_sentence(arguments: str, reason: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["benchmark", *arguments.split()]) == 2
    told = " ".join(capsys.readouterr().err.split())
    assert told.startswith(f"error: {reason}")


def test_the_command(exported_student: Path, tmp_path: Path) -> None:
    """Interrupted by nobody, with its document."""
    folder = tmp_path / "docs" / "performance"
    options = "--engine onnxruntime --threads 1 --persons 5 --downsample 1 --repeat 1 --no-robustness"
    verb = "from orpose_models.cli.main import main; main()"
    command = [sys.executable, "-c", verb, "benchmark", "--model", str(exported_student), *options.split()]
    command += ["--out", str(folder)]
    wide = {**os.environ, "COLUMNS": "240"}
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=True, env=wide)
    assert "Traceback" not in done.stderr
    assert "median for 5 persons at most 40 ms" in done.stdout
    text = (folder / "benchmark.json").read_text()
    assert str(tmp_path) not in text
    assert str(exported_student) not in text
    assert '"command": "orpose benchmark --model start --engine onnxruntime --threads 1' in text
    assert run(["benchmark", "--documents", str(tmp_path / "docs")]) == 0
    assert "start, onnxruntime, 1 thread" in (tmp_path / "docs" / "performance.md").read_text()
