"""The library's examples, run as they are, with the shipped student on the packaged footage."""

import inspect
import re
import runpy
import subprocess
import sys
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

import orpose_models as orpose
from orpose_models.datasets.bags.create import BagPlan, create_bag
from orpose_models.files.assets import asset

EXAMPLES = Path(__file__).parents[2] / "examples"
CALIBRATION = """image_width: 540
image_height: 960
camera_matrix: {rows: 3, cols: 3, data: [840, 0, 269.5, 0, 840, 479.5, 0, 0, 1]}
distortion_coefficients: {rows: 1, cols: 5, data: [0, 0, 0, 0, 0]}
"""


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with room.png, a frame of the footage, video.avi of six frames, and camera.yaml."""
    folder = tmp_path_factory.mktemp("room")
    frames = orpose.open_frames(asset("multiperson") / "cam02.mp4").frames(stride=4)
    pictures = [cv2.resize(next(frames).image, (540, 960), interpolation=cv2.INTER_AREA) for _ in range(6)]
    cv2.imwrite(str(folder / "room.png"), pictures[0])
    writer = cv2.VideoWriter(str(folder / "video.avi"), cv2.VideoWriter.fourcc(*"MJPG"), 10, (540, 960))
    for picture in pictures:
        writer.write(picture)
    writer.release()
    (folder / "camera.yaml").write_text(CALIBRATION)
    return folder


def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str, *arguments: object) -> str:
    monkeypatch.setattr(sys, "argv", [name, *map(str, arguments)])
    runpy.run_path(str(EXAMPLES / name), run_name="__main__")
    return capsys.readouterr().out


def test_image(room: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    cv2.imwrite(str(room / "wall.png"), np.full((120, 160, 3), 128, np.uint8))
    assert run(monkeypatch, capsys, "image.py", room / "wall.png") == "0 persons\n"
    lines = run(monkeypatch, capsys, "image.py", room / "room.png", room / "camera.yaml").splitlines()
    persons = int(lines[0].split()[0])
    assert persons >= 2
    assert len(lines) == 1 + 2 * persons
    assert lines[1].startswith("score ")
    assert lines[2].startswith("  pelvis at ")


def test_video(room: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    lines = run(monkeypatch, capsys, "video.py", room / "video.avi", 2).splitlines()
    assert [line.partition(":")[0].strip() for line in lines] == ["0.00 s", "0.50 s"]
    assert all("1, 2" in line for line in lines)


def test_bag(room: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    camera = orpose.read_camera(room / "camera.yaml")
    create_bag(orpose.open_frames(room / "room.png"), room / "bag", BagPlan(), camera)
    (line,) = run(monkeypatch, capsys, "bag.py", room / "bag").splitlines()
    assert line.startswith("1600000000.000 s: person 1 ")
    assert line.endswith(" m")


def test_the_face_has_what_it_names_and_imports_late() -> None:
    for name in orpose.__all__:
        assert getattr(orpose, name) is not None
    assert set(orpose.__all__) <= set(dir(orpose))
    with pytest.raises(AttributeError, match="has no attribute 'nonsense'"):
        _ = orpose.nonsense
    code = (
        "import sys, orpose_models as o; early = set(sys.modules); o.load('orpose-all-light', threads=1); "
        "print('numpy' in early, 'torch' in sys.modules, 'rclpy' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False", "False"]


def test_the_page_says_what_there_is(room: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = (EXAMPLES.parent / "docs" / "library.md").read_text()
    block = re.search(r"```python\n(.*?)```", page, re.DOTALL)
    assert block is not None
    monkeypatch.chdir(room)
    cv2.imwrite("room.jpg", orpose.read_image(room / "room.png"))
    found: dict[str, Any] = {}
    exec(block[1], found)
    assert len(found["poses"]) >= 2
    rows = re.findall(r"^\| (`.*?) \| ", page.partition("argument of `load`")[2].partition("\n\n")[0], re.MULTILINE)
    arguments = [name for row in rows for name in re.findall(r"`(\w+)`", row)]
    assert arguments == list(inspect.signature(orpose.load).parameters)
    assert set(re.findall(r"`(\w+)`", page.partition("## Names that stay\n")[2])) == set(orpose.__all__)
