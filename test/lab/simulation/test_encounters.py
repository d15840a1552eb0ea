"""People who walk about: they keep clear of things and of each other, and the same numbers give the same scene."""

import numpy as np
import pytest

from orpose_models.lab.simulation.encounters import FEWEST, MOST, build_encounter
from orpose_models.lab.simulation.mannequins import J
from orpose_models.lab.simulation.scenes import Scene

RATE = 5.0


@pytest.fixture(scope="module")
def scene() -> Scene:
    return build_encounter("val", 0, 1, seconds=20, rate=RATE)


def pelvises(scene: Scene) -> np.ndarray:
    """(people, moments, 2)"""
    return np.stack([person.motion.positions[:, J["pelvis"], :2] for person in scene.people])


def test_some_people_for_some_time(scene: Scene) -> None:
    assert FEWEST <= len(scene.people) <= MOST
    assert (len(scene.times), scene.times[1]) == (100, 1 / RATE)
    assert [len(person.motion.positions) for person in scene.people] == [100] * len(scene.people)
    assert len(scene.cameras) == 1


def test_somebody_walks_and_nobody_flies(scene: Scene) -> None:
    steps = np.linalg.norm(np.diff(pelvises(scene), axis=1), axis=2)
    assert steps.sum(axis=1).max() > 4
    assert steps.max() < 2.0 / RATE


def test_nobody_walks_through_anybody_or_anything(scene: Scene) -> None:
    places = pelvises(scene)
    for k, place in enumerate(places):
        for other in places[:k]:
            assert np.linalg.norm(place - other, axis=1).min() > 0.3
        for spot in scene.room.footprints:
            assert spot.height <= 0.05 or spot.distance(place).min() > -0.15


def test_feet_stand_on_the_floor(scene: Scene) -> None:
    ankles = np.stack([p.motion.positions[:, [J["left_ankle"], J["right_ankle"]], 2] for p in scene.people])
    assert ankles.min() > 0.02
    assert ankles.min(axis=2).max() < 0.2


def test_the_same_numbers_give_the_same_scene(scene: Scene) -> None:
    again = build_encounter("val", 0, 1, seconds=20, rate=RATE)
    assert np.array_equal(pelvises(again), pelvises(scene))
