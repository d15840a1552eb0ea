import json
import os
from pathlib import Path

import pytest

from orpose_models.files.disk import write_json
from orpose_models.files.names import is_text, natural_key, printable


def test_no_name() -> None:
    assert (natural_key(""), printable(""), is_text("")) == ((), "", True)


@pytest.mark.parametrize(
    "names",
    [
        ["1", "2", "10", "11"],
        ["a", "a1", "a1b", "a2", "a10", "b"],
        ["a/1.png", "a/2.png", "a.png", "b2/1.png", "b10/1.png"],
        ["2026-11-27T9:30.mp4", "2026-11-27T10:30.mp4"],
        ["img02.png", "img2.png", "img10.png"],
        ["\N{FULLWIDTH DIGIT THREE}", "\N{SUPERSCRIPT TWO}"],  # the first is a number, the second only looks like one
    ],
)
def test_natural_order(names: list[str]) -> None:
    backwards = names[::-1]
    assert sorted(backwards, key=natural_key) == names


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Säle.jpg", "Säle.jpg"),
        (os.fsdecode(b"S\xe4le.jpg"), "S\\xe4le.jpg"),
        ("half \ud83d a letter", "half \\ud83d a letter"),
        ("\N{GRINNING FACE}", "\N{GRINNING FACE}"),
    ],
)
def test_printable(name: str, shown: str) -> None:
    assert printable(name) == shown
    assert printable(Path(name)) == shown
    assert is_text(name) == (name == shown)
    shown.encode()


def test_json_has_no_half_letters(tmp_path: Path) -> None:
    name = os.fsdecode(b"S\xe4le.jpg")
    write_json(tmp_path / "a.json", {name: [name, ("\N{GRINNING FACE}", 1, None)]})
    text = (tmp_path / "a.json").read_text()
    json.loads(text)["S\\xe4le.jpg"][0].encode()
    assert json.loads(text) == {"S\\xe4le.jpg": ["S\\xe4le.jpg", ["\N{GRINNING FACE}", 1, None]]}
