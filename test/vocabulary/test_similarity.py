import numpy as np
import pytest

from orpose_models.vocabulary.similarity import box_coverage, box_iou, pose_oks
from orpose_models.vocabulary.skeletons import COCO17


def test_nobody() -> None:
    assert box_iou(np.zeros((0, 4)), np.zeros((3, 4))).shape == (0, 3)
    assert box_coverage(np.zeros((0, 4)), np.zeros((3, 4))).shape == (0, 3)
    assert pose_oks(np.zeros((0, 17, 2)), np.zeros(0), np.zeros((0, 17), bool), np.zeros((2, 17, 2))).shape == (0, 2)


def test_iou_by_hand() -> None:
    a = np.array([[0, 0, 10, 10], [0, 0, 0, 0]])
    b = np.array([[0, 0, 10, 10], [5, 0, 15, 10], [20, 20, 30, 30]])
    np.testing.assert_allclose(box_iou(a, b), [[1, 50 / 150, 0], [0, 0, 0]])


def test_coverage_is_a_share_of_the_second_box() -> None:
    regions = np.array([[0, 0, 100, 100], [0, 0, 0, 0]])
    boxes = np.array([[10, 10, 20, 20], [90, 0, 110, 10], [5, 5, 5, 5]])
    np.testing.assert_allclose(box_coverage(regions, boxes), [[1, 0.5, 0], [0, 0, 0]])


def test_oks_by_hand() -> None:
    reference = np.zeros((1, 17, 2))
    other = np.zeros((2, 17, 2))
    nose = COCO17.index("nose")
    other[1, nose] = [3, 4]
    counted = np.zeros((1, 17), bool)
    counted[0, nose] = True
    expected = np.exp(-25 / (2 * 10_000 * (2 * 0.026) ** 2))
    np.testing.assert_allclose(pose_oks(reference, np.array([10_000.0]), counted, other), [[1, expected]], rtol=1e-9)
    assert pose_oks(reference, np.array([1.0]), np.zeros((1, 17), bool), other).tolist() == [[0, 0]]
    counted[0, COCO17.index("left_hip")] = True
    assert pose_oks(reference, np.array([10_000.0]), counted, other)[0, 1] == pytest.approx((1 + expected) / 2)
