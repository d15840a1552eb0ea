from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from orpose_models.lifting.features import FORMS
from orpose_models.lifting.synthesis.synthetic_bodies import Bodies
from orpose_models.lifting.training import LifterTraining, TrainingSettings, synthetic_error, validation_samples
from orpose_models.vocabulary.errors import OrposeError

SETTINGS = TrainingSettings(chunks=3, chunk=2048, batch=64, hidden=64)

pytestmark = pytest.mark.usefixtures("one_thread")


def _train(settings: TrainingSettings, bodies: Bodies) -> LifterTraining:
    run = LifterTraining(settings, bodies)
    for _ in run:
        pass
    return run


def test_nothing_trained_yet(bodies: Bodies):
    with pytest.raises(ValueError, match="nothing has been trained"):
        LifterTraining(SETTINGS, bodies).arrays()


@pytest.mark.parametrize("form", FORMS)
def test_a_short_run_learns_and_a_resumed_one_ends_the_same(tmp_path: Path, bodies: Bodies, form: str):
    settings = replace(SETTINGS, form=form)
    run = LifterTraining(settings, bodies)
    steps = iter(run)
    first = next(steps)
    early = run.arrays()
    run.save_checkpoint(tmp_path / "c")
    last = [*steps][-1]
    assert (first.chunk, last.chunk) == (1, 3)
    assert last.loss < 0.9 * first.loss
    samples = validation_samples(settings, raised=True, n=500)
    before, after = (synthetic_error(arrays, form, samples) for arrays in (early, run.arrays()))
    assert after[0] == 0
    assert after[1:].mean() < 0.9 * before[1:].mean()

    resumed = LifterTraining(settings, bodies)
    resumed.load_checkpoint(tmp_path / "c")
    assert resumed.done == 1
    assert [step.chunk for step in resumed] == [2, 3]
    for name, array in run.arrays().items():
        np.testing.assert_array_equal(resumed.arrays()[name], array)


def test_the_same_seed_gives_the_same_weights(bodies: Bodies):
    settings = replace(SETTINGS, chunks=1)
    first, again, other = (_train(replace(settings, seed=s), bodies).arrays() for s in (0, 0, 1))
    assert all(np.array_equal(first[name], again[name]) for name in first)
    assert not np.array_equal(first["output.weight"], other["output.weight"])


def test_a_checkpoint_of_other_settings(tmp_path: Path, bodies: Bodies):
    run = _train(replace(SETTINGS, chunks=1, chunk=64), bodies)
    run.save_checkpoint(tmp_path / "c")
    with pytest.raises(OrposeError, match="is of a run with other settings"):
        LifterTraining(SETTINGS, bodies).load_checkpoint(tmp_path / "c")


def test_a_broken_checkpoint(tmp_path: Path, bodies: Bodies):
    (tmp_path / "c").write_bytes(b"nonsense")
    with pytest.raises(OrposeError, match="not a readable checkpoint"):
        LifterTraining(SETTINGS, bodies).load_checkpoint(tmp_path / "c")
