"""What the tests of the lifter share."""

import numpy as np
import pytest

from orpose_models.lifting.synthesis.postures import Postures, sample_postures
from orpose_models.lifting.synthesis.synthetic_bodies import Bodies, load_bodies


@pytest.fixture(scope="session")
def bodies() -> Bodies:
    """A few body shapes."""
    pytest.importorskip("mannequin", reason="bodies need mannequin-x: pip install '.[train]'")
    return load_bodies(count=6, seed=0)


@pytest.fixture(scope="session")
def postures(bodies: Bodies) -> Postures:
    """500 postures."""
    rng = np.random.default_rng(0)
    return sample_postures(bodies.draw(500, rng), rng)
