import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from orpose_models.evaluation.alignment import joint_errors

ALIGNMENTS = ("root", "scale", "procrustes")


@pytest.mark.parametrize("alignment", ALIGNMENTS)
def test_no_poses(alignment: str) -> None:
    assert joint_errors(np.zeros((0, 8, 3)), np.zeros((0, 8, 3)), np.zeros((0, 8), bool), alignment).shape == (0, 8)


def test_root_is_the_plain_distance_and_masked_joints_are_nan() -> None:
    truth = np.zeros((1, 3, 3))
    predicted = np.array([[[3, 4, 0], [0, 0, 2], [9, 9, 9]]], float)
    errors = joint_errors(predicted, truth, np.array([[True, True, False]]), "root")
    assert errors[0, :2].tolist() == [5.0, 2.0]
    assert np.isnan(errors[0, 2])


def test_scale_takes_out_the_size_and_nothing_else() -> None:
    truth = np.array([[[1, 0, 0], [0, 2, 0], [0, 0, 3], [1, 1, 1]]], float)
    mask = np.ones((1, 4), bool)
    assert joint_errors(truth * 0.3, truth, mask, "scale") == pytest.approx(np.zeros((1, 4)), abs=1e-12)
    turned = truth @ np.array([[0, -1, 0], [1, 0, 0], [0, 0, 1.0]])
    assert joint_errors(turned, truth, mask, "scale").max() > 0.5


@settings(max_examples=50, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    scale=st.floats(0.1, 10),
    turn=st.tuples(*[st.floats(-3, 3)] * 3),
    shift=st.tuples(*[st.floats(-5, 5)] * 3),
)
def test_procrustes_takes_out_any_similarity_transform(seed: int, scale: float, turn: tuple, shift: tuple) -> None:
    truth = np.random.default_rng(seed).normal(size=(2, 8, 3))
    predicted = truth @ Rotation.from_rotvec(turn).as_matrix() * scale + shift
    assert joint_errors(predicted, truth, np.ones((2, 8), bool), "procrustes").max() < 1e-6


def test_procrustes_does_not_mirror() -> None:
    truth = np.random.default_rng(1).normal(size=(1, 8, 3))
    assert np.nanmean(joint_errors(truth * [-1, 1, 1], truth, np.ones((1, 8), bool), "procrustes")) > 0.3


def test_procrustes_needs_four_joints() -> None:
    truth = np.random.default_rng(2).normal(size=(2, 8, 3))
    mask = np.zeros((2, 8), bool)
    mask[0, :3], mask[1, :4] = True, True
    errors = joint_errors(truth, truth, mask, "procrustes")
    assert np.isnan(errors[0]).all()
    assert np.isfinite(errors[1, :4]).all()


def test_nothing_counts_makes_nan_and_no_warning() -> None:
    zeros = np.zeros((1, 8, 3))
    for alignment in ALIGNMENTS:
        assert np.isnan(joint_errors(zeros, zeros, np.zeros((1, 8), bool), alignment)).all()


def test_shapes_must_agree() -> None:
    with pytest.raises(ValueError, match="shapes do not agree"):
        joint_errors(np.zeros((1, 8, 3)), np.zeros((1, 7, 3)), np.ones((1, 8), bool), "root")
