import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from orpose_models.lifting.synthesis.kinematics import align, forward, reach, rotate, rotation

_POINT = st.tuples(*[st.floats(-1, 1)] * 3)


def test_nothing():
    assert rotation(0, np.zeros(0)).shape == (0, 3, 3)
    middle, end = reach(np.zeros((0, 3)), np.zeros((0, 3)), np.zeros(0), np.zeros(0), np.zeros((0, 3)))
    assert middle.shape == end.shape == (0, 3)


@pytest.mark.parametrize(("axis", "vector", "turned"), [
    (0, (0, 1, 0), (0, 0, 1)),
    (1, (0, 0, 1), (1, 0, 0)),
    (2, (1, 0, 0), (0, 1, 0)),
])  # fmt: skip
def test_rotations_are_right_handed(axis, vector, turned):
    np.testing.assert_allclose(rotation(axis, np.pi / 2) @ vector, turned, atol=1e-12)


@given(target=_POINT, pole=_POINT, upper=st.floats(0.2, 0.4), lower=st.floats(0.2, 0.4))
def test_reach_keeps_the_bones_lengths(target, pole, upper, lower):
    target, pole = np.array([target]), np.array([pole])
    distance = np.linalg.norm(target)
    if distance < 0.05 or np.linalg.norm(np.cross(target, pole)) < 0.01:
        return  # no direction, or a pole along the limb
    middle, end = reach(np.zeros((1, 3)), target, np.array([upper]), np.array([lower]), pole)
    assert np.linalg.norm(middle) == pytest.approx(upper, abs=1e-6)
    assert np.linalg.norm(end - middle) == pytest.approx(lower, abs=1e-6)
    np.testing.assert_allclose(np.cross(end, target), 0, atol=1e-9)
    if 0.9 * (upper + lower) > distance > 0.6 * (upper + lower):
        np.testing.assert_allclose(end, target, atol=1e-9)
        assert (middle * (pole - (pole * target).sum() / distance**2 * target)).sum() >= 0


def test_align_turns_bone_to_bone_and_hinge_to_hinge():
    turn = align(np.array([[1.0, 0, 0]]), np.array([[0.0, 1, 0]]), np.array([[0.0, 0, 2]]), np.array([[1.0, 0, 0.5]]))
    np.testing.assert_allclose(rotate(turn, np.array([[1.0, 0, 0]])), [[0, 0, 1]], atol=1e-12)
    np.testing.assert_allclose(rotate(turn, np.array([[0.0, 1, 0]])), [[1, 0, 0]], atol=1e-12)


def test_forward_chains_rotations():
    offsets = np.array([[[0.0, 0, 0], [1, 0, 0], [1, 0, 0]]])
    turns = np.stack([np.eye(3), rotation(2, np.pi / 2), np.eye(3)])[None]
    np.testing.assert_allclose(forward(offsets, (-1, 0, 1), turns), [[[0, 0, 0], [1, 0, 0], [1, 1, 0]]], atol=1e-12)
