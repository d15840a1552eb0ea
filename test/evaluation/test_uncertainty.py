import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from orpose_models.datasets.truth import Truth
from orpose_models.evaluation.calibrating import calibration_report, fit_and_judge, fit_calibration
from orpose_models.evaluation.evaluate import Settings, evaluate
from orpose_models.evaluation.uncertainty import joint_samples, rank_correlation, reliability
from orpose_models.files.predictions import ImagePrediction, Predictions
from orpose_models.model_format.score_calibration import LOWEST, Calibration, calibration_in
from orpose_models.vocabulary.errors import OrposeError
from orpose_models.vocabulary.poses import Poses
from orpose_models.vocabulary.resolution import Resolution
from orpose_models.vocabulary.skeletons import COCO17


def test_no_joints() -> None:
    empty = reliability(np.empty(0), np.empty(0, bool))
    assert empty.ece is empty.mean_score is empty.share_right is None
    assert [b[2] for b in empty.bins] == [0] * 15
    assert rank_correlation(np.empty(0), np.empty(0)).value is None


def test_calibration_error_by_hand() -> None:
    scores = np.array([0.9, 0.9, 0.9, 0.9, 0.1, 0.1])
    right = np.array([True, True, True, False, False, False])
    result = reliability(scores, right)
    assert result.ece == pytest.approx((4 * abs(0.75 - 0.9) + 2 * 0.1) / 6)
    assert result.share_right == 0.5
    assert reliability(np.array([0.0, 1.0]), np.array([False, True])).ece == 0


def test_an_honest_score_has_no_error() -> None:
    random = np.random.default_rng(0)
    scores = random.uniform(0, 1, 100_000)
    assert (reliability(scores, random.uniform(0, 1, 100_000) < scores).ece or 1) < 0.01


def test_samples_are_the_labelled_joints_that_were_seen(
    make_truth: Callable[..., Truth], make_poses: Callable[..., Poses]
) -> None:
    truth = make_truth([(100, 150), (400, 200)])
    truth.images[0].persons.visibility[0, COCO17.index("nose")] = 0
    poses = make_poses([(100, 150)])
    keypoints, scores = poses.keypoints.copy(), poses.keypoint_scores.copy()
    scores[0, COCO17.index("left_eye")] = 0
    # The diagonal of the torso is hypot(48, 90) = 102 px: 0.2 of it are 20.4 px.
    keypoints[0, COCO17.index("left_wrist")] += (20.3, 0)
    keypoints[0, COCO17.index("right_wrist")] += (0, 20.5)
    samples = joint_samples(truth, {1: poses.with_arrays(keypoints=keypoints, keypoint_scores=scores)})
    assert len(samples) == 15
    wrong = samples.joint[~samples.right]
    assert wrong.tolist() == [COCO17.index("right_wrist")]
    assert joint_samples(truth, {}).right.shape == (0,)


def test_joints_that_are_not_labelled_are_wrong_where_that_is_asked_for(
    make_truth: Callable[..., Truth], make_poses: Callable[..., Poses]
) -> None:
    truth = make_truth([(100, 150), (400, 200)])
    legs = [COCO17.index(f"{side}_{joint}") for side in ("left", "right") for joint in ("hip", "knee", "ankle")]
    # Of the first no torso is labelled, of the second nothing.
    truth.images[0].persons.visibility[0, legs] = 0
    truth.images[0].persons.visibility[1] = 0
    poses = make_poses([(100, 150), (400, 200)])
    box = truth.images[0].persons.boxes[0]
    away = 0.2 * 0.3 * max(box[2] - box[0], box[3] - box[1])
    keypoints = poses.keypoints.copy()
    keypoints[0, COCO17.index("left_wrist")] += (away - 0.1, 0)
    keypoints[0, COCO17.index("right_wrist")] += (0, away + 0.1)
    found = {1: poses.with_arrays(keypoints=keypoints)}
    assert len(joint_samples(truth, found)) == 0
    samples = joint_samples(truth, found, unlabelled_wrong=True)
    assert len(samples) == 17
    assert sorted(samples.joint[~samples.right].tolist()) == sorted([*legs, COCO17.index("right_wrist")])
    assert np.isinf(samples.error).sum() == len(legs)
    assert len(joint_samples(truth, {}, unlabelled_wrong=True)) == 0


def test_rank_correlation_sees_disagreement() -> None:
    error = np.array([0.1, 0.2, 0.3, 0.4])
    assert rank_correlation(np.array([1.0, 2, 3, 9]), error).value == pytest.approx(1)
    assert rank_correlation(np.array([9.0, 3, 2, 1]), error).value == pytest.approx(-1)
    same = rank_correlation(np.zeros(4), error)
    assert same.value is None
    assert same.note == "the same value for all joints"


@pytest.mark.parametrize("method", ["temperature", "isotonic"])
def test_calibration_repairs_overconfidence(method: str, tmp_path: Path) -> None:
    random = np.random.default_rng(1)
    honest = random.uniform(0.02, 0.98, 20_000)
    logit = np.log(honest / (1 - honest))
    scores = 1 / (1 + np.exp(-2.5 * logit))  # 2.5 times too sure
    right = random.uniform(0, 1, 20_000) < honest
    fitted = fit_calibration(method, scores[:10_000], right[:10_000])
    before, after = reliability(scores[10_000:], right[10_000:]), reliability(fitted(scores[10_000:]), right[10_000:])
    assert (before.ece or 0) > 0.1
    assert (after.ece or 1) < 0.02
    if method == "temperature":
        assert fitted.temperature == pytest.approx(2.5, rel=0.05)
    assert fitted(np.array([0.0]))[0] == 0
    assert (np.diff(fitted(np.linspace(0.01, 1, 200))) >= 0).all()
    fitted.save(tmp_path / "calibration.json")
    assert Calibration.load(tmp_path / "calibration.json") == fitted


def test_calibrated_poses_keep_their_branches(make_poses: Callable[..., Poses]) -> None:
    poses = make_poses([(100, 150)])
    calibrated = Calibration(method="temperature", temperature=2.0).apply(poses)
    assert calibrated.keypoint_scores[0, 0] == pytest.approx(2 / 3, abs=1e-6)  # logit 1.386 halved
    assert (calibrated.scores_hard == poses.scores_hard).all()


def test_what_cannot_be_fitted() -> None:
    with pytest.raises(OrposeError, match="needs at least 50 joints whose truth is known, got 0"):
        fit_calibration("isotonic", np.zeros(100), np.ones(100, bool))
    with pytest.raises(OrposeError, match="needs right and wrong joints; here all are the same"):
        fit_calibration("temperature", np.full(100, 0.5), np.ones(100, bool))


def test_what_is_no_calibration(tmp_path: Path) -> None:
    (tmp_path / "other.json").write_text('{"kind": "orpose-calibration", "method": "magic"}')
    with pytest.raises(OrposeError, match=r"other.json: not a calibration of orpose: method"):
        Calibration.load(tmp_path / "other.json")


def test_fitted_on_one_recording_and_judged_on_the_other(
    make_truth: Callable[..., Truth], make_poses: Callable[..., Poses]
) -> None:
    random = np.random.default_rng(5)
    truth = make_truth(*[[(100, 150), (400, 200)]] * 20)  # recordings day0 and day1 alternate
    poses = {}
    for image in truth.images:
        right = make_poses([(100, 150), (400, 200)])
        wrong = random.random((2, 17)) < 0.4
        poses[image.image_id] = right.with_arrays(keypoints=right.keypoints + wrong[..., None] * 60)
    fitted, judged = fit_and_judge(truth, [truth.predictions(poses, {})], "isotonic", 5, seed=0)
    assert [part.name for part in judged] == ["1x"]
    assert fitted.fitted_on == "test set: 2 recordings"
    assert fitted.joints == 20 * 2 * 17
    share = float(judged[0].right.mean())
    assert fitted.ece_before == pytest.approx(0.8 - share)  # 0.8 said, about 0.6 right
    assert share == pytest.approx(0.6, abs=0.05)
    # Each recording's joints get the share of the other.
    assert (fitted.ece_after or 1) < 0.06
    assert len(set(judged[0].calibrated.tolist())) == 2


def test_all_scales_are_fitted_together_and_judged_one_by_one(
    make_truth: Callable[..., Truth], make_poses: Callable[..., Poses]
) -> None:
    truth = make_truth(*[[(100, 150), (400, 200)]] * 20)
    runs = []
    for factor, step in ((1.0, 4), (8.0, 2)):  # at 1x every fourth joint is wrong, at 8x every other
        wrong = (np.arange(17) % step == 0)[:, None] * 60.0
        right = make_poses([(100, 150), (400, 200)])
        poses = right.with_arrays(keypoints=right.keypoints + wrong)
        images = [
            ImagePrediction(i.image_id, i.file_name, Resolution(i.size, i.size, factor), poses) for i in truth.images
        ]
        runs.append(Predictions(images, {}))
    fitted, judged = fit_and_judge(truth, runs, "isotonic", 2, seed=0)
    assert [part.name for part in judged] == ["1x", "8x", "all"]
    assert fitted.joints == 2 * 20 * 2 * 17
    assert fitted.fitted_on == "test set at 1x, 8x: 2 recordings"
    honest = (12 + 8) / 34
    assert fitted(np.array([0.8]))[0] == pytest.approx(honest)
    assert [part.before.ece for part in judged] == pytest.approx([0.8 - 12 / 17, 0.8 - 8 / 17, 0.8 - honest])
    assert [part.after.ece for part in judged] == pytest.approx([12 / 17 - honest, honest - 8 / 17, 0], abs=1e-9)
    assert judged[2].thresholds()[2:4] == [(0.5, 1.0, pytest.approx(honest)), (0.7, 0.0, None)]
    report = json.loads(json.dumps(calibration_report(fitted, judged, {"model": "m"}), allow_nan=False))
    assert [row["predictions"] for row in report["judged"]] == ["1x", "8x", "all"]
    assert Calibration.model_validate(report["calibration"]) == fitted
    calibrated = Predictions(runs[0].images, {"keypoint_scores": "calibrated on something"})
    with pytest.raises(OrposeError, match="calibrated already; give --model"):
        fit_and_judge(truth, [calibrated], "isotonic", 2, seed=0)


def test_a_calibration_changes_no_keypoint_figure(
    make_truth: Callable[..., Truth], make_poses: Callable[..., Poses]
) -> None:
    """AP ranks by the person's score, and a joint that was seen stays seen, however sure it is to be wrong."""
    truth = make_truth([(100, 150), (400, 200)], [(250, 150)])
    places = [[(100, 150), (405, 200), (600, 100)], [(255, 152)]]
    poses = {
        image.image_id: make_poses(found, [0.9, 0.8, 0.7][: len(found)])
        for image, found in zip(truth.images, places, strict=True)
    }
    severe = Calibration(method="isotonic", knots=[(0.0, 0.0), (0.8, 0.0), (1.0, 1.0)])
    changed = {key: severe.apply(one) for key, one in poses.items()}
    assert {float(score) for one in changed.values() for score in one.keypoint_scores.ravel()} == {np.float32(LOWEST)}
    before, after = (
        evaluate(truth, truth.predictions(p, {}), "m", "m.json", Settings(draws=0)).metrics for p in (poses, changed)
    )
    for name in before:
        if "ECE" not in name and "rank" not in name:
            assert after[name].value == before[name].value, name
    assert before["keypoint AP"].value not in (None, 0.0)


@pytest.mark.parametrize(
    "numbers",
    [
        {"method": "temperature"},
        {"method": "isotonic"},
        {"method": "isotonic", "knots": []},
        {"method": "isotonic", "temperature": 1.0, "knots": [(0, 0), (1, 1)]},
        {"method": "isotonic", "knots": [(0.2, 0.5), (0.4, 0.4)]},
        {"method": "isotonic", "knots": [(0.4, 0.4), (0.2, 0.5)]},
        {"method": "isotonic", "knots": [(0.4, 1.2)]},
        {"method": "temperature", "temperature": float("nan")},
    ],
)
def test_what_is_no_monotonous_map(numbers: dict) -> None:
    with pytest.raises(ValueError, match="validation error"):
        Calibration.model_validate(numbers)
    with pytest.raises(OrposeError, match="mine: its calibration of scores is none of orpose"):
        calibration_in({"calibration": numbers}, "mine")


def test_a_calibration_needs_no_heavy_library() -> None:
    code = (
        "import sys, orpose_models.model_format.score_calibration; "
        "print([m for m in ('torch', 'scipy', 'matplotlib', 'cv2') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
