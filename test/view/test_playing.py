"""Rerun itself is no requirement: a stand-in shows what is called."""

import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from orpose_models.runs.fuse_run import FusePlan, fuse_recordings
from orpose_models.runs.recordings import open_recordings, transforms
from orpose_models.runtime.pipeline import Pipeline
from orpose_models.view.playing import log_to_rerun, open_room
from orpose_models.vocabulary.errors import OrposeError

from support.room_recordings import RoomSeer, room_cameras, write_room_bag  # isort: skip


def test_a_rerun_viewer_that_does_not_start_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cameras = room_cameras(2)
    write_room_bag(tmp_path / "bag", cameras, 1)
    recordings, opened = open_recordings([tmp_path / "bag"])
    assert opened is not None
    fuse_recordings(recordings, tmp_path / "room", Pipeline(RoomSeer(cameras)), FusePlan(transforms=transforms(opened)))

    def init(name: str, spawn: bool) -> None:
        raise RuntimeError("Failed to find Rerun Viewer executable in PATH.\nmore of it")

    monkeypatch.setitem(sys.modules, "rerun", SimpleNamespace(init=init))
    with pytest.raises(OrposeError) as raised:
        log_to_rerun(*open_room(tmp_path / "room"))
    assert str(raised.value) == "the Rerun viewer does not start: Failed to find Rerun Viewer executable in PATH."
