"""Files of others are read with bounds, and what is wrong with them is said in a sentence."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from orpose_models.files.disk import atomic_folder, atomic_path, read_json, read_settings, read_yaml, require_new
from orpose_models.vocabulary.errors import OrposeError

LAUGHS = "a0: &a0 [x, x]\n" + "".join(f"a{i}: &a{i} [*a{i - 1}, *a{i - 1}]\n" for i in range(1, 60))


def test_an_empty_file(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("")
    assert read_yaml(tmp_path / "a") is None
    with pytest.raises(OrposeError, match=r"a: expected settings by name$"):
        read_settings(tmp_path / "a")
    with pytest.raises(OrposeError, match=r"a: not a JSON file"):
        read_json(tmp_path / "a")


def test_plain_values(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("a: {b: [1, 2.5, text, null, true]}\n")
    assert read_settings(tmp_path / "a.yaml") == {"a": {"b": [1, 2.5, "text", None, True]}}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (LAUGHS, "not a YAML file .it uses aliases, which are not read"),
        ("[" * 5000, "not a YAML file"),
        ("a: !!python/object/apply:os.system [true]", "not a YAML file .could not determine a constructor"),
        ("a: " + "9" * 5000, "not a YAML file .Exceeds the limit"),
        ("a: 2026-13-99", "not a YAML file .month must be in 1..12"),
        ("a: [1", "not a YAML file"),
        ("# " + "long " * 250_000, "too large for a YAML file of settings"),
    ],
)
@pytest.mark.parametrize("read", [read_yaml, read_settings])
def test_yaml_that_is_refused(tmp_path: Path, read: Callable[[Path], Any], text: str, message: str) -> None:
    (tmp_path / "a.yaml").write_text(text)
    with pytest.raises(OrposeError, match=rf"a\.yaml: {message}"):
        read(tmp_path / "a.yaml")


@pytest.mark.parametrize("content", [b"[" * 100_000, b"9" * 5000, b"\xff\xfe", b"{", b'{"a": 1,}'])
def test_json_that_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.json").write_bytes(content)
    with pytest.raises(OrposeError, match=r"a\.json: not a JSON file"):
        read_json(tmp_path / "a.json")


@pytest.mark.parametrize("read", [read_yaml, read_settings, read_json])
def test_no_file(tmp_path: Path, read: Callable[[Path], Any]) -> None:
    with pytest.raises(OrposeError, match=r"absent: no such file"):
        read(tmp_path / "absent")
    with pytest.raises(OrposeError, match=r": is a directory"):
        read(tmp_path)


@pytest.fixture
def ended() -> int:
    """The number of a process that was there and is not."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def test_what_a_killed_run_left_of_a_folder_is_removed(tmp_path: Path, ended: int) -> None:
    for pid in (ended, os.getpid(), os.getppid(), "other"):
        (tmp_path / f".model.{pid}.part" / "model").mkdir(parents=True)
    with atomic_folder(tmp_path / "model") as folder:
        folder.mkdir()
    left = {path.name for path in tmp_path.iterdir()}
    assert left == {"model", f".model.{os.getppid()}.part", ".model.other.part"}


def test_what_a_run_left_that_was_killed_when_its_folder_was_there_is_removed(tmp_path: Path, ended: int) -> None:
    (tmp_path / "model").mkdir()
    (tmp_path / f".model.{ended}.part").mkdir()
    with pytest.raises(OrposeError, match=r"model: exists already"):
        require_new(tmp_path / "model")
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


@pytest.mark.parametrize("name", ["a.json", ".a.journal", "a.b.png", "NOTICE", "odd\udcff.png"])
def test_what_a_killed_run_left_of_a_file_is_removed(tmp_path: Path, ended: int, name: str) -> None:
    path = tmp_path / name
    left = [path.with_name(f".{path.stem}.{pid}.part{path.suffix}") for pid in (ended, os.getpid(), os.getppid())]
    other = tmp_path / f".other.{ended}.part.json"
    for file in (*left, other):
        file.touch()
    for _ in range(2):
        with atomic_path(path) as temporary:
            temporary.write_text("whole")
    assert {file.name for file in tmp_path.iterdir()} == {name, left[2].name, other.name}
    assert path.read_text() == "whole"
