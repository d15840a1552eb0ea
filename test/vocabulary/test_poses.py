import numpy as np
import pytest

from orpose_models.vocabulary.poses import Poses


def two_persons() -> Poses:
    return Poses.from_arrays(
        [[0, 0, 10, 20], [5, 5, 15, 25]], [0.9, 0.4], np.ones((2, 17, 2)), np.full((2, 17), 0.5), ids=[3, 7]
    )


def test_empty_has_every_shape() -> None:
    empty = Poses.empty()
    assert len(empty) == 0
    assert empty.keypoints.shape == (0, 17, 2)
    assert empty.joints3d.shape == (0, 17, 3)
    assert empty.has3d.shape == (0,)
    assert len(empty.select([])) == 0
    assert len(Poses.concatenate([])) == 0
    assert len(Poses.concatenate([empty, two_persons()])) == 2


def test_what_is_not_given_is_unknown() -> None:
    poses = two_persons()
    np.testing.assert_array_equal(poses.scores_hard, poses.keypoint_scores)
    assert np.isnan(poses.joints3d).all()
    assert np.isnan(poses.root).all()
    assert not poses.has3d.any()
    assert Poses.from_arrays([[0, 0, 1, 1]], [1]).ids.tolist() == [-1]


def test_select_by_mask_and_by_order() -> None:
    poses = two_persons()
    assert poses.select([False, True]).ids.tolist() == [7]
    assert poses.select([1, 0]).ids.tolist() == [7, 3]


def test_wrong_shapes_are_refused() -> None:
    with pytest.raises(ValueError, match="keypoints has shape"):
        Poses.from_arrays([[0, 0, 1, 1]], [1], np.zeros((1, 16, 2)), np.zeros((1, 17)))
    with pytest.raises(ValueError, match="box_scores"):
        Poses.from_arrays([[0, 0, 1, 1]], [1, 1])
    with pytest.raises(TypeError, match="colour"):
        Poses.from_arrays([], [], colour=[])


def test_replacing_an_array_keeps_its_type() -> None:
    poses = two_persons().with_arrays(ids=np.array([1.0, 2.0]))
    assert poses.ids.dtype == np.int64
    with pytest.raises(ValueError, match="ids"):
        poses.with_arrays(ids=np.zeros(3))
