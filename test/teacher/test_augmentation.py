import numpy as np
import pytest

from orpose_models.teacher.augmentation import fuse_boxes, merge_keypoints, suppress_poses, unite_boxes

NOTHING = (np.zeros((0, 4)), np.zeros(0), np.zeros(0))


def test_no_boxes() -> None:
    for views in (0, 1, 3):
        boxes, scores = fuse_boxes([NOTHING[0]] * views, [NOTHING[1]] * views, [NOTHING[2]] * views, 0.5)
        assert boxes.shape == (0, 4)
        assert scores.shape == (0,)
        assert boxes.dtype == scores.dtype == np.float32


def test_boxes_of_two_views_are_averaged_by_score() -> None:
    boxes, scores = fuse_boxes(
        [np.array([[0.0, 0, 10, 20]]), np.array([[1.0, 0, 11, 20]])],
        [np.array([0.6]), np.array([0.2])],
        [np.array([2.0]), np.array([2.0])],
        0.5,
    )
    np.testing.assert_allclose(boxes, [[0.25, 0, 10.25, 20]])
    np.testing.assert_allclose(scores, [0.4])


def test_a_box_that_one_of_two_views_finds_has_half_its_score_unless_the_other_could_not_see_it() -> None:
    box, score = np.array([[0.0, 0, 10, 20]]), np.array([0.6])
    for expected, result in ((2.0, 0.3), (1.0, 0.6)):
        _, scores = fuse_boxes([box, NOTHING[0]], [score, NOTHING[1]], [np.array([expected]), NOTHING[2]], 0.5)
        np.testing.assert_allclose(scores, [result])


def test_two_boxes_of_one_view_do_not_count_twice() -> None:
    boxes, scores = fuse_boxes(
        [np.array([[0.0, 0, 10, 20], [0, 0, 10, 19]])], [np.array([0.6, 0.5])], [np.array([1.0, 1.0])], 0.5
    )
    assert len(boxes) == 1
    np.testing.assert_allclose(scores, [0.6])


def test_boxes_of_two_persons_stay_apart_best_first() -> None:
    boxes, scores = fuse_boxes(
        [np.array([[0.0, 0, 10, 20], [8, 0, 18, 20]])], [np.array([0.3, 0.7])], [np.array([1.0, 1.0])], 0.5
    )
    np.testing.assert_allclose(boxes[:, 0], [8, 0])
    np.testing.assert_allclose(scores, [0.7, 0.3])


def test_no_persons_to_merge() -> None:
    points, scores = merge_keypoints(np.zeros((3, 0, 17, 2)), np.zeros((3, 0, 17)), np.zeros(0))
    assert points.shape == (0, 17, 2)
    assert scores.shape == (0, 17)


def test_equal_estimates_keep_place_and_mean_score() -> None:
    points = np.full((2, 1, 17, 2), 5.0)
    scores = np.stack([np.full((1, 17), 0.4), np.full((1, 17), 0.8)])
    merged, merged_scores = merge_keypoints(points, scores, np.array([1000.0]))
    np.testing.assert_allclose(merged, points[0])
    np.testing.assert_allclose(merged_scores, 0.6)


def test_an_outlier_does_not_move_a_joint_but_lowers_its_score() -> None:
    points = np.full((3, 1, 17, 2), 5.0)
    points[2] = 500
    merged, merged_scores = merge_keypoints(points, np.full((3, 1, 17), 0.6), np.array([1000.0]))
    np.testing.assert_allclose(merged, 5.0)
    np.testing.assert_allclose(merged_scores, 0.4)


def test_a_person_without_any_score_gives_finite_points() -> None:
    merged, merged_scores = merge_keypoints(np.full((2, 1, 17, 2), 5.0), np.zeros((2, 1, 17)), np.zeros(1))
    assert np.isfinite(merged).all()
    np.testing.assert_array_equal(merged_scores, 0)


def test_suppression_of_nobody() -> None:
    kept = suppress_poses(np.zeros((0, 17, 2)), np.zeros((0, 17)), np.zeros(0), np.zeros(0), 0.7)
    assert kept.shape == (0,)


@pytest.mark.parametrize(("shift", "kept"), [(0.0, [1]), (500.0, [1, 0])])
def test_the_better_of_two_equal_poses_stays(shift: float, kept: list[int]) -> None:
    pose = np.random.default_rng(0).uniform(0, 100, (17, 2))
    result = suppress_poses(
        np.stack([pose, pose + shift]), np.full((2, 17), 0.5), np.array([0.3, 0.4]), np.full(2, 1000.0), 0.7
    )
    assert result.tolist() == kept


def test_nobody_united_with_nobody_or_with_somebody() -> None:
    nobody = np.zeros((0, 4), np.float32), np.zeros(0, np.float32)
    somebody = np.array([[0.0, 0, 10, 20]]), np.array([0.5])
    for a, b, count in ((nobody, nobody, 0), (nobody, somebody, 1), (somebody, nobody, 1)):
        boxes, scores = unite_boxes(a, b, 0.5)
        assert boxes.shape == (count, 4)
        assert boxes.dtype == scores.dtype == np.float32
        assert scores.tolist() == [0.5] * count


def test_whom_both_find_is_surer_and_whom_one_finds_stays() -> None:
    a = np.array([[0.0, 0, 10, 20], [100, 0, 110, 20]]), np.array([0.6, 0.7])
    b = np.array([[50.0, 0, 60, 20], [1, 0, 11, 20]]), np.array([0.1, 0.2])
    boxes, scores = unite_boxes(a, b, 0.5)
    np.testing.assert_allclose(boxes, [[100, 0, 110, 20], [0.25, 0, 10.25, 20], [50, 0, 60, 20]])
    np.testing.assert_allclose(scores, [0.7, 1 - 0.4 * 0.8, 0.1], rtol=1e-6)


def test_a_box_is_united_with_the_one_most_like_it_only() -> None:
    a = np.array([[0.0, 0, 10, 20]]), np.array([0.5])
    b = np.array([[3.0, 0, 13, 20], [1, 0, 11, 20]]), np.array([0.9, 0.5])
    boxes, scores = unite_boxes(a, b, 0.5)
    np.testing.assert_allclose(boxes, [[3, 0, 13, 20], [0.5, 0, 10.5, 20]])
    np.testing.assert_allclose(scores, [0.9, 0.75])
