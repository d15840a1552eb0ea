"""docs/performance.md says what the files say, and what they do not."""

import json
from pathlib import Path

import pytest

from orpose_models.lab.benchmark.benchmark_files import Quiet, load_result
from orpose_models.lab.benchmark.goals import MISSING
from orpose_models.lab.benchmark.performance_page import write_document
from orpose_models.vocabulary.errors import OrposeError

from support.made_up_benchmark import benchmark, node_benchmark  # isort: skip


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    (tmp_path / "performance").mkdir()
    return tmp_path


def row(text: str, begin: str) -> list[str]:
    """The cells of the first row that begins so."""
    line = next(line for line in text.splitlines() if line.startswith(f"| {begin} |"))
    return [cell.strip() for cell in line.strip("|").split("|")][1:]


def test_without_files_everything_is_missing(docs: Path) -> None:
    text = write_document(docs).read_text()
    assert text.count(f"| {MISSING} | - |") == 15
    assert "| met |" not in text
    assert "## Measured" not in text
    assert "orpose benchmark-node" in text


def test_figures_of_the_files(docs: Path) -> None:
    benchmark().save(docs / "performance" / "abacus.json")
    node_benchmark().save(docs / "performance" / "robot.json")
    text = write_document(docs).read_text()
    assert row(text, "light, onnxruntime, 2 threads") == ["30.0", "50.0", "30", "1.00", "5.5"]
    assert row(text, "yolo, onnxruntime, 2 threads") == ["50.0", "-", "30", "1.67", "5.5"]
    assert row(text, "yolo, openvino-bf16, 2 threads")[3] == "1.00"
    assert "absent, none, 2 threads: not measured; it is not here" in text
    assert row(text, "one busy process") == ["50.0", "60.0", "1.25"]
    assert row(text, "node, image to poses") == ["44.0", "55.0", "30"]
    assert row(text, "cam2") == ["300", "299", "200", "99", "4.5", "20.0"]
    assert "`orpose benchmark --peers`, 2026-01-02T03:04:05+00:00, 1.5 minutes." in text
    assert "Abacus 3000, 2 processors (avx2), 4 GB; Woodwork 1, kernel 2; Python 3.11.0; numpy 2.0." in text
    assert "not idle" not in text
    assert (docs / "performance" / "abacus.png").read_bytes().startswith(b"\x89PNG")


def test_what_a_run_left_out_is_missing(docs: Path) -> None:
    benchmark(cells=[], robustness=None).save(docs / "performance" / "abacus.json")
    text = write_document(docs).read_text()
    assert text.count("Not measured.") == 6
    assert text.count(f"| {MISSING} | - |") == 12


def test_a_busy_machine_is_told(docs: Path) -> None:
    busy = Quiet(load_before=0.0, load_after=0.0, others_before=0.0, others_during=0.06)
    benchmark(quiet=busy).save(docs / "performance" / "abacus.json")
    assert "**The machine was not idle: these figures say little.**" in write_document(docs).read_text()


def test_files_of_other_kinds_are_left_alone(docs: Path) -> None:
    (docs / "performance" / "notes.json").write_text("[1]")
    (docs / "performance" / "other.json").write_text('{"kind": "orpose-evaluation"}')
    assert MISSING in write_document(docs).read_text()


def test_damaged_files_are_refused(docs: Path) -> None:
    file = docs / "performance" / "abacus.json"
    good = benchmark().model_dump()
    for change, reason in (
        ({"schema_version": 2}, "is of version 2, this program reads 1; measure again"),
        ({"cells": [{}]}, "cells.0.label: Field required"),
        ({"seconds": "long"}, "seconds: Input should be a valid number"),
    ):
        file.write_text(json.dumps({**good, **change}))
        with pytest.raises(OrposeError, match=f"abacus.json: {reason}"):
            write_document(docs)


def test_a_missing_folder_is_told(tmp_path: Path) -> None:
    with pytest.raises(OrposeError, match="no such folder; measure into it first: orpose benchmark --out"):
        write_document(tmp_path)


def test_files_keep_everything(tmp_path: Path) -> None:
    for result in (benchmark(), node_benchmark()):
        result.save(tmp_path / "result.json")
        assert load_result(tmp_path / "result.json") == result
