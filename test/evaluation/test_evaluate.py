from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from orpose_models.datasets.truth import Truth
from orpose_models.evaluation.compare import compare
from orpose_models.evaluation.evaluate import Settings, evaluate, evaluation_of
from orpose_models.evaluation.report import write_report
from orpose_models.evaluation.result import Evaluation
from orpose_models.evaluation.result_tables import number, write_csv
from orpose_models.files.predictions import Predictions
from orpose_models.vocabulary.errors import OrposeError
from orpose_models.vocabulary.poses import Poses

QUICK = Settings(draws=50)
CENTRES: list[tuple[float, float]] = [(100, 150), (400, 200)]


def evaluated(truth: Truth, poses: dict[int, Poses], name: str = "model", settings: Settings = QUICK) -> Evaluation:
    result = evaluate(truth, truth.predictions(poses, {"model": name}), name, f"{name}.json", settings)
    return evaluation_of(truth, [result], settings)


def noisy(poses: Poses, pixels: float, seed: int) -> Poses:
    random = np.random.default_rng(seed)
    return poses.with_arrays(
        keypoints=poses.keypoints + random.normal(0, pixels, poses.keypoints.shape),
        boxes=poses.boxes + random.normal(0, pixels, poses.boxes.shape),
        joints3d=poses.joints3d + random.normal(0, pixels / 100, poses.joints3d.shape),
        scores_hard=random.uniform(0.3, 0.9, poses.scores_hard.shape),
    )


def test_empty_predictions_have_defined_figures(make_truth: Callable[..., Truth]) -> None:
    evaluation = evaluated(make_truth(CENTRES, []), {})
    metrics = evaluation.results[0].metrics
    zero = ("box AP", "keypoint AP", "PCK@0.2", "recall", "false positives per image")
    assert [metrics[name].value for name in zero] == [0] * 5
    assert metrics["3D recall strict, hips unmapped"].value == 0
    undefined = ("precision", "MPJPE strict, hips unmapped", "MPJPE released, hips unmapped")
    assert [metrics[name].value for name in undefined] == [None] * 3
    assert metrics["precision"].note == "nobody was predicted"
    assert metrics["MPJPE strict, hips unmapped"].note == "0 of 2 persons"
    assert number(None) == "-"


def test_empty_truth_is_refused(make_truth: Callable[..., Truth]) -> None:
    with pytest.raises(OrposeError, match="test set: has no annotated person, so no figure is defined"):
        evaluated(make_truth([], []), {})
    with pytest.raises(OrposeError, match="test set: has no images, so there is nothing to evaluate"):
        evaluated(make_truth(), {})


def test_perfect_predictions(make_truth: Callable[..., Truth], make_poses: Callable[..., Poses]) -> None:
    evaluation = evaluated(make_truth(CENTRES, [], CENTRES[:1]), {1: make_poses(CENTRES), 3: make_poses(CENTRES[:1])})
    metrics = evaluation.results[0].metrics
    for name in ("box AP", "keypoint AP", "PCK@0.2", "recall", "precision", "PCK3D@150 strict, hips unmapped"):
        assert metrics[name].value == pytest.approx(1), name
        assert metrics[name].low == pytest.approx(1), name
    assert metrics["MPJPE strict, hips unmapped"].value == pytest.approx(0, abs=1e-3)
    assert metrics["keypoint score ECE"].value == pytest.approx(0.2)
    assert set(evaluation.results[0].tables["MPJPE by camera, mm"]) == {"cam0", "cam1"}
    for metric in metrics.values():
        assert evaluation.conventions[metric.convention]


def test_boxes_alone_get_no_keypoint_figures(
    make_truth: Callable[..., Truth], make_poses: Callable[..., Poses]
) -> None:
    boxes = make_poses(CENTRES)
    evaluation = evaluated(make_truth(CENTRES), {1: Poses.from_arrays(boxes.boxes, boxes.box_scores)})
    metrics = evaluation.results[0].metrics
    assert metrics["box AP"].value == pytest.approx(1)
    assert not [name for name in metrics if "keypoint" in name or "PCK" in name or "MPJPE" in name]


def test_mvors_joints_without_3d(make_truth: Callable[..., Truth], make_poses: Callable[..., Poses]) -> None:
    metrics = evaluated(make_truth(CENTRES, mvor=True), {1: make_poses(CENTRES)}).results[0].metrics
    assert metrics["keypoint AP"].value == pytest.approx(1)
    assert not [name for name in metrics if "MPJPE" in name]


def test_the_working_threshold_decides_who_is_found(
    make_truth: Callable[..., Truth], make_poses: Callable[..., Poses]
) -> None:
    poses = {1: make_poses([*CENTRES, (250, 250)], [0.9, 0.35, 0.4])}
    low, high = (
        evaluated(make_truth(CENTRES), poses, settings=Settings(threshold=t, draws=0)).results[0] for t in (0.3, 0.5)
    )
    assert [low.metrics[n].value for n in ("recall", "precision")] == [1, pytest.approx(2 / 3)]
    assert [high.metrics[n].value for n in ("recall", "precision")] == [0.5, 1]
    assert low.tables["at the working threshold"]["false positives"]["number"] == 1
    assert low.metrics["box AP"].low is None


def test_images_without_prediction_count_as_nobody_found(
    make_truth: Callable[..., Truth], make_poses: Callable[..., Poses]
) -> None:
    truth = make_truth(CENTRES, CENTRES)
    predictions = truth.predictions({1: make_poses(CENTRES)}, {})
    result = evaluate(truth, Predictions(predictions.images[:1]), "half", "half.json", QUICK)
    assert result.missing == [2]
    assert result.metrics["recall"].value == 0.5


def test_the_file_is_read_as_it_was_written(
    make_truth: Callable[..., Truth], make_poses: Callable[..., Poses], tmp_path: Path
) -> None:
    evaluation = evaluated(make_truth(CENTRES, []), {1: noisy(make_poses(CENTRES), 4, 0)})
    evaluation.save(tmp_path / "evaluation.json")
    assert Evaluation.load(tmp_path / "evaluation.json") == evaluation
    write_csv(evaluation, tmp_path / "evaluation.csv")
    lines = (tmp_path / "evaluation.csv").read_text().splitlines()
    assert lines[0] == "result,downsample,figure,value,low,high,unit,convention,note"
    assert len(lines) == 1 + len(evaluation.results[0].metrics)
    other = '{"kind": "orpose-evaluation"}'
    for content, message in (("[]", "not an evaluation"), (other, "schema None is not the one")):
        (tmp_path / "evaluation.json").write_text(content)
        with pytest.raises(OrposeError, match=message):
            Evaluation.load(tmp_path / "evaluation.json")


def test_compare_finds_the_better_model_and_no_difference_between_equals(
    make_truth: Callable[..., Truth], make_poses: Callable[..., Poses]
) -> None:
    truth = make_truth(*[CENTRES] * 40)
    good = {i: noisy(make_poses(CENTRES), 2, i) for i in range(1, 41)}
    bad = {i: noisy(make_poses(CENTRES), 12, 100 + i) for i in range(1, 41)}
    also = {i: noisy(make_poses(CENTRES), 2, 200 + i) for i in range(1, 41)}
    (comparison,) = compare(evaluated(truth, bad, "bad"), evaluated(truth, good, "good"), draws=200)
    assert (comparison.a, comparison.b, comparison.images) == ("bad at 1x", "good at 1x", 40)
    verdicts = {d.metric: d.verdict for d in comparison.differences}
    assert verdicts["keypoint AP"] == verdicts["MPJPE strict, hips unmapped"] == "B better"
    (reverse,) = compare(evaluated(truth, good), evaluated(truth, bad), draws=200)
    assert {d.metric: d.verdict for d in reverse.differences}["box AP"] == "B worse"
    (equal,) = compare(evaluated(truth, good), evaluated(truth, also), draws=200)
    assert {d.metric: d.verdict for d in equal.differences}["MPJPE strict, hips unmapped"] == "no clear difference"
    (same,) = compare(evaluated(truth, good), evaluated(truth, good), draws=200)
    assert {(d.difference, d.low, d.high) for d in same.differences} == {(0, 0, 0)}


def test_compare_leaves_out_images_that_only_one_has(
    make_truth: Callable[..., Truth], make_poses: Callable[..., Poses]
) -> None:
    truth = make_truth(CENTRES, CENTRES, CENTRES)
    poses = {i: make_poses(CENTRES) for i in (1, 2)}
    fewer = replace(truth, images=truth.images[:2])
    (comparison,) = compare(evaluated(truth, poses), evaluated(fewer, poses), draws=10)
    assert (comparison.images, comparison.only_a, comparison.only_b) == (2, 1, 0)
    assert {d.metric: d.a for d in comparison.differences}["recall"] == 1  # of the two images


def test_compare_refuses_what_is_not_comparable(
    make_truth: Callable[..., Truth], make_poses: Callable[..., Poses]
) -> None:
    truth = make_truth(CENTRES)
    one = evaluated(truth, {1: make_poses(CENTRES)})
    with pytest.raises(OrposeError, match="A is of test set and B of other"):
        compare(one, one.model_copy(update={"dataset": "other"}))
    with pytest.raises(OrposeError, match="different conventions of working point"):
        compare(one, evaluated(truth, {1: make_poses(CENTRES)}, settings=Settings(threshold=0.7, draws=50)))


def test_the_report_is_written_without_the_images_too(
    make_truth: Callable[..., Truth], make_poses: Callable[..., Poses], tmp_path: Path
) -> None:
    truth, poses = make_truth(CENTRES, [], CENTRES[:1]), {1: noisy(make_poses(CENTRES), 4, 0)}
    write_report(evaluated(truth, poses, "<model>"), truth, [poses], tmp_path / "report.html")
    html = (tmp_path / "report.html").read_text()
    assert html.count("(image not at hand)") == 4  # two images with persons, among the worst and the best
    assert "&lt;model&gt; at 1x" in html
    assert "<model>" not in html
    nobody = evaluated(truth, {})
    write_report(nobody, truth, [{}], tmp_path / "report.html")
    assert "reliability" not in (tmp_path / "report.html").read_text()
