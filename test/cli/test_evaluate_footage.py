"""`orpose evaluate footage`, with the real teacher on the packaged footage."""

import json
from pathlib import Path

import pytest

from orpose_models.cli.main import run


def orpose(*arguments: object) -> int:
    return run([str(argument) for argument in arguments])


def said(capsys: pytest.CaptureFixture[str]) -> str:
    captured = capsys.readouterr()
    return " ".join((captured.out + captured.err).split())


def test_footage_of_real_people(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = ("evaluate", "footage", "--model", "teacher-fast", "--truth-model", "teacher-fast", "--moments", 2)
    command = (*command, "--threads", 1, "--truth-folder", tmp_path / "truth", "--pictures", 1)
    assert orpose(*command, "--downsample", "1,8", "--out", tmp_path / "both") == 0
    assert "not annotated" in said(capsys)
    report = json.loads((tmp_path / "both" / "footage.json").read_text())
    assert (report["frames"], list(report["cameras"])) == ([0, 50], ["cam04"])
    camera = report["cameras"]["cam04"]
    assert camera["truth"]["persons"] == 4  # a man and a woman
    assert camera["truth"]["reprojection_error_median_px"] < 26
    assert list(camera["results"]) == ["1", "8"]
    at1 = camera["results"]["1"]
    assert (at1["persons"], at1["images"]) == (4, 2)
    assert at1["recall"] >= 0.5
    assert at1["pixel_error_median"] < 40
    assert 30 < at1["mpjpe_mm"] < 400
    (picture,) = (tmp_path / "both" / "pictures").iterdir()
    assert picture.name == "cam04-0000.jpg"
    (kept,) = (tmp_path / "truth").glob("*.jsonl")
    assert len(kept.read_text().splitlines()) == 1 + 2 * 3
    before = kept.read_bytes()
    assert orpose(*command, "--out", tmp_path / "again") == 0
    assert kept.read_bytes() == before
    again = json.loads((tmp_path / "again" / "footage.json").read_text())["cameras"]["cam04"]
    assert again == {"truth": camera["truth"], "results": {"1": at1}}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--camera", "cam05"], "camera 'cam05' is not of this footage; choose one of: cam01, cam02, cam03, cam04"),
        (["--moments", "101"], "101 moments asked for, the videos have 100 frames"),
        (["--downsample", "13"], "factors must be within 1..12"),
    ],
)
def test_footage_mistakes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    assert orpose("evaluate", "footage", *arguments, "--out", tmp_path) == 2
    assert message in said(capsys)
