"""What becomes of the pictures of earlier runs in the folder that `orpose predict` writes to."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from support.interruption import interruption_after
from support.predict_rig import predict

from orpose_models.datasets.frames import open_frames
from orpose_models.files.assets import asset
from orpose_models.files.predictions import Predictions


@pytest.fixture(scope="module")
def frame() -> np.ndarray:
    """Frame 40 of camera 2, 612 x 1080: a man balancing, a woman in front of him, a woman in the background."""
    frames = open_frames(asset("multiperson") / "cam02.mp4").frames(stride=40)
    next(frames)
    return np.asarray(cv2.resize(next(frames).image, (612, 1080), interpolation=cv2.INTER_AREA), np.uint8)


@pytest.fixture
def room(tmp_path: Path, frame: np.ndarray) -> Path:
    """A folder of four small images, one of them in a folder below."""
    folder = tmp_path / "room"
    (folder / "below").mkdir(parents=True)
    for name in ("a.png", "b.jpg", "below/c.png", "d.png"):
        cv2.imwrite(str(folder / name), frame[:60, :60])
    return folder


def files_below(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if not path.is_dir())


def test_pictures_of_an_earlier_run_do_not_outlive_its_predictions(
    tmp_path: Path, room: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    code, said = predict(capsys, room, "--out", out)
    assert (code, "replaces" in said, "removed" in said) == (0, False, False)
    assert files_below(out / "overlays") == ["a.png.jpg", "b.jpg", "below/c.png.jpg", "d.png.jpg"]
    # Files that are the user's own: of other suffixes, outside, and links to outside.
    (tmp_path / "album").mkdir()
    for own in (out / "overlays" / "notes.txt", out / "overlays" / "b.png", out / "own.jpg", tmp_path / "album/e.jpg"):
        own.touch()
    (out / "overlays" / "link.jpg").symlink_to(tmp_path / "album" / "e.jpg")
    (out / "overlays" / "album").symlink_to(tmp_path / "album")
    code, said = predict(capsys, room, "--out", out, "--stride", 3, "--downsample", 12)
    assert code == 0
    assert "replaces the predictions of teacher-fast at 1x" in said
    assert "removed 4 pictures of an earlier run" in said
    assert files_below(out / "overlays") == ["a.png.jpg", "b.png", "d.png.jpg", "link.jpg", "notes.txt"]
    assert (out / "overlays" / "album").is_symlink()
    assert (out / "own.jpg").exists()
    assert (tmp_path / "album" / "e.jpg").exists()


def test_the_same_run_again_replaces_nothing_of_other_settings(
    tmp_path: Path, room: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for _ in range(2):
        code, said = predict(capsys, room, "--out", tmp_path / "out", "--downsample", 12)
        assert (code, "replaces" in said) == (0, False)
    assert files_below(tmp_path / "out" / "overlays") == ["a.png.jpg", "b.jpg", "below/c.png.jpg", "d.png.jpg"]


def test_a_run_that_goes_on_leaves_none_of_an_earlier_ones_pictures(
    tmp_path: Path, room: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = (room, "--out", tmp_path / "out", "--stride", 3, "--downsample", 12)
    predict(capsys, room, "--out", tmp_path / "out")
    with interruption_after(1):
        code, _ = predict(capsys, *command)
    assert code == 130
    code, said = predict(capsys, *command)
    assert (code, "going on after 1 images" in said) == (0, True)
    shown = [image.file_name for image in Predictions.load(tmp_path / "out" / "predictions.json").images]
    assert len(shown) == 2
    assert files_below(tmp_path / "out" / "overlays") == [f"{name.removesuffix('.jpg')}.jpg" for name in shown]


def test_pictures_where_no_run_was_before_are_the_users_own(
    tmp_path: Path, room: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "out" / "overlays").mkdir(parents=True)
    (tmp_path / "out" / "overlays" / "holiday.jpg").touch()
    code, said = predict(capsys, room, "--out", tmp_path / "out", "--stride", 4)
    assert (code, "not removed: 1 pictures" in said) == (0, True)
    assert files_below(tmp_path / "out" / "overlays") == ["a.png.jpg", "holiday.jpg"]


def test_a_linked_folder_of_overlays_is_not_cleared(
    tmp_path: Path, room: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    predict(capsys, room, "--out", tmp_path / "out", "--no-pictures")
    (tmp_path / "album").mkdir()
    (tmp_path / "album" / "holiday.jpg").touch()
    (tmp_path / "out" / "overlays").symlink_to(tmp_path / "album")
    code, _ = predict(capsys, room, "--out", tmp_path / "out", "--stride", 4)
    assert code == 0
    assert files_below(tmp_path / "album") == ["a.png.jpg", "holiday.jpg"]


def test_images_among_the_overlays_are_not_overwritten(
    tmp_path: Path, room: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    predict(capsys, room, "--out", tmp_path / "out")
    before = (tmp_path / "out" / "overlays" / "b.jpg").read_bytes()
    for source in (tmp_path / "out" / "overlays", tmp_path / "out" / "overlays" / "b.jpg"):
        code, said = predict(capsys, source, "--out", tmp_path / "out")
        assert (code, "lies within" in said) == (2, True)
    assert (tmp_path / "out" / "overlays" / "b.jpg").read_bytes() == before
