"""`orpose predict`, with the real networks on the packaged footage."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from support.interruption import interruption_after
from support.predict_rig import predict
from typer.testing import CliRunner

from orpose_models.datasets.frames import open_frames
from orpose_models.files.assets import asset
from orpose_models.files.predictions import Predictions


@pytest.fixture(scope="module")
def frame() -> np.ndarray:
    """Frame 40 of camera 2, 612 x 1080: a man balancing, a woman in front of him, a woman in the background."""
    frames = open_frames(asset("multiperson") / "cam02.mp4").frames(stride=40)
    next(frames)
    return np.asarray(cv2.resize(next(frames).image, (612, 1080), interpolation=cv2.INTER_AREA), np.uint8)


def test_real_people_are_found_in_2d_and_3d(
    tmp_path: Path, frame: np.ndarray, capsys: pytest.CaptureFixture[str]
) -> None:
    cv2.imwrite(str(tmp_path / "room.png"), frame)
    code, _ = predict(capsys, tmp_path / "room.png", "--out", tmp_path / "out", "--pitch", 15)
    assert code == 0
    predictions = Predictions.load(tmp_path / "out" / "predictions.json")
    assert predictions.info["model"] == "teacher-fast"
    (image,) = predictions.images
    people = image.poses.select(image.poses.box_scores > 0.3)
    assert len(people) == 3
    # The balancing man: head, raised hand and both feet are where they are seen in the picture.
    man = int(np.argmin(np.abs(people.keypoints[:, 0] - [372, 305]).sum(axis=1)))
    for joint, expected in ((0, (372, 305)), (10, (233, 250)), (15, (309, 625)), (6, (329, 310))):
        assert np.linalg.norm(people.keypoints[man, joint] - expected) < 45, joint
    assert people.has3d.all()
    lengths = np.linalg.norm(people.joints3d[:, 2] - people.joints3d[:, 1], axis=1)
    assert ((lengths > 0.3) & (lengths < 0.55)).all(), "a thigh is about 0.4 m long"
    picture = cv2.imread(str(tmp_path / "out" / "overlays" / "room.png.jpg"))
    assert picture is not None
    assert picture.shape[0] == 720


def test_a_video_gets_ids_and_an_overlay_video(
    tmp_path: Path, frame: np.ndarray, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "v.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 5, (612, 1080))
    for _ in range(3):
        writer.write(frame)
    writer.release()
    code, _ = predict(capsys, path, "--out", tmp_path / "out", "--downsample", 2, "--score-threshold", 0.3)
    assert code == 0
    images = Predictions.load(tmp_path / "out" / "predictions.json").images
    assert [image.file_name for image in images] == ["v.avi#0", "v.avi#1", "v.avi#2"]
    assert images[0].resolution.seen == (306, 540)
    ids = [sorted(image.poses.ids.tolist()) for image in images]
    assert ids[0] == ids[1] == ids[2]
    assert ids[0][0] == 1
    video = cv2.VideoCapture(str(tmp_path / "out" / "overlay.mp4"))
    assert video.get(cv2.CAP_PROP_FRAME_COUNT) == 3


def test_nobody_in_view(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cv2.imwrite(str(tmp_path / "wall.png"), np.full((240, 320, 3), 128, np.uint8))
    code, said = predict(capsys, tmp_path / "wall.png", "--out", tmp_path / "out")
    assert code == 0
    assert "nobody was found" in said
    assert json.loads((tmp_path / "out" / "predictions.json").read_text())["annotations"] == []


@pytest.mark.parametrize("shape", [(1, 1), (3, 2000), (2600, 3500), (40, 53)])
def test_images_of_any_size(tmp_path: Path, shape: tuple[int, int], capsys: pytest.CaptureFixture[str]) -> None:
    cv2.imwrite(str(tmp_path / "image.png"), np.full((*shape, 3), 90, np.uint8))
    code, _ = predict(capsys, tmp_path / "image.png", "--out", tmp_path / "out")
    assert code == 0
    (image,) = Predictions.load(tmp_path / "out" / "predictions.json").images
    assert image.resolution.full == (shape[1], shape[0])


def test_grey_and_16_bit_images_are_as_good_as_colour(
    tmp_path: Path, frame: np.ndarray, capsys: pytest.CaptureFixture[str]
) -> None:
    grey = cv2.cvtColor(frame, cv2.COLOR_BGR2GRAY)
    cv2.imwrite(str(tmp_path / "grey.png"), grey)
    cv2.imwrite(str(tmp_path / "deep.png"), grey.astype(np.uint16) * 257)
    code, _ = predict(capsys, tmp_path, "--out", tmp_path / "out", "--score-threshold", 0.3, "--no-pictures")
    assert code == 0
    deep, eight = Predictions.load(tmp_path / "out" / "predictions.json").images
    assert len(eight.poses) >= 2
    np.testing.assert_array_equal(deep.poses.keypoints, eight.poses.keypoints)


def test_a_damaged_image_is_named_and_the_others_are_done(
    tmp_path: Path, frame: np.ndarray, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    cv2.imwrite(str(folder / "a.jpg"), frame[:200, :200])
    (folder / "b.jpg").write_bytes((folder / "a.jpg").read_bytes()[:900])
    code, said = predict(capsys, folder, "--out", tmp_path / "out", "--no-pictures")
    assert code == 1
    assert "b.jpg: the image is damaged" in said
    assert [i.file_name for i in Predictions.load(tmp_path / "out" / "predictions.json").images] == ["a.jpg"]


def test_an_interrupted_run_goes_on(tmp_path: Path, frame: np.ndarray, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    for name in "ab":
        cv2.imwrite(str(folder / f"{name}.png"), frame[::3, ::3])
    predict(capsys, folder, "--out", tmp_path / "whole", "--no-pictures")
    with interruption_after(1):
        code, _ = predict(capsys, folder, "--out", tmp_path / "parts", "--no-pictures")
    assert code == 130
    assert not (tmp_path / "parts" / "predictions.json").exists()
    code, said = predict(capsys, folder, "--out", tmp_path / "parts", "--no-pictures")
    assert code == 0
    assert "going on after 1 images" in said
    whole, parts = ((tmp_path / run / "predictions.json").read_text() for run in ("whole", "parts"))
    assert whole == parts


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda p: p.mkdir(), "no images in this folder"),
        (lambda p: p.with_suffix(".mp4").write_bytes(b""), "0 bytes"),
        (lambda p: p.with_suffix(".txt").write_text("x"), "unknown kind of file"),
        (lambda p: None, "no such file or folder"),
    ],
)
def test_bad_input(tmp_path: Path, make, message: str, capsys: pytest.CaptureFixture[str]) -> None:
    make(tmp_path / "in")
    source = next(iter(tmp_path.glob("in*")), tmp_path / "in")
    code, said = predict(capsys, source, "--out", tmp_path / "out")
    assert code == 2
    assert message in said
    assert not (tmp_path / "out").exists()


def test_images_of_one_stem_keep_their_own_pictures(
    tmp_path: Path, frame: np.ndarray, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "in").mkdir()
    for name in ("a.png", "a.bmp", "b.jpg"):
        cv2.imwrite(str(tmp_path / "in" / name), frame[:60, :60])
    code, _ = predict(capsys, tmp_path / "in", "--out", tmp_path / "out")
    assert code == 0
    names = sorted(path.name for path in (tmp_path / "out" / "overlays").iterdir())
    assert names == ["a.bmp.jpg", "a.png.jpg", "b.jpg"]


def test_a_run_does_not_go_on_with_another_folder_of_the_same_name(
    tmp_path: Path, frame: np.ndarray, capsys: pytest.CaptureFixture[str]
) -> None:
    for room in ("one", "two"):
        (tmp_path / room / "in").mkdir(parents=True)
        cv2.imwrite(str(tmp_path / room / "in" / "a.png"), frame[:60, :60])
    out = tmp_path / "out"
    (out / "predictions.json").mkdir(parents=True)  # the run ends at its very end, and its journal stays
    code, said = predict(capsys, tmp_path / "one" / "in", "--out", out, "--no-pictures")
    assert code == 2
    assert "predictions.json: is a directory" in said
    _, said = predict(capsys, tmp_path / "one" / "in", "--out", out, "--no-pictures")
    assert "going on after 1 images" in said
    _, said = predict(capsys, tmp_path / "two" / "in", "--out", out, "--no-pictures")
    assert "going on" not in said


@pytest.mark.parametrize(
    ("out", "message"),
    [
        ("file", "file: file exists"),
        ("file/below", "file/below: not a directory"),
        ("in/out", "in/out: lies within"),
    ],
)
def test_impossible_output_folders_are_explained(
    tmp_path: Path, out: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "in").mkdir()
    cv2.imwrite(str(tmp_path / "in" / "a.png"), np.zeros((20, 20, 3), np.uint8))
    code, said = predict(capsys, tmp_path / "in", "--out", tmp_path / out)
    assert code == 2
    assert message in said


def test_names_with_brackets_are_printed_as_they_are(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "room [" / "x] [red]"
    folder.mkdir(parents=True)
    cv2.imwrite(str(tmp_path / "a.png"), np.zeros((20, 20, 3), np.uint8))
    whole = (tmp_path / "a.png").read_bytes()
    (folder / "a.png").write_bytes(whole)
    (folder / "b [blue].png").write_bytes(whole[: len(whole) // 2])
    out = tmp_path / "out [" / "y]"
    code, said = predict(capsys, folder, "--out", out, "--no-pictures")
    assert code == 1
    assert f"{folder / 'b [blue].png'}: the image is damaged" in said
    assert str(out / "predictions.json") in said
    code, said = predict(capsys, folder / "nobody", "--out", out)
    assert code == 2
    assert f"{folder / 'nobody'}: no such file or folder" in said


def test_a_camera_that_is_a_folder_is_explained(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cv2.imwrite(str(tmp_path / "a.png"), np.zeros((20, 20, 3), np.uint8))
    code, said = predict(capsys, tmp_path / "a.png", "--out", tmp_path / "out", "--camera", tmp_path)
    assert code == 2
    assert "is a directory" in said


def test_missing_weights_say_how_to_get_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    cv2.imwrite(str(tmp_path / "a.png"), np.zeros((10, 10, 3), np.uint8))
    monkeypatch.setenv("ORPOSE_CACHE", str(tmp_path / "empty"))
    code, said = predict(capsys, tmp_path / "a.png", "--out", tmp_path / "out")
    assert code == 2
    assert "orpose fetch" in said


def test_corrupt_weights_are_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    cv2.imwrite(str(tmp_path / "a.png"), np.zeros((10, 10, 3), np.uint8))
    good = asset("movenet-thunder")
    for name in ("movenet-multipose", "movenet-thunder"):
        (tmp_path / "cache" / name).mkdir(parents=True)
        for file in (good.parent / name).iterdir():
            if file.is_file():
                (tmp_path / "cache" / name / file.name).write_bytes(file.read_bytes())
    weights = tmp_path / "cache" / "movenet-thunder" / "movenet-thunder.bin"
    content = bytearray(weights.read_bytes())
    content[1000] ^= 0xFF
    weights.write_bytes(content)
    monkeypatch.setenv("ORPOSE_CACHE", str(tmp_path / "cache"))
    code, said = predict(capsys, tmp_path / "a.png", "--out", tmp_path / "out")
    assert code == 2
    assert "movenet-thunder.bin" in said


def test_a_typing_mistake_is_explained() -> None:
    from orpose_models.cli.main import app

    result = CliRunner().invoke(app, ["predict", "x.png", "--downsample", "13"])
    assert result.exit_code == 2
    assert "12" in result.output
