"""The shipped lifter on real operating rooms. MVOR is not part of the project: the tests need its files."""

import json
from pathlib import Path

import numpy as np
import pytest

from orpose_models.cli.main import run
from orpose_models.datasets.mvor import read_keypoint_detections, read_mvor
from orpose_models.datasets.truth import ImageTruth, Persons, Truth
from orpose_models.evaluation.lifting import lift_predictions
from orpose_models.evaluation.mpjpe import evaluate3d
from orpose_models.lifting.runtime import load_lifter
from orpose_models.vocabulary.cameras import Camera
from orpose_models.vocabulary.poses import Poses
from orpose_models.vocabulary.skeletons import MVOR10

CARD = Path(__file__).parents[2] / "orpose_models" / "weights" / "lifter.md"


def _nobody(camera: Camera | None) -> Truth:
    persons = Persons.from_arrays(MVOR10, MVOR10, np.zeros((0, 4)))
    image = ImageTruth(1, "1.png", (640, 480), persons, camera, "cam1", "day1")
    return Truth("nobody", MVOR10, MVOR10, (image,), Path(), ())


def test_nobody():
    truth = _nobody(Camera(640, 480, 540, 540, 320, 240))
    lifted = lift_predictions(load_lifter(), truth, truth.predictions({}, {}))
    assert {image_id: len(poses) for image_id, poses in lifted.items()} == {1: 0}


def test_an_image_without_camera():
    truth = _nobody(None)
    with pytest.raises(ValueError, match="image 1 of nobody has no camera"):
        lift_predictions(load_lifter(), truth, truth.predictions({1: Poses.empty()}, {}))


@pytest.mark.parametrize(
    ("gravity", "released", "strict"),
    [
        (True, {"unmapped": 162.7, "mapped": 158.6}, {"unmapped": 107.0, "mapped": 100.3}),
        (False, {"unmapped": 170.9, "mapped": 165.5}, {"unmapped": 115.7, "mapped": 106.2}),
    ],
)
def test_the_shipped_weights_have_the_errors_on_their_card(
    mvor_folder: Path, gravity: bool, released: dict[str, float], strict: dict[str, float]
):
    truth = read_mvor(mvor_folder)
    detections = read_keypoint_detections(mvor_folder / "openpose_kps.json", truth)
    scores = evaluate3d(truth, lift_predictions(load_lifter(), truth, detections, gravity))
    card = CARD.read_text()
    for protocol, expected in (("released", released), ("strict", strict)):
        for hips, millimetres in expected.items():
            score = scores[protocol][hips]
            assert score.mpjpe == pytest.approx(millimetres, abs=0.1)
            assert f"{millimetres:.1f}" in card
    assert (scores["released"]["unmapped"].paired, scores["strict"]["unmapped"].paired) == (2481, 1768)
    assert scores["strict"]["unmapped"].recall == pytest.approx(0.712, abs=0.0005)


def test_one_command_prints_everything(mvor_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    assert run(["evaluate", "lifter", "--mvor", str(mvor_folder), "--out", str(tmp_path / "scores.json")]) == 0
    said = capsys.readouterr().out
    for text in ("released:", "strict:", "unmapped", "mapped", "recall", "left_wrist", "gravity known"):
        assert text in said
    written = json.loads((tmp_path / "scores.json").read_text())
    assert written["lifter"] == load_lifter().sha256
    assert written["scores"]["strict"]["unmapped"]["mpjpe"] > written["scores"]["strict"]["mapped"]["mpjpe"]


def test_no_mvor(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    assert run(["evaluate", "lifter", "--mvor", str(tmp_path)]) == 2
    assert "no camma_mvor_2018.json here" in " ".join(capsys.readouterr().err.split())
