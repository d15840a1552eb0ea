"""The runner of damaged inputs: the same case is always the same, what happens is told apart, a run goes on."""

import importlib.util
import json
import random
from pathlib import Path
from typing import Any

import pytest

from orpose_models.vocabulary.errors import OrposeError

SCRIPT = Path(__file__).parents[2] / "tools" / "torture.py"


@pytest.fixture(scope="module")
def torture() -> Any:
    spec = importlib.util.spec_from_file_location("torture", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_nothing_can_be_damaged_too(torture: Any) -> None:
    assert isinstance(torture.damaged(b"", random.Random(0)), bytes)


def test_a_case_is_always_the_same(torture: Any) -> None:
    content = bytes(range(256)) * 4
    every = [torture.damaged(content, random.Random(f"damage 0 {case}")) for case in range(50)]
    assert every == [torture.damaged(content, random.Random(f"damage 0 {case}")) for case in range(50)]
    assert len(set(every)) == 50


def test_what_happens_is_told_apart(torture: Any, tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"content")

    def refuse(path: Path) -> None:
        raise OrposeError("one sentence")

    def refuse_at_length(path: Path) -> None:
        raise OrposeError("two\nlines")

    def fail(path: Path) -> None:
        raise ValueError("what?")

    found = [
        torture.outcome(0, 0, {"a": (tmp_path / "a", read)}, tmp_path)
        for read in (Path.read_bytes, refuse, refuse_at_length, fail)
    ]
    assert found == [
        ("read", ""),
        ("refused with a sentence", ""),
        ("not one sentence", "two\nlines"),
        ("an error without a sentence", "ValueError: what?"),
    ]


def test_every_input_is_read_when_it_is_whole(torture: Any, tmp_path: Path) -> None:
    inputs = torture.make_inputs(tmp_path)
    assert len(inputs) == 17
    for name, (path, read) in inputs.items():
        if name != "model.json":  # its weights are elsewhere
            read(path)


def test_the_document_counts(torture: Any, tmp_path: Path) -> None:
    journal = tmp_path / "journal.jsonl"
    entry = {"seed": 0, "case": 0, "input": "image .png", "outcome": "read", "detail": "", "memory": 80}
    lines = [entry, {**entry, "case": 1, "outcome": "crash", "memory": 0}]
    journal.write_text("".join(json.dumps(line) + "\n" for line in lines) + '{"cut off')
    assert torture.entries(journal) == lines
    page = torture.section(lines)
    assert "| image .png | 2 | 1 | 0 | 0 | 0 | 1 | 0 |" in page
    assert "| all | 2 | 1 | 0 | 0 | 0 | 1 | 0 |" in page
    assert all(len(line) <= 120 or line.startswith("|") for line in page.splitlines())
