import numpy as np
import pytest

from orpose_models.lifting.synthesis.kinematics import forward
from orpose_models.lifting.synthesis.synthetic_bodies import JOINTS, PARENTS, Bodies, joint, load_bodies


def test_none_drawn(bodies: Bodies):
    assert len(bodies.draw(0, np.random.default_rng(0))) == 0


def test_parents_come_first():
    assert PARENTS[0] == -1
    assert all(parent < index for index, parent in enumerate(PARENTS))


def test_the_same_arguments_give_the_same_bodies(bodies: Bodies):
    load_bodies.cache_clear()
    again = load_bodies(count=6, seed=0)
    np.testing.assert_array_equal(again.offsets, bodies.offsets)
    other = load_bodies(count=6, seed=1)
    assert not np.array_equal(other.offsets, bodies.offsets)


@pytest.mark.parametrize("drawn", [False, True])
def test_bodies_are_symmetrical(bodies: Bodies, drawn: bool):
    offsets = (bodies.draw(50, np.random.default_rng(0)) if drawn else bodies).offsets
    for name in JOINTS:
        if name.startswith("left_"):
            mirrored = offsets[:, joint(name.replace("left", "right"))] * [-1, 1, 1]
            np.testing.assert_allclose(offsets[:, joint(name)], mirrored, atol=1e-12)


def test_sizes_are_those_of_adults(bodies: Bodies):
    offsets = bodies.draw(400, np.random.default_rng(0)).offsets
    rest = forward(offsets, PARENTS, np.broadcast_to(np.eye(3), (400, len(JOINTS), 3, 3)))
    # The head joint is some 0.17 m below the crown, the ankle some 0.08 m above the sole.
    stature = rest[:, joint("head"), 1] - rest[:, joint("left_ankle"), 1] + 0.25
    assert 1.60 < np.median(stature) < 1.78
    assert (stature > 1.2).all()
    assert (stature < 2.2).all()
    assert (rest[:, joint("left_wrist"), 0] > 0.4).all()  # x is the figure's left
    assert (rest[:, joint("left_foot"), 2] > rest[:, joint("left_ankle"), 2]).all()  # z is ahead
