import numpy as np
import pytest

from orpose_models.vocabulary.skeletons import (
    COCO17,
    COCO17_TO_H36M17,
    H36M17,
    MVOR10,
    Skeleton,
)


def test_maps_of_no_person_give_no_person() -> None:
    assert COCO17_TO_H36M17.points(np.zeros((0, 17, 2))).shape == (0, 17, 2)
    assert COCO17_TO_H36M17.valid(np.zeros((0, 17), bool)).shape == (0, 17)
    assert COCO17_TO_H36M17.scores(np.zeros((0, 17))).shape == (0, 17)


@pytest.mark.parametrize(("skeleton", "joints", "bones"), [(COCO17, 17, 16), (H36M17, 17, 16), (MVOR10, 10, 10)])
def test_joint_counts(skeleton: Skeleton, joints: int, bones: int) -> None:
    assert (len(skeleton), len(skeleton.edges)) == (joints, bones)


def test_flip_exchanges_sides_and_is_its_own_inverse() -> None:
    assert COCO17.flip == (0, 2, 1, 4, 3, 6, 5, 8, 7, 10, 9, 12, 11, 14, 13, 16, 15)
    assert H36M17.flip == (0, 4, 5, 6, 1, 2, 3, 7, 8, 9, 10, 14, 15, 16, 11, 12, 13)
    for skeleton in (COCO17, H36M17, MVOR10):
        assert [skeleton.flip[i] for i in skeleton.flip] == list(range(len(skeleton)))


def test_coco_to_h36m_copies_and_averages() -> None:
    points = np.arange(34, dtype=float).reshape(17, 2)
    mapped = COCO17_TO_H36M17.points(points)
    gather = [12, 14, 16, 11, 13, 15]
    np.testing.assert_array_equal(mapped[1:7], points[gather])
    np.testing.assert_array_equal(mapped[11:], points[[5, 7, 9, 6, 8, 10]])
    np.testing.assert_array_equal(mapped[0], (points[11] + points[12]) / 2)
    np.testing.assert_array_equal(mapped[8], (points[5] + points[6]) / 2)
    np.testing.assert_allclose(mapped[7], (mapped[0] + mapped[8]) / 2)
    np.testing.assert_array_equal(mapped[9], mapped[10])


def test_a_mean_is_valid_only_if_both_its_joints_are() -> None:
    valid = np.ones(17, bool)
    valid[COCO17.index("left_hip")] = False
    mapped = COCO17_TO_H36M17.valid(valid)
    assert [H36M17.joints[i] for i in np.flatnonzero(~mapped)] == ["pelvis", "left_hip", "spine"]


def test_scores_take_the_weakest_joint() -> None:
    scores = np.linspace(0.1, 0.9, 17)
    mapped = COCO17_TO_H36M17.scores(scores)
    assert mapped[H36M17.index("head")] == scores[3]
    assert mapped[H36M17.index("thorax")] == scores[5]
    assert mapped[H36M17.index("right_wrist")] == scores[10]


def test_an_unknown_joint_makes_only_those_unknown_that_need_it() -> None:
    points = np.ones((17, 3))
    points[COCO17.index("left_shoulder")] = np.nan
    mapped = COCO17_TO_H36M17.points(points)
    unknown = np.isnan(mapped).all(axis=1)
    assert [H36M17.joints[i] for i in np.flatnonzero(unknown)] == ["spine", "thorax", "left_shoulder"]
    assert (mapped[~unknown] == 1).all()
