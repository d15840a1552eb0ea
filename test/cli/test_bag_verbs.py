from pathlib import Path

import cv2
import numpy as np
import pytest

from orpose_models.cli.main import run
from orpose_models.datasets.bags.reader import open_bag

CALIBRATION = """image_width: 64
image_height: 48
camera_matrix: {rows: 3, cols: 3, data: [60, 0, 31.5, 0, 60, 23.5, 0, 0, 1]}
distortion_coefficients: {rows: 1, cols: 5, data: [0, 0, 0, 0, 0]}
"""


@pytest.fixture
def images(tmp_path: Path) -> Path:
    folder = tmp_path / "images"
    folder.mkdir()
    for i in range(3):
        cv2.imwrite(str(folder / f"{i}.png"), np.full((48, 64, 3), i, np.uint8))
    return folder


def test_create_makes_a_bag(tmp_path: Path, images: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "camera.yaml").write_text(CALIBRATION)
    options = ["--camera", str(tmp_path / "camera.yaml"), "--topic", "/or/image", "--storage", "sqlite3", "--rate", "5"]
    assert run(["bag", "create", str(images), str(tmp_path / "bag"), *options]) == 0
    bag = open_bag(tmp_path / "bag")
    assert {name: topic.count for name, topic in bag.topics.items()} == {"/or/image": 3, "/or/camera_info": 3}
    assert (tmp_path / "bag" / "bag.db3").is_file()
    times = [message.time_ns for message in bag.messages(["/or/image"])]
    assert np.diff(times).tolist() == [200_000_000] * 2
    assert "3 images on /or/image" in capsys.readouterr().err


def test_create_says_what_it_could_not_read(tmp_path: Path, images: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (images / "1.png").write_bytes(b"nonsense")
    assert run(["bag", "create", str(images), str(tmp_path / "bag")]) == 1
    text = capsys.readouterr().err
    assert "left out:" in text
    assert "1.png" in text
    assert "2 images on" in text


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (["--storage", "zip"], "storage 'zip' is not known; choose one of: mcap, sqlite3"),
        (["--topic", "image"], "topic 'image' is not a full name"),
        (["--topic", "/my image"], "topic '/my image' is not a full name"),
        (["--topic", "/image/"], "topic '/image/' is not a full name"),
        (["--camera", "nowhere.yaml"], "nowhere.yaml: no such file"),
        (["--camera", "nowhere.qca.txt"], "nowhere.qca.txt: no such file"),
    ],
)
def test_create_refuses_mistakes(
    tmp_path: Path, images: Path, options: list[str], reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["bag", "create", str(images), str(tmp_path / "bag"), *options]) == 2
    assert reason in capsys.readouterr().err
    assert not (tmp_path / "bag").exists()


def test_an_existing_bag_stays(tmp_path: Path, images: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["bag", "create", str(images), str(tmp_path / "bag")]) == 0
    before = (tmp_path / "bag" / "bag.mcap").read_bytes()
    assert run(["bag", "create", str(images), str(tmp_path / "bag"), "--rate", "3"]) == 2
    assert "exists already" in capsys.readouterr().err
    assert (tmp_path / "bag" / "bag.mcap").read_bytes() == before


def test_a_bag_that_is_not_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["bag", "run", str(tmp_path / "nothing"), str(tmp_path / "out")]) == 2
    assert "no such bag" in capsys.readouterr().err
