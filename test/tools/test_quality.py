import importlib.util
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
SPEC = importlib.util.spec_from_file_location("quality", ROOT / "tools" / "quality.py")
assert SPEC is not None
assert SPEC.loader is not None
quality = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(quality)


def document() -> dict[str, Any]:
    titles = {"title": "A set", "about": "Some images."}
    return {"models": {"new": "the new one", "old": "the old one"}, "sets": {"a": titles, "b": titles}, "figures": {}}


def evaluation(value: float, factor: float = 1.0, sha256: str = "00") -> dict[str, Any]:
    metrics = {
        "keypoint AP": {"value": value, "low": value - 0.1, "high": value + 0.1},
        "box AP": {"value": None, "low": None, "high": None},
    }
    info = {"model": "m", "model_sha256": sha256}
    result = {"name": "m", "downsample": factor, "info": info, "metrics": metrics}
    return {"kind": "orpose-evaluation", "images": 3, "persons": 5, "results": [result]}


FOOTAGE = {
    "kind": "orpose-footage",
    "model": {"name": "m", "sha256": "00"},
    "frames": [0, 5],
    "cameras": {"cam04": {"truth": {"persons": 4}, "results": {"8": {"keypoint_ap": 0.5, "pck": None}}}},
}


def test_without_figures_the_tables_are_empty() -> None:
    assert quality.short_table(document()) == "| keypoint AP at 1x / 8x / 12x |\n|---|"
    assert quality.full_tables(document()) == ""


@pytest.mark.parametrize("raw", [{}, {"kind": "orpose-predictions"}, {**FOOTAGE, "cameras": {}}])
def test_other_files_are_refused(raw: dict[str, Any]) -> None:
    with pytest.raises(SystemExit, match=r"neither the evaluation\.json of one model nor the footage\.json"):
        quality.figures(raw)


def test_figures_of_both_kinds_of_files() -> None:
    found = quality.figures(evaluation(0.5))
    assert found["at"] == {"1": {"keypoint AP": [50.0, 40.0, 60.0]}}
    assert (found["images"], found["persons"]) == (3, 5)
    found = quality.figures(FOOTAGE)
    assert found["at"] == {"8": {"keypoint AP": [50.0]}}
    assert (found["images"], found["persons"]) == (2, 4)


def test_scales_of_the_same_weights_join_and_those_of_others_are_replaced() -> None:
    known = document()
    for raw in (evaluation(0.25, 8.0), evaluation(0.5)):
        quality.add(known, "a", "new", quality.figures(raw))
    assert quality.short_table(known).splitlines()[-1] == "| A set | 50.0 / 25.0 / - |"
    quality.add(known, "a", "new", quality.figures(evaluation(0.75, sha256="11")))
    assert quality.short_table(known).splitlines()[-1] == "| A set | 75.0 / - / - |"
    assert "| the new one | 1x | 75.0 [65.0, 85.0] |" in quality.full_tables(known)
    quality.rename(known, "new", "old")
    assert "| the old one | 1x | 75.0 [65.0, 85.0] |" in quality.full_tables(known)


@pytest.mark.parametrize(("on", "of", "wrong"), [("x", "new", "'x'"), ("a", "y", "'y'")])
def test_unknown_sets_and_models_are_refused(on: str, of: str, wrong: str) -> None:
    with pytest.raises(SystemExit, match=f"{wrong} is not in docs/quality.json"):
        quality.add(document(), on, of, quality.figures(FOOTAGE))


def test_only_what_is_between_the_marks_is_written() -> None:
    text = "before\n<!-- a: by hand -->\nold\n<!-- end -->\nafter\n<!-- b: x -->\nold\n<!-- end -->\n"
    once = quality.filled(text, {"a": "new\n"})
    assert once == text.replace("old", "new\n", 1)
    assert quality.filled(once, {"a": "new"}) == once


@pytest.mark.parametrize("page", ["README.md", "docs/quality.md"])
def test_the_tables_say_what_the_files_say(page: str) -> None:
    text = (ROOT / page).read_text()
    assert quality.filled(text, quality.blocks()) == text
    assert text.count("written by python tools/quality.py -->") == text.count("<!-- end -->")
