"""Labels over time: what lasts is confirmed, what shows up once is rejected."""

from dataclasses import replace

import numpy as np
import pytest
from support.training_rig import SIZE, persons

from orpose_models.adaptation.over_time import Confirmations, over_time
from orpose_models.training.labels import ImageLabels

BOX, ELSEWHERE = (20, 10, 50, 90), (90, 10, 120, 90)


def image(*found, number=1):
    """One image with persons (box, score)."""
    soft, hard = persons([box for box, _ in found], [score for _, score in found])
    return ImageLabels(number, f"{number}.jpg", SIZE, soft, hard)


def corrected(*images):
    counts = Confirmations()
    return over_time(images, 0.3, 0.3, counts), counts


def test_no_image_and_a_single_one_stay_as_they_are() -> None:
    assert corrected() == ([], Confirmations())
    alone = image((BOX, 0.5))
    assert corrected(alone) == ([alone], Confirmations())


def test_nobody_stays_nobody() -> None:
    (first, second), counts = corrected(image(), image())
    assert (len(first.soft), len(second.soft), counts) == (0, 0, Confirmations())


def test_who_is_in_one_image_alone_is_rejected() -> None:
    images, counts = corrected(image((BOX, 0.8)), image((BOX, 0.8), (ELSEWHERE, 0.9)), image((BOX, 0.8)))
    assert [list(one.soft.box_scores >= 0.3) for one in images] == [[True], [True, False], [True]]
    assert counts.rejected == 1
    assert counts.confirmed == 0


def test_who_lasts_is_accepted_from_a_lower_score_on() -> None:
    images, counts = corrected(image((BOX, 0.25)), image((BOX, 0.28)), image((BOX, 0.22)))
    assert [one.soft.box_scores.tolist() for one in images] == [pytest.approx([0.3])] * 3
    assert counts.confirmed == 3
    images, counts = corrected(image((BOX, 0.15)), image((BOX, 0.18)), image((BOX, 0.12)))
    assert all(one.soft.box_scores[0] == pytest.approx(0.15) for one in images)
    assert counts.confirmed == 0


def test_two_images_confirm_nobody_who_was_not_accepted() -> None:
    images, counts = corrected(image((BOX, 0.25)), image((BOX, 0.28)))
    assert all(one.soft.box_scores[0] == pytest.approx(0.265) for one in images)
    assert counts.confirmed == 0


def test_who_is_missed_between_two_images_is_added_as_rejected() -> None:
    after = tuple(np.add(BOX, (4, 0, 4, 0)))
    images, counts = corrected(image((BOX, 0.8)), image(), image((after, 0.8)))
    added = images[1]
    assert added.soft.boxes.tolist() == [[22, 10, 52, 90]]
    assert added.soft.box_scores.tolist() == pytest.approx([0.15])
    assert len(added.hard) == 1
    assert counts.missed == 1


def test_a_joint_that_jumps_leaves_the_hard_set() -> None:
    middle = image((BOX, 0.8))
    points = middle.soft.keypoints.copy()
    points[0, 15] += (-40, -30)
    moved = replace(
        middle, soft=middle.soft.with_arrays(keypoints=points), hard=middle.hard.with_arrays(keypoints=points)
    )
    images, counts = corrected(image((BOX, 0.8)), moved, image((BOX, 0.8)))
    assert images[1].hard.keypoint_scores[0, 15] == 0
    assert images[1].soft.keypoint_scores[0, 15] == pytest.approx(0.4, abs=0.01)
    assert images[1].hard.keypoint_scores[0, 16] == pytest.approx(0.8)
    assert counts.joints >= 1


def test_a_joint_that_stays_gets_the_mean_of_its_scores() -> None:
    sure = image((BOX, 0.8))
    scores = sure.soft.keypoint_scores.copy()
    scores[0, 9] = 0.5  # a wrist; 0.2 in the other images
    sure = replace(sure, soft=sure.soft.with_arrays(keypoint_scores=scores))
    images, counts = corrected(sure, image((BOX, 0.8)), sure)
    assert images[1].soft.keypoint_scores[0, 9] == pytest.approx(0.4)
    assert images[1].hard.keypoint_scores[0, 9] == pytest.approx(0.4)
    assert images[1].hard.scores_soft[0, 9] == pytest.approx(0.4)
    assert counts.held == 3


def test_who_walks_out_of_his_box_is_the_same_person() -> None:
    steps = [tuple(np.add(BOX, (36 * i, 0, 36 * i, 0))) for i in range(3)]
    images, counts = corrected(*(image((step, 0.25)) for step in steps))
    assert [one.soft.box_scores.tolist() for one in images] == [pytest.approx([0.3])] * 3
    assert counts.rejected == 0
    far = tuple(np.add(BOX, (60, 0, 60, 0)))
    images, counts = corrected(image((BOX, 0.8)), image((far, 0.8)))
    assert counts.rejected == 2
