from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from orpose_models.datasets.truth import Truth
from orpose_models.evaluation.average_precision import average_precision
from orpose_models.evaluation.pairs3d import pair3d
from orpose_models.evaluation.pck import pck
from orpose_models.evaluation.working_point import working_point
from orpose_models.vocabulary.poses import Poses

ANNA = (100.0, 150.0)
IN_THE_CROWD = [(300.0, 150.0), (400.0, 150.0)]


def with_region(truth: Truth, box: tuple[float, float, float, float]) -> Truth:
    """The first image with the second person replaced by a region that is ignored."""
    image = truth.images[0]
    persons = replace(
        image.persons,
        boxes=np.array([image.persons.boxes[0], box]),
        areas=np.array([image.persons.areas[0], (box[2] - box[0]) * (box[3] - box[1])]),
        visibility=image.persons.visibility * [[1], [0]],
        joints3d=np.where([[[True]], [[False]]], image.persons.joints3d, np.nan),
        visibility3d=image.persons.visibility3d * [[1], [0]],
        ignore=np.array([False, True]),
    )
    return replace(truth, images=(replace(image, persons=persons), *truth.images[1:]))


@pytest.fixture
def crowded(make_truth: Callable[..., Truth]) -> Truth:
    """Anna at the left, a crowd in the other two thirds of the image."""
    return with_region(make_truth([ANNA, ANNA]), (200, 0, 640, 480))


def test_nobody(make_truth: Callable[..., Truth]) -> None:
    point = working_point(make_truth([]), {}, 0.3)
    assert (point.persons, point.found, point.false_positives) == (0, 0, 0)


def test_persons_in_a_crowd_are_excused_in_every_figure(crowded: Truth, make_poses: Callable[..., Poses]) -> None:
    poses = {1: make_poses([ANNA, *IN_THE_CROWD], [0.9, 0.8, 0.8])}
    point = working_point(crowded, poses, 0.3)
    assert (point.persons, point.found, point.false_positives) == (1, 1, 0)
    assert average_precision(crowded, poses, "box").summary["AP"] == pytest.approx(1)
    assert average_precision(crowded, poses, "keypoint").summary["AP"] == pytest.approx(1)
    assert pck(crowded, poses).mean == 1
    strict = pair3d(crowded, poses, "strict")
    assert (sum(strict.persons.values()), len(strict)) == (1, 1)


def test_half_of_a_box_must_lie_in_the_crowd(
    make_truth: Callable[..., Truth], make_poses: Callable[..., Poses]
) -> None:
    ben = (400.0, 150.0)  # his box reaches from 355 to 445
    for left, false in ((399, 0), (401, 1)):
        truth = with_region(make_truth([ANNA, ANNA]), (left, 0, 640, 480))
        assert working_point(truth, {1: make_poses([ANNA, ben])}, 0.3).false_positives == false


def test_a_crowd_takes_nobodys_prediction_away(
    make_truth: Callable[..., Truth], make_poses: Callable[..., Poses]
) -> None:
    near = (ANNA[0] + 8, ANNA[1])  # whose OKS with Anna is 0.79
    truth = make_truth([ANNA, near])
    image = truth.images[0]
    ignored = replace(image, persons=replace(image.persons, ignore=np.array([False, True])))
    truth = replace(truth, images=(ignored,))
    poses = {1: make_poses([near])}
    assert average_precision(truth, poses, "keypoint").summary["AP50"] == pytest.approx(1)
    assert working_point(truth, poses, 0.3).found == 1
    assert len(pair3d(truth, poses, "strict")) == 1
