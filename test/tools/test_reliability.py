"""The runners of kills, faults and the soak: what they tell apart, and the page that they write into."""

from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch")

import faults
import kills
from kill_cases import CASES, Case, grown, half_written, left_behind, result
from kill_runs import Run, differences, entries, note
from reliability_page import HEAD, write_section

CASE = Case("a case", (), grows=("run/history.jsonl",), loose=("tensorboard",))


@pytest.fixture
def quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands are Python here: what they run is their text."""
    monkeypatch.setattr("kill_runs.command", lambda arguments: exec(arguments[0]) or 3)


def test_an_empty_folder_is_no_result(tmp_path: Path) -> None:
    assert result(CASE, tmp_path) == {}
    assert half_written(CASE, tmp_path, {"a": b"1"}) == []
    assert left_behind(tmp_path) == []
    assert differences({}, {}) == []


def test_what_is_hidden_or_differs_from_run_to_run_is_no_result(tmp_path: Path) -> None:
    for name in ("run/.a.part", "run/tensorboard/events", "run/a.json"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"1")
    assert result(CASE, tmp_path) == {"run/a.json": b"1"}
    assert left_behind(tmp_path) == ["run/.a.part"]


def test_files_that_are_not_as_in_the_end_are_half_written(tmp_path: Path) -> None:
    whole = {"run/history.jsonl": b"1\n2\n", "a": b"whole", "b": b""}
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "history.jsonl").write_bytes(b"1\n2")
    (tmp_path / "a").write_bytes(b"who")
    (tmp_path / "another").write_bytes(b"")
    assert half_written(CASE, tmp_path, whole) == ["a", "another"]
    assert differences(whole, {"a": b"whole"}) == ["b", "run/history.jsonl"]
    assert not grown(b"1\n3\n", b"1\n2\n")


def test_a_run_ends_with_its_exit_code_or_at_a_file_operation(tmp_path: Path, quiet: None) -> None:
    code = f"for i in range(5): open({str(tmp_path)!r} + f'/{{i}}', 'w').close()"
    run = Run([code], tmp_path / "log")
    assert run.wait(60) == 3
    count = int(run.counts.read_text())
    assert count == 5
    for path in tmp_path.glob("[0-9]"):
        path.unlink()
    assert Run([code], tmp_path / "log", at=3).wait(60) == -9
    assert sorted(path.name for path in tmp_path.glob("[0-9]")) == ["0", "1"]


def test_a_run_is_killed_in_time_and_its_errors_are_noted(tmp_path: Path, quiet: None) -> None:
    run = Run(["import time; time.sleep(600)"], tmp_path / "log")
    assert run.wait(0.0) is None
    assert run.kill() == -9
    assert Run(["1 / 0"], tmp_path / "log").wait(60) == 99
    assert "nobody caught: ZeroDivisionError" in (tmp_path / "log").read_text()


def test_a_journal_without_a_line_that_was_cut_off(tmp_path: Path) -> None:
    journal = tmp_path / "journal.jsonl"
    assert entries(journal) == []
    note(journal, {"a": 1})
    with journal.open("a") as file:
        file.write('{"cut')
    assert entries(journal) == [{"a": 1}]
    note(journal, {"a": 2})
    assert entries(journal) == [{"a": 1}, {"a": 2}]


def test_every_command_has_its_folders() -> None:
    for case in CASES:
        words = case.command(Path("/in"), Path("/out"))
        assert not [word for word in words if "OUT" in word or "IN/" in word]
        assert any("/out" in word for word in words)
    assert {fault for _, fault in faults.PAIRS} == set(faults.FAULTS)
    reading = [case.name for case, fault in faults.PAIRS if fault == "an image changes"]
    assert reading == ["predict, a folder", "teach", "train", "evaluate"]


def test_what_happens_to_an_image(tmp_path: Path) -> None:
    image, other = tmp_path / "a.png", tmp_path / "b.png"
    image.write_bytes(b"1234")
    other.write_bytes(b"another")
    faults.changed(image, other, "cut off")
    assert image.read_bytes() == b"12"
    faults.changed(image, other, "replaced")
    assert image.read_bytes() == b"another"
    before = image.stat().st_mtime_ns
    faults.changed(image, image, "replaced")
    assert image.stat().st_mtime_ns != before
    faults.changed(image, other, "removed")
    assert not image.exists()


def test_sections_stand_in_their_order_and_leave_others_alone(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    write_section(page, "Disks and folders that fail", "the second")
    write_section(page, "Damaged inputs", "once")
    write_section(page, "Damaged inputs", "the first\n\n| a |\n")
    write_section(page, "Damaged inputs", "the first\n\n| a |\n")
    wanted = "\n## Damaged inputs\n\nthe first\n\n| a |\n\n## Disks and folders that fail\n\nthe second\n"
    assert page.read_text() == HEAD + wanted


def test_the_sections_count() -> None:
    chain: dict[str, Any] = {"seed": 0, "chain": 0, "case": "train", "kills": ["a", "b"], "outcome": "the same result"}
    page = kills.section([chain, {**chain, "case": "teach", "kills": ["c"], "outcome": "half-written"}])
    assert "| train | 2 | 1 | 1 | 0 | 0 | 0 | 0 |" in page
    assert "| all | 3 | 2 | 1 | 0 | 1 | 0 | 0 |" in page
    fault = {"seed": 0, "number": 0, "case": "train", "fault": "the disk is full", "outcome": "a sentence"}
    table = faults.section([fault])
    assert "| the disk is full | 1 | 0 | 1 | 0 | 0 | 0 | 0 | 0 | 0 |" in table
    assert all(len(line) <= 120 or line.startswith("|") for line in f"{page}\n{table}".splitlines())
