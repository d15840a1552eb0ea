"""The runner of damaged inputs: the same case is always the same, what happens is told apart, a run goes on."""

import random
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch", reason="the settings of trainings are among the inputs")

import torture
from torture_inputs import damaged, make_inputs
from torture_shapes import BATCH, examples, places, shapes

from orpose_models.vocabulary.errors import OrposeError


def test_nothing_can_be_damaged_too() -> None:
    assert isinstance(damaged(b"", random.Random(0)), bytes)


def test_a_case_is_always_the_same(tmp_path: Path) -> None:
    content = bytes(range(256)) * 4
    every = [damaged(content, random.Random(f"damage 0 {case}")) for case in range(50)]
    assert every == [damaged(content, random.Random(f"damage 0 {case}")) for case in range(50)]
    assert len(set(every)) == 50


def test_drawn_cases_are_always_the_same_too(tmp_path: Path) -> None:
    shape, _ = shapes(tmp_path, [b"picture"])["fields of Image"]
    drawn: list[list[str]] = [[], [], []]
    for into, number in zip(drawn, ("0 1", "0 1", "0 2"), strict=True):
        examples((shape, lambda value, into=into: into.append(str(value))), number, lambda read: read())  # type: ignore[misc]
    assert len(drawn[0]) == BATCH
    assert drawn[0] == drawn[1] != drawn[2]


def test_what_happens_is_told_apart() -> None:
    def refuse() -> None:
        raise OrposeError("one sentence")

    def refuse_at_length() -> None:
        raise OrposeError("two\nlines")

    def fail() -> None:
        raise ValueError("what?")

    assert [torture.judged(read) for read in (int, refuse, refuse_at_length, fail)] == [
        ("read", ""),
        ("refused with a sentence", ""),
        ("not one sentence", "two\nlines"),
        ("an error without a sentence", "ValueError: what?"),
    ]


def test_the_places_of_a_document() -> None:
    assert list(places({"a": [1, {"b": 2}]})) == [("a",), ("a", 0), ("a", 1), ("a", 1, "b")]


def test_a_run_goes_on_where_it_stopped(tmp_path: Path) -> None:
    journal = tmp_path / "journal.jsonl"
    torture.run(150, 3, journal)
    first = torture.entries(journal)
    assert [entry["case"] for entry in first] == [0, 1]
    assert all(sum(entry["outcomes"].values()) == BATCH for entry in first)
    assert not {what for entry in first for what in entry["outcomes"]} - set(torture.GOOD), first
    with journal.open("a") as file:
        file.write('{"cut')
    torture.run(250, 3, journal)
    both = torture.entries(journal)
    assert both[:2] == first
    assert [entry["case"] for entry in both] == [0, 1, 2]


def test_every_input_is_read_when_it_is_whole(tmp_path: Path) -> None:
    inputs = make_inputs(tmp_path)
    assert len(inputs) == 18
    for name, (path, read) in inputs.items():
        if name != "model.json":  # its weights are elsewhere
            read(path)


def test_every_shape_is_read_or_refused(tmp_path: Path) -> None:
    inputs = make_inputs(tmp_path)
    pictures = [path.read_bytes() for name, (path, _) in inputs.items() if name.startswith("image ")]
    for name, shape in shapes(tmp_path / "case", pictures).items():
        found: Counter[str] = Counter()
        details: list[Any] = []

        def judge(read: Any, found: Counter[str] = found, details: list[Any] = details) -> None:
            what, detail = torture.judged(read)
            found[what] += 1
            details += [detail] if detail else []

        examples(shape, "a test", judge)
        assert set(found) <= set(torture.GOOD), (name, details)


def test_the_document_counts(tmp_path: Path) -> None:
    entry = {
        "seed": 0,
        "case": 0,
        "input": "image .png",
        "outcomes": {"read": 2, "hang": 1},
        "details": [],
        "memory": 80,
    }
    page = torture.section([entry, {**entry, "case": 1, "input": "bag .db3", "outcomes": {"crash": 1}, "memory": 0}])
    assert "| image .png | 3 | 2 | 0 | 0 | 0 | 0 | 1 |" in page
    assert "| all | 4 | 2 | 0 | 0 | 0 | 1 | 1 |" in page
    assert all(len(line) <= 120 or line.startswith("|") for line in page.splitlines())
