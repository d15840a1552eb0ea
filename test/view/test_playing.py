"""Rerun itself is no requirement: a stand-in shows what is called."""

import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from orpose_models.datasets.bags.room_bag import open_room
from orpose_models.runs.fuse_run import FusePlan, fuse_recordings
from orpose_models.runs.recordings import open_recordings, transforms
from orpose_models.runtime.pipeline import Pipeline
from orpose_models.view.playing import log_to_rerun
from orpose_models.vocabulary.errors import OrposeError

from support.room_recordings import RoomSeer, room_cameras, write_room_bag  # isort: skip


def fused(folder: Path) -> Path:
    """A recording of one moment of two persons whom two cameras see."""
    cameras = room_cameras(2)
    write_room_bag(folder / "bag", cameras, 1)
    recordings, opened = open_recordings([folder / "bag"])
    assert opened is not None
    fuse_recordings(recordings, folder / "room", Pipeline(RoomSeer(cameras)), FusePlan(transforms=transforms(opened)))
    return folder / "room"


def test_a_rerun_viewer_that_does_not_start_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def init(name: str, spawn: bool) -> None:
        raise RuntimeError("Failed to find Rerun Viewer executable in PATH.\nmore of it")

    monkeypatch.setitem(sys.modules, "rerun", SimpleNamespace(init=init))
    with pytest.raises(OrposeError) as raised:
        log_to_rerun(*open_room(fused(tmp_path)))
    assert str(raised.value) == "the Rerun viewer does not start: Failed to find Rerun Viewer executable in PATH."


def test_a_person_has_one_colour_in_rerun(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    logged: dict[str, Any] = {}
    viewer = SimpleNamespace(
        init=lambda name, spawn: None,
        set_time=lambda name, timestamp: None,
        log=lambda place, what, static=False: logged.update({place: what}),
        ViewCoordinates=SimpleNamespace(RIGHT_HAND_Z_UP=None),
        LineStrips3D=lambda lines, radii, labels, colors: (len(lines), labels, tuple(colors.tolist())),
        Points3D=lambda points, radii, colors: (len(points), tuple(colors.tolist())),
    )
    monkeypatch.setitem(sys.modules, "rerun", viewer)
    assert log_to_rerun(*open_room(fused(tmp_path))) == 1
    assert sorted(logged) == ["room", "room/1/bones", "room/1/joints", "room/2/bones", "room/2/joints"]
    assert [logged[f"room/{person}/bones"][:2] for person in (1, 2)] == [(16, ["1"]), (16, ["2"])]
    colours = [logged[f"room/{person}/bones"][2] for person in (1, 2)]
    assert [logged[f"room/{person}/joints"] for person in (1, 2)] == [(17, colour) for colour in colours]
    assert len(set(colours)) == 2
