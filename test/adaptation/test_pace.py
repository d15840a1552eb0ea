"""What fits into a budget."""

from importlib.util import find_spec

import pytest
from support.training_rig import tiny, write_labels

from orpose_models.adaptation.pace import (
    LEAST_MOMENTS,
    USUAL_ITERATIONS,
    USUAL_MOMENTS,
    iterations_within,
    moments_within,
    seconds_an_image,
)
from orpose_models.vocabulary.errors import OrposeError

with_torch = pytest.mark.skipif(find_spec("torch") is None, reason="trainings need torch: pip install '.[train]'")


def test_without_a_budget_sizes_are_the_usual_ones() -> None:
    assert moments_within(None, 1.0, 2, True) == USUAL_MOMENTS
    assert iterations_within(None, None, 0.1, 2) == USUAL_ITERATIONS


def test_an_hour_holds_so_many_moments() -> None:
    # 1,080 s of labelling at 2 s an image in two processes; 3 images a moment, and 3 of 8 more to choose and prove.
    assert moments_within(3600, 2.0, 2, True) == 262
    assert moments_within(3600, 2.0, 2, False) == 600
    assert moments_within(60, 2.0, 2, True) == LEAST_MOMENTS


def test_training_has_its_part_of_the_budget_or_of_what_is_left() -> None:
    assert iterations_within(3600, 3000, 0.25, 2) == 1620
    assert iterations_within(3600, 1000, 0.25, 2) == 650


def test_a_budget_without_time_to_train_is_refused() -> None:
    with pytest.raises(OrposeError, match="leaves time for 6 training steps, which is no training"):
        iterations_within(3600, 10, 0.25, 2)


@with_torch
def test_a_training_is_timed(tmp_path) -> None:
    assert 0 < seconds_an_image(tiny(write_labels(tmp_path))) < 60
