"""The page in a headless Chromium, where one is installed (or named by ORPOSE_CHROMIUM)."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from orpose_models.fusion.fuser import Fuser
from orpose_models.view.server import ViewServer
from orpose_models.view.state import Health, ViewState

from support.room import rig, seen, standing  # isort: skip

CHROMIUM = os.environ.get("ORPOSE_CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")


@pytest.mark.skipif(CHROMIUM is None, reason="needs a browser: apt install chromium")
def test_the_page_shows_who_is_in_the_room(tmp_path: Path) -> None:
    assert CHROMIUM is not None
    cameras, state = rig(2), ViewState("theatre 3")
    persons = Fuser(cameras).update([seen(view, [standing(0.2, 0.1)]) for view in cameras], 1.0)
    state.show_persons(persons, ["left", "right"], "room", 1.0)
    state.show_health(Health("camera left", "warn", "<b>moved</b>"))
    server = ViewServer(state, port=0, token="s3cret")
    options = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--timeout=20000"]
    try:
        done = subprocess.run(
            [CHROMIUM, *options, f"--user-data-dir={tmp_path}", "--dump-dom", server.address],
            capture_output=True, text=True, timeout=500, check=True,
        )  # fmt: skip
    finally:
        server.close()
    page = done.stdout
    assert '<h1 id="title">theatre 3</h1>' in page
    assert '<span id="count">1 person</span>' in page
    assert "<td>left, right</td>" in page
    assert '<td class="warn">&lt;b&gt;moved&lt;/b&gt;</td>' in page
