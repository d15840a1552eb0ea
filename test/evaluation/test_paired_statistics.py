import numpy as np
import pytest

from orpose_models.evaluation.paired_statistics import AveragePrecision, Ratio, bootstrap, interval


def test_of_nothing() -> None:
    assert Ratio(numerator=[], denominator=[]).value(np.empty(0)) is None
    assert interval([]) is None
    assert interval([np.nan, 1.0]) is None
    assert bootstrap({}, 3, 10, 0) == {}


def test_ratio_weights_images() -> None:
    ratio = Ratio(numerator=[1, 2], denominator=[2, 10], scale=1000)
    assert ratio.value(np.array([1.0, 1.0])) == 250
    assert ratio.value(np.array([2.0, 0.0])) == 500
    assert ratio.value(np.array([0.0, 0.0])) is None
    assert ratio.restricted(np.array([1])).value(np.ones(1)) == 200


def test_restricted_precision_is_that_of_the_images_alone() -> None:
    precision = AveragePrecision(
        images=[0, 1, 2], scores=[0.5, 0.9, 0.7], true=[1, 0, 1], ignored=[0, 0, 0], persons=[1, 0, 2], thresholds=[0]
    )
    kept = precision.restricted(np.array([2, 0]))
    assert kept.images == [0, 1]
    assert kept.scores == [0.7, 0.5]
    assert kept.value(np.ones(2)) == pytest.approx(precision.value(np.array([1.0, 0.0, 1.0])))
    assert kept.value(np.ones(2)) == pytest.approx(67 / 101)


def test_the_seed_fixes_the_draws_and_all_figures_share_them() -> None:
    ratio = Ratio(numerator=list(range(50)), denominator=[1] * 50)
    first = bootstrap({"a": ratio, "b": ratio}, 50, 100, seed=4)
    assert (first["a"] == first["b"]).all()
    assert (bootstrap({"a": ratio}, 50, 100, seed=4)["a"] == first["a"]).all()
    assert (bootstrap({"a": ratio}, 50, 100, seed=5)["a"] != first["a"]).any()


def test_the_interval_of_a_mean_is_that_of_theory() -> None:
    values = np.random.default_rng(0).normal(10, 2, 400)
    ratio = Ratio(numerator=values.tolist(), denominator=[1] * 400)
    low, high = interval(bootstrap({"mean": ratio}, 400, 4000, seed=1)["mean"]) or (0, 0)
    half = 1.96 * values.std() / 20
    assert (high - low) / 2 == pytest.approx(half, rel=0.05)
    assert (high + low) / 2 == pytest.approx(values.mean(), abs=0.03)
