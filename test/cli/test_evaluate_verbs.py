"""`orpose evaluate`, end to end on small pictures with a model whose right answer is known."""

import json
import re
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from support.square_finder import SquareFinder, at_shares

from orpose_models.cli.main import run
from orpose_models.datasets.bags.create import BagPlan, create_bag
from orpose_models.datasets.by_name import open_dataset
from orpose_models.datasets.frames import open_frames
from orpose_models.datasets.image_file import read_image
from orpose_models.datasets.truth import as_coco17
from orpose_models.evaluation.result import Evaluation
from orpose_models.files.disk import sha256
from orpose_models.files.predictions import Predictions
from orpose_models.model_format.score_calibration import Calibration
from orpose_models.model_format.student_config import OneStageConfig
from orpose_models.registry import models
from orpose_models.student.one_stage import OneStageStudent
from orpose_models.student.weights import load_student, save_student
from orpose_models.vocabulary.cameras import Camera
from orpose_models.vocabulary.poses import Poses
from orpose_models.vocabulary.resolution import Size

SIZE = (160, 120)
SMALL = OneStageConfig(lifter_hidden=16)
STEP_NS = 100_000_000
START_NS = 1_600_000_000_000_000_000


@pytest.fixture(autouse=True)
def _squares(monkeypatch: pytest.MonkeyPatch) -> None:
    finder = SquareFinder(joints=at_shares)
    monkeypatch.setattr(models, "MODELS", {"squares": ("finds white rectangles", lambda threads, engine: finder)})


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    """Twelve pictures with 0, 1 or 2 persons, annotated with the stamps that `orpose bag create` gives them."""
    random = np.random.default_rng(0)
    folder = tmp_path / "ward"
    folder.mkdir()
    images, annotations = [], []
    for i in range(12):
        picture = np.zeros((SIZE[1], SIZE[0], 3), np.uint8)
        for k in range(i % 3):
            x, y = 10 + 75 * k + int(random.integers(0, 20)), int(random.integers(5, 30))
            w, h = int(random.integers(24, 40)), int(random.integers(50, 80))
            picture[y : y + h, x : x + w] = 255
            points = at_shares(np.array([[x, y, x + w, y + h]], float))["keypoints"][0]
            keypoints = np.concatenate([points, np.full((17, 1), 2)], axis=1).ravel().tolist()
            annotations.append(
                {"id": len(annotations) + 1, "image_id": i + 1, "category_id": "1", "bbox": [x, y, w, h],
                 "iscrowd": 0, "keypoints": keypoints}
            )  # fmt: skip
        name = f"{i:03d}.png"
        cv2.imwrite(str(folder / name), picture)
        stamp = START_NS + i * STEP_NS
        images.append({"id": i + 1, "file_name": name, "width": SIZE[0], "height": SIZE[1], "stamp_ns": stamp})
    content = {"categories": [{"id": "1", "name": "person"}], "images": images, "annotations": annotations}
    (folder / "annotations.json").write_text(json.dumps(content))
    return folder / "annotations.json"


def orpose(*arguments: object) -> int:
    return run([str(argument) for argument in arguments])


def said(capsys: pytest.CaptureFixture[str]) -> str:
    captured = capsys.readouterr()
    return " ".join((captured.out + captured.err).split())


def test_a_model_at_several_factors(dataset: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out"
    command = ("evaluate", "run", "--dataset", f"coco:{dataset}", "--model", "squares", "--downsample", "1,8,12")
    assert orpose(*command, "--out", out, "--bootstrap", 50, "--details") == 0
    text = said(capsys)
    assert "box AP: COCO protocol (pycocotools)" in text
    assert "calibration by joint - squares at 8x" in text
    evaluation = Evaluation.load(out / "evaluation.json")
    assert [result.downsample for result in evaluation.results] == [1, 8, 12]
    ap = [result.metrics["box AP"].value or 0 for result in evaluation.results]
    assert ap[0] == pytest.approx(1)
    assert ap[0] > ap[1] > ap[2]
    assert (evaluation.images, evaluation.persons) == (12, 12)
    assert (out / "evaluation.csv").read_text().count("\n") == 1 + sum(len(r.metrics) for r in evaluation.results)
    html = (out / "report.html").read_text()
    assert html.count("data:image/png") == 4  # curves and three reliability diagrams
    assert html.count("data:image/jpeg") == 3 * 8
    assert not re.search(r"(src|href)='(?!data:)", html)
    assert "not at hand" not in html


def test_an_interrupted_run_goes_on(
    dataset: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    command = ("evaluate", "run", "--dataset", f"coco:{dataset}", "--model", "squares", "--out", tmp_path / "out")
    calls = []
    predict = SquareFinder.predict

    def counted(self: SquareFinder, image: NDArray, full_size: Size, camera: Camera, min_score: float) -> Poses:
        calls.append(image.shape)
        if len(calls) == 4:
            raise KeyboardInterrupt
        return predict(self, image, full_size, camera, min_score)

    monkeypatch.setattr(SquareFinder, "predict", counted)
    assert orpose(*command) == 130
    assert orpose(*command) == 0
    assert len(calls) == 4 + 9  # three images were done before
    predictions = Predictions.load(tmp_path / "out" / "predictions_1x.json")
    assert [len(image.poses) for image in predictions.images] == [0, 1, 2] * 4
    assert not list((tmp_path / "out").glob(".*"))


def test_a_bag_gives_the_figures_of_the_folder(
    dataset: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    create_bag(open_frames(dataset.parent), tmp_path / "images", BagPlan())
    assert orpose("bag", "run", tmp_path / "images", tmp_path / "poses", "--model", "squares") == 0
    command = ("evaluate", "bag", "--bag", tmp_path / "poses", "--truth", dataset, "--bootstrap", 20)
    assert orpose(*command, "--out", tmp_path / "of_bag") == 0
    assert "12 of 12 pose messages belong to annotated images; 0 messages have no annotation, 0 of 12" in said(capsys)
    folder = ("evaluate", "run", "--dataset", f"coco:{dataset}", "--model", "squares", "--bootstrap", 20)
    assert orpose(*folder, "--out", tmp_path / "of_folder") == 0
    of_bag, of_folder = (Evaluation.load(tmp_path / f / "evaluation.json").results[0] for f in ("of_bag", "of_folder"))
    assert of_bag.metrics == of_folder.metrics


def metrics(folder: Path) -> list[dict[str, float | None]]:
    """The figures of each result."""
    results = Evaluation.load(folder / "evaluation.json").results
    return [{name: metric.value for name, metric in result.metrics.items()} for result in results]


def test_boxes_in_yolos_layout(dataset: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (dataset.parent / "labels").mkdir()
    for image in open_dataset(f"coco:{dataset}").images:
        boxes = image.persons.boxes / np.tile(SIZE, 2)
        lines = [f"0 {(a + c) / 2:.6f} {(b + d) / 2:.6f} {c - a:.6f} {d - b:.6f}" for a, b, c, d in boxes.tolist()]
        (dataset.parent / "labels" / f"{Path(image.file_name).stem}.txt").write_text("\n".join(lines))
    command = ("evaluate", "run", "--dataset", f"yolo:{dataset.parent}", "--model", "squares", "--downsample", "1,12")
    assert orpose(*command, "--out", tmp_path / "out", "--bootstrap", 0) == 0
    full, reduced = metrics(tmp_path / "out")
    assert (full["recall"], full["persons found"], full["false persons"]) == (1, 12, 0)
    assert (reduced["box AP"] or 0) < (full["box AP"] or 0)
    assert not [name for name in full if "keypoint" in name or "PCK" in name]


def test_agreement_with_another_models_labels(
    dataset: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert orpose("predict", dataset.parent, "--model", "squares", "--out", tmp_path / "labels", "--no-pictures") == 0
    labels = f"predictions:{tmp_path / 'labels' / 'predictions.json'}"
    command = ("evaluate", "run", "--dataset", labels, "--model", "squares", "--downsample", "1,8")
    assert orpose(*command, "--images", dataset.parent, "--out", tmp_path / "out", "--bootstrap", 0) == 0
    text = said(capsys)
    assert "on labels of squares" in text
    assert "the truth is what squares found at 1x: persons with scores from 0.3 on" in text
    same, reduced = metrics(tmp_path / "out")
    assert (same["keypoint AP"], same["recall"]) == (pytest.approx(1), 1)
    assert 0 < (reduced["keypoint AP"] or 0) < 1


def test_false_persons_in_empty_rooms(dataset: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rooms = tmp_path / "rooms"
    rooms.mkdir()
    for name in ("000", "001", "002", "003", "004", "005"):  # with 0, 1, 2, 0, 1, 2 white rectangles
        (rooms / f"{name}.png").write_bytes((dataset.parent / f"{name}.png").read_bytes())
    command = ("evaluate", "run", "--dataset", f"empty:{rooms}", "--model", "squares", "--downsample", "1,2")
    assert orpose(*command, "--out", tmp_path / "out", "--details") == 0
    (figures, _), text = metrics(tmp_path / "out"), said(capsys)
    assert figures == {"false positives per image": 1, "false persons": 6}
    assert "Nobody is in these images: whoever is found is a false person." in text
    tables = Evaluation.load(tmp_path / "out" / "evaluation.json").results[0].tables
    assert tables["false persons by image"] == {
        "001.png": {"number": 1}, "002.png": {"number": 2}, "004.png": {"number": 1}, "005.png": {"number": 2}
    }  # fmt: skip


def test_compare_and_calibrate(dataset: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for factor in (1, 8):
        out = tmp_path / f"at{factor}"
        command = ("evaluate", "run", "--dataset", f"coco:{dataset}", "--model", "squares", "--bootstrap", 20)
        assert orpose(*command, "--downsample", factor, "--out", out) == 0
    capsys.readouterr()
    a, b = tmp_path / "at1" / "evaluation.json", tmp_path / "at8" / "evaluation.json"
    assert orpose("evaluate", "compare", a, b, "--bootstrap", 100, "--out", tmp_path / "difference.json") == 0
    assert "A: squares at 1x B: squares at 8x 12 images" in said(capsys)
    (comparison,) = json.loads((tmp_path / "difference.json").read_text())["comparisons"]
    differences = {d["metric"]: d["difference"] for d in comparison["differences"]}
    assert differences["box AP"] < -0.2
    predictions = Predictions.load(tmp_path / "at1" / "predictions_1x.json")
    off = (np.arange(17) % 4 == 0)[:, None] * 30.0  # 5 of 17 joints are wrong, all have the score 0.8
    images = [replace(i, poses=i.poses.with_arrays(keypoints=i.poses.keypoints + off)) for i in predictions.images]
    found = tmp_path / "off.json"
    Predictions(images, predictions.info).save(found)
    command = ("evaluate", "calibrate", "--dataset", f"coco:{dataset}", "--predictions", found)
    assert orpose(*command, "--method", "temperature", "--out", tmp_path / "calibration.json") == 0
    assert "fitted on annotations: 12 images" in said(capsys)
    fitted = Calibration.load(tmp_path / "calibration.json")
    assert fitted(np.array([0.8]))[0] == pytest.approx(12 / 17, abs=1e-3)
    assert fitted.ece_before == pytest.approx(0.8 - 12 / 17, abs=1e-6)
    assert fitted.ece_after == pytest.approx(0, abs=1e-3)
    # Every person's labelled joints are all that is there: nothing changes where the others would be wrong.
    assert orpose(*command, "--unlabelled-wrong", "--out", tmp_path / "u.json", "--report", tmp_path / "ur.json") == 0
    assert "12 images; joints that are not labelled are wrong" in said(capsys)
    assert "joints that are not labelled count as wrong" in json.loads((tmp_path / "ur.json").read_text())["convention"]
    report, diagram = tmp_path / "report.json", tmp_path / "diagram.png"
    assert orpose(*command, "--out", tmp_path / "c.json", "--report", report, "--picture", diagram) == 0
    written = json.loads(report.read_text())
    assert (written["dataset"], written["model"]) == ("annotations", "squares")
    assert written["judged"][0]["ece_before"] == pytest.approx(0.8 - 12 / 17, abs=1e-6)
    assert read_image(diagram).shape[1] > 600
    assert orpose(*command, "--model", tmp_path / "missing.safetensors", "--into", tmp_path / "x.safetensors") == 2
    assert "not predictions of" in said(capsys)
    assert orpose(*command, "--into", tmp_path / "x.safetensors") == 2
    assert "needs --model FILE.safetensors" in said(capsys)
    assert orpose(*command[:4]) == 2
    assert "give --predictions, --model or both" in said(capsys)


def test_a_calibration_is_written_into_a_student(
    dataset: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    student, new = tmp_path / "student.safetensors", tmp_path / "new.safetensors"
    save_student(student, OneStageStudent(SMALL), {"steps": 3})
    truth = open_dataset(f"coco:{dataset}", None)
    off = (np.arange(17) % 4 == 0)[:, None] * 30.0
    found = {}
    for image in truth.images:
        keypoints, _ = as_coco17(truth, image.persons)
        n = len(keypoints)
        found[image.image_id] = Poses.from_arrays(
            image.persons.boxes, [0.9] * n, keypoints + off, np.full((n, 17), 0.2)
        )
    command = ("evaluate", "calibrate", "--dataset", f"coco:{dataset}", "--model", student, "--into", new, "--out")
    command = (*command, tmp_path / "calibration.json")
    honest = {}
    for name, scores in (("modest", 0.2), ("honest", 12 / 17)):
        poses = {key: p.with_arrays(keypoint_scores=np.full((len(p), 17), scores)) for key, p in found.items()}
        honest[name] = tmp_path / f"{name}.json"
        truth.predictions(poses, {"model_sha256": sha256(student)}).save(honest[name])
    assert orpose(*command, "--predictions", honest["modest"]) == 0
    assert f"with this calibration -> {new}" in said(capsys)
    assert load_student(new)[1]["calibration"]["knots"] == [pytest.approx([0.2, 12 / 17])]
    assert load_student(new)[1]["steps"] == 3
    new.unlink()
    assert orpose(*command, "--predictions", honest["honest"]) == 2
    assert "this calibration makes scores no more honest" in said(capsys)
    assert not new.exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "give either --predictions or --model"),
        (["--model", "squares", "--predictions", "x.json"], "give either --predictions or --model"),
        (["--model", "squares", "--downsample", "1,13"], "factors must be within 1..12"),
        (["--model", "squares", "--downsample", "one"], "expected factors such as 1,8,10,12"),
        (["--model", "nobody"], "model 'nobody' is not known"),
        (["--predictions", "missing.json"], "missing.json: no such file"),
    ],
)
def test_a_users_mistakes(
    dataset: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    assert orpose("evaluate", "run", "--dataset", f"coco:{dataset}", *arguments, "--out", tmp_path / "out") == 2
    assert message in said(capsys)


def test_pictures_that_are_missing_broken_or_of_another_size(
    dataset: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ("evaluate", "run", "--dataset", f"coco:{dataset}", "--model", "squares", "--out", tmp_path / "out")
    cv2.imwrite(str(dataset.parent / "003.png"), np.zeros((60, 80, 3), np.uint8))
    assert orpose(*command) == 2
    assert "003.png has 80 x 60 pixels, but 160 x 120 were annotated" in said(capsys)
    (dataset.parent / "003.png").write_bytes(b"no picture")
    assert orpose(*command) == 2
    assert "003.png" in said(capsys)
    (dataset.parent / "003.png").unlink()
    assert orpose(*command) == 2
    text = said(capsys)
    assert "1 of 12 images of annotations are missing, the first is" in text
    assert "give their folder with --images" in text
