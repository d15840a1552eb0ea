"""Splits share nothing, and numbers decide everything."""

import numpy as np
import pytest

from orpose_models.lab.simulation.splits import (
    POOL_SIZE,
    SPLITS,
    Draw,
    generator,
    member,
    pool,
)


def test_every_number_belongs_to_exactly_one_split():
    pools = [set(pool(split).tolist()) for split in SPLITS]
    assert sum(len(p) for p in pools) == POOL_SIZE + 2000
    assert set.union(*pools) == set(range(POOL_SIZE + 2000))
    assert [len(p) for p in pools] == [1400, 200, 400, 1000, 1000]


@pytest.mark.parametrize("split", SPLITS)
def test_a_draw_stays_in_its_split(split):
    draw = Draw(split, generator("test"))
    numbers = [draw.number() for _ in range(50)] + draw.numbers(50)
    assert set(numbers) <= set(pool(split).tolist())


def test_drawn_together_means_different():
    assert len(set(Draw("val", generator("test")).numbers(150))) == 150


def test_a_stream_depends_on_its_keys_and_nothing_else():
    first = generator("a", 1).random(4)
    np.testing.assert_array_equal(first, generator("a", 1).random(4))
    assert not np.allclose(first, generator("a", 2).random(4))
    assert not np.allclose(member("room", 3).random(4), member("body", 3).random(4))


def test_streams_are_the_same_on_every_machine():
    assert generator("orpose").integers(0, 1000, 4).tolist() == [987, 206, 22, 662]
