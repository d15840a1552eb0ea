"""`orpose teach` and `orpose train`, with the real teacher and the real light student, on the packaged footage."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path

import cv2
import numpy as np
import pytest

from orpose_models.cli.main import run
from orpose_models.datasets.frames import open_frames
from orpose_models.datasets.multiview import read_qualisys
from orpose_models.files.assets import asset
from orpose_models.files.predictions import Predictions
from orpose_models.training.labels import LabelSet

CONFIG = Path(__file__).parents[2] / "config" / "train" / "light" / "ORPose_all.yaml"
with_torch = pytest.mark.skipif(find_spec("torch") is None, reason="trainings need torch: pip install '.[train]'")
START = [sys.executable, "-c", "from orpose_models.cli.main import main; main()"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve frames of people, small, and two of nobody."""
    folder = tmp_path_factory.mktemp("footage") / "room"
    folder.mkdir()
    frames = open_frames(asset("multiperson") / "cam02.mp4")
    for frame in frames.frames(stride=max(1, len(frames) // 12)):
        if frame.index // max(1, len(frames) // 12) < 12:
            cv2.imwrite(str(folder / f"{frame.index:04d}.jpg"), cv2.resize(frame.image, (306, 540)))
    for i in range(2):
        cv2.imwrite(str(folder / f"empty{i}.png"), np.full((200, 300, 3), 90 * i, np.uint8))
    return folder


def orpose(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str]:
    """Exit code and what was said."""
    code = run([str(argument) for argument in arguments])
    return code, " ".join(capsys.readouterr().err.split())


def teach(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str]:
    return orpose(capsys, "teach", *arguments, "--teacher", "teacher-fast")


@pytest.fixture(scope="module")
def labels(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Labels of the folder, made by two processes."""
    path = tmp_path_factory.mktemp("labels") / "labels.json"
    assert run(["teach", str(folder), "--out", str(path), "--teacher", "teacher-fast", "--workers", "2"]) == 0
    return path


def test_two_processes_label_real_people(labels: Path, folder: Path) -> None:
    made = LabelSet.load(labels)
    assert [image.file_name for image in made.images] == sorted(path.name for path in folder.iterdir())
    assert made.info["teacher"] == "teacher-fast"
    people = [int((image.soft.box_scores >= made.accept).sum()) for image in made.images]
    assert sum(people[:12]) >= 12
    assert people[12:] == [0, 0]
    found = made.images[0].soft
    assert (made.images[0].hard.keypoint_scores <= found.keypoint_scores + 1e-6).all()
    assert found.has3d.any()
    assert json.loads((labels.parent / "summary" / "summary.json").read_text())["images"] == 14
    assert not list(labels.parent.glob(".*"))


def test_killed_without_warning_it_goes_on_where_it_was(
    tmp_path: Path, folder: Path, labels: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = [str(folder), "--out", str(tmp_path / "labels.json")]
    journal = tmp_path / ".labels.journals" / "0-of-1.jsonl"
    process = subprocess.Popen(
        [*START, "teach", *arguments, "--teacher", "teacher-fast"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    try:
        deadline = time.monotonic() + 120
        while not journal.exists() or len(journal.read_text().splitlines()) < 4:
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.01)
        process.send_signal(signal.SIGSTOP)
        refused = teach(capsys, *arguments)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert refused[0] == 2
    assert "another process is labelling part 0 of 1 of these; wait for it, or share the work" in refused[1]
    before = journal.read_text().split("\n")[:-1]
    assert not (tmp_path / "labels.json").exists()
    code, said = teach(capsys, *arguments)
    assert code == 0
    assert not list(tmp_path.glob(".*"))
    assert "persons accepted" in said
    ours, whole = LabelSet.load(tmp_path / "labels.json"), LabelSet.load(labels)
    assert [image.image_id for image in ours.images] == [image.image_id for image in whole.images]
    kept = json.loads(before[1])["annotations"]
    np.testing.assert_allclose(ours.images[0].soft.boxes[:, 0], [a["bbox"][0] for a in kept], rtol=1e-6)
    for mine, other in zip(ours.images, whole.images, strict=True):
        np.testing.assert_allclose(mine.soft.keypoints, other.soft.keypoints, atol=0.1)


def test_finished_labels_are_not_made_again(labels: Path, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, said = teach(capsys, folder, "--out", labels, "--accept", 0.99)
    assert (code, LabelSet.load(labels).accept) == (0, 0.99)
    assert said.startswith("0 persons accepted")
    code, _ = teach(capsys, folder, "--out", labels)
    assert LabelSet.load(labels).accept == 0.3
    code, said = teach(capsys, folder, "--out", labels, "--hard-threshold", 0.6)
    assert (code, "other settings" in said) == (2, True)


def test_finished_labels_are_of_the_images_that_were_there(
    labels: Path, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    room, mine = shutil.copytree(folder, tmp_path / "room"), tmp_path / "labels.json"
    document = json.loads(labels.read_text())
    (source,) = document["info"]["settings"]["sources"]
    source["path"] = str(room.resolve())
    mine.write_text(json.dumps(document))
    assert teach(capsys, room, "--out", mine)[0] == 0
    (room / "empty1.png").unlink()
    code, said = teach(capsys, room, "--out", mine)
    assert (code, f"labels.json: exists, made before the images of {room.resolve()} changed; remove" in said) == (
        2,
        True,
    )
    del source["content"]  # as earlier versions wrote it
    mine.write_text(json.dumps(document))
    assert teach(capsys, room, "--out", mine)[0] == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nowhere"], "nowhere: no such folder or video"),
        (["FOLDER", "--shard", "2/2"], "expected I/N"),
        (["FOLDER", "FOLDER"], "the same or have the same name"),
    ],
)
def test_mistakes_are_told_in_a_sentence(
    tmp_path: Path, folder: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    given = [str(folder) if argument == "FOLDER" else argument for argument in arguments]
    code, said = teach(capsys, *given, "--out", tmp_path / "labels.json")
    assert code == 2
    assert said.startswith("error:")
    assert message in said


def test_cameras_of_a_calibration_are_found_by_name(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    videos, other = asset("multiperson"), tmp_path / "other"
    other.mkdir()
    cv2.imwrite(str(other / "nobody.png"), np.zeros((60, 80, 3), np.uint8))
    arguments = [videos / "cam01.mp4", videos / "cam03.mp4", other, "--camera", videos / "Calib.qca.txt"]
    code, said = teach(capsys, *arguments, "--pitch", 20, "--at-most", 1, "--out", tmp_path / "labels.json")
    assert code == 0
    assert "other: not in Calib.qca.txt (cam01, cam02, cam03, cam04); its intrinsics are guessed" in said
    first, second, third = LabelSet.load(tmp_path / "labels.json").images
    known = {placed.name: placed.camera for placed in read_qualisys(videos / "Calib.qca.txt")}
    for image, name in ((first, "cam01"), (second, "cam03")):
        assert image.camera is not None
        assert image.camera.fx == pytest.approx(known[name].fx)
        assert image.camera.gravity == pytest.approx(known[name].gravity, abs=1e-6)
    assert third.camera is not None
    assert third.camera.gravity == pytest.approx((0, np.cos(np.radians(20)), np.sin(np.radians(20))))


@with_torch
def test_a_light_student_is_trained_continued_and_used(
    labels: Path, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = [
        "data.workers=0",
        "threads=1",
        "batch=2",
        "name=mine",
        "model.settings={short_side: 64, long_side: 128}",
    ]
    arguments = ["train", CONFIG, "--labels", labels, "--out", tmp_path]
    for setting in settings:
        arguments += ["--set", setting]
    code, said = orpose(capsys, *arguments, "--set", "schedule.iterations=2")
    assert (code, "14 images" in said) == (0, True)
    code, said = orpose(capsys, *arguments, "--set", "schedule.iterations=2")
    assert (code, "going on after iteration 2" in said) == (0, True)
    code, said = orpose(capsys, *arguments, "--set", "schedule.iterations=3")
    assert (code, "another schedule.iterations" in said) == (2, True)
    model = str(tmp_path / "mine.safetensors")
    code, _ = orpose(
        capsys, "predict", folder, "--model", model, "--out", tmp_path / "p", "--threads", 1, "--no-pictures"
    )
    assert code == 0
    predictions = Predictions.load(tmp_path / "p" / "predictions.json")
    assert predictions.info["engine"] == "torch"
    assert len(predictions.images) == 14


@with_torch
def test_training_without_labels_is_a_mistake(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, said = orpose(capsys, "train", CONFIG, "--out", tmp_path)
    assert (code, "nothing to train on" in said) == (2, True)
    code, said = orpose(capsys, "train", tmp_path / "none.yaml")
    assert (code, "no such file" in said) == (2, True)
