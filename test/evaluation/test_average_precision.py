from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from orpose_models.datasets.detections import read_predictions
from orpose_models.datasets.mvor import read_mvor
from orpose_models.datasets.truth import Truth
from orpose_models.evaluation.average_precision import average_precision
from orpose_models.vocabulary.poses import Poses


@pytest.mark.parametrize("kind", ["box", "keypoint"])
def test_nobody_there(make_truth: Callable[..., Truth], make_poses: Callable[..., Poses], kind: str) -> None:
    truth = make_truth([], [])
    for poses in ({}, {1: make_poses([(100, 150)])}):
        result = average_precision(truth, poses, kind)
        assert set(result.summary.values()) == {None}
        assert {s.value(np.ones(2)) for s in result.statistics.values()} == {None}


@pytest.mark.parametrize("kind", ["box", "keypoint"])
def test_nobody_found(make_truth: Callable[..., Truth], kind: str) -> None:
    result = average_precision(make_truth([(100, 150)], []), {}, kind)
    assert (result.summary["AP"], result.summary["AP50"], result.summary["AP large"]) == (0, 0, 0)
    assert result.statistics["AP"].value(np.ones(2)) == 0


@pytest.mark.parametrize("kind", ["box", "keypoint"])
def test_all_found(make_truth: Callable[..., Truth], make_poses: Callable[..., Poses], kind: str) -> None:
    centres = [(100, 150), (400, 200)]
    result = average_precision(make_truth(centres, []), {1: make_poses(centres)}, kind)
    assert result.summary["AP"] == pytest.approx(1)
    assert result.summary["AP large"] == pytest.approx(1)
    assert result.summary["AP medium"] is None


def test_one_of_two_found_and_one_made_up_before_it(
    make_truth: Callable[..., Truth], make_poses: Callable[..., Poses]
) -> None:
    poses = {1: make_poses([(100, 150)], [0.5]), 2: make_poses([(300, 200)], [0.9])}
    result = average_precision(make_truth([(100, 150), (400, 200)], []), poses, "box")
    assert result.summary["AP"] == pytest.approx(0.5 * 51 / 101)  # precision 1/2 up to recall 1/2
    assert result.summary["AR100"] == pytest.approx(0.5)


def test_ignored_persons_neither_help_nor_harm(
    make_truth: Callable[..., Truth], make_poses: Callable[..., Poses]
) -> None:
    centres = [(100, 150), (400, 200)]
    truth = make_truth(centres)
    image = truth.images[0]
    persons = replace(image.persons, ignore=np.array([False, True]))
    truth = replace(truth, images=(replace(image, persons=persons),))
    for found in (centres, centres[:1]):
        assert average_precision(truth, {1: make_poses(found)}, "box").summary["AP"] == pytest.approx(1)


def test_persons_with_a_box_only_count_for_boxes_and_not_for_keypoints(
    make_truth: Callable[..., Truth], make_poses: Callable[..., Poses]
) -> None:
    truth = make_truth([(100, 150), (400, 200)])
    image = truth.images[0]
    flags = image.persons.visibility.copy()
    flags[1] = 0
    truth = replace(truth, images=(replace(image, persons=replace(image.persons, visibility=flags)),))
    poses = {1: make_poses([(100, 150)])}
    assert average_precision(truth, poses, "box").summary["AR100"] == pytest.approx(0.5)
    assert average_precision(truth, poses, "keypoint").summary["AR"] == pytest.approx(1)


@pytest.mark.parametrize("kind", ["box", "keypoint"])
def test_the_statistic_is_pycocotools_figure(
    make_truth: Callable[..., Truth], make_poses: Callable[..., Poses], kind: str
) -> None:
    random = np.random.default_rng(3)
    places = [[tuple(random.uniform(80, 400, 2)) for _ in range(random.integers(0, 4))] for _ in range(30)]
    poses = {}
    for i, centres in enumerate(places):
        guesses = [(x + random.normal(0, 4), y + random.normal(0, 4)) for x, y in centres if random.random() < 0.8]
        guesses += [tuple(random.uniform(80, 400, 2)) for _ in range(random.integers(0, 3))]
        poses[i + 1] = make_poses(guesses, random.uniform(0.1, 1, len(guesses)).round(2).tolist())
    truth = make_truth(*places)
    result = average_precision(truth, poses, kind)
    assert 0.05 < (result.summary["AP"] or 0) < 0.9
    for name, statistic in result.statistics.items():
        assert statistic.value(np.ones(30)) == pytest.approx(result.summary[name], abs=1e-12), name


def test_an_image_drawn_twice_counts_twice(make_truth: Callable[..., Truth], make_poses: Callable[..., Poses]) -> None:
    one, other = [(100, 150)], [(300, 200)]
    drawn = average_precision(make_truth(one, one, other), {1: make_poses(one), 2: make_poses(one)}, "box")
    weighted = average_precision(make_truth(one, other), {1: make_poses(one)}, "box").statistics["AP"]
    assert weighted.value(np.array([2.0, 1.0])) == pytest.approx(drawn.summary["AP"])
    assert weighted.value(np.array([0.0, 1.0])) == 0
    assert weighted.value(np.array([0.0, 0.0])) is None


def test_published_box_ap_of_faster_rcnn_on_mvor(mvor_folder: Path) -> None:
    truth = read_mvor(mvor_folder)
    predictions = read_predictions(mvor_folder / "faster_rcnn_bbox.json", truth)
    poses = {image.image_id: image.poses for image in predictions.images}
    published = average_precision(truth, poses, "box", file_ids=True).summary
    figures = [published[name] for name in ("AP", "AP50", "AP75", "AR1", "AR10", "AR100")]
    assert [f"{figure:.3f}" for figure in figures] == ["0.504", "0.756", "0.574", "0.300", "0.598", "0.601"]
    # The same without pycocotools' blindness for the person who has number 0 in the file.
    ours = average_precision(truth, poses, "box").summary
    assert ours["AP"] == pytest.approx(0.504836, abs=1e-6)
    assert ours["AP50"] == pytest.approx(0.756619, abs=1e-6)
