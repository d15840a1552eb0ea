from dataclasses import dataclass

import numpy as np
import pytest
from numpy.typing import NDArray

from orpose_models.datasets.truth import Persons
from orpose_models.vocabulary.arrays import PersonArrays, median
from orpose_models.vocabulary.poses import Poses
from orpose_models.vocabulary.skeletons import COCO17, H36M17


@dataclass(frozen=True, eq=False)
class Some(PersonArrays):
    places: NDArray[np.float32]
    names: NDArray[np.int64]

    def __post_init__(self) -> None:
        self._check({"places": (2,), "names": ()})


def some(*names: int) -> Some:
    return Some(np.array([[name, np.nan] for name in names], np.float32).reshape(-1, 2), np.array(names, np.int64))


def test_nobody() -> None:
    nobody = some()
    assert len(nobody) == 0
    assert nobody == some(1, 2)[[]] == some(1, 2)[[False, False]] == some(1, 2)[2:] == nobody[:]
    assert list(nobody) == []
    with pytest.raises(IndexError, match="there is no person 0, there are 0"):
        nobody[0]


@pytest.mark.parametrize(
    ("index", "names"),
    [
        (0, [5]),
        (-1, [7]),
        (np.int64(1), [6]),
        (slice(1, None), [6, 7]),
        (slice(None, None, -1), [7, 6, 5]),
        ([2, 0, 2], [7, 5, 7]),
        ([False, True, True], [6, 7]),
        (np.array([True, False, False]), [5]),
    ],
)
def test_choosing(index, names: list[int]) -> None:
    assert some(5, 6, 7)[index] == some(*names)


def test_one_after_another() -> None:
    assert [one.names.tolist() for one in some(5, 6)] == [[5], [6]]
    for index in (2, -3):
        with pytest.raises(IndexError):
            some(5, 6)[index]


def test_equality() -> None:
    assert some(1) == some(1)  # also where places are NaN
    assert some(1) != some(2)
    assert some(1) != some(1, 1)
    assert some(1) != [1]
    with pytest.raises(TypeError, match="unhashable"):
        hash(some(1))


def test_poses_and_persons_are_compared_by_their_arrays() -> None:
    poses = Poses.from_arrays([[0, 0, 1, 1], [2, 2, 3, 3]], [0.5, 0.6])
    persons = Persons.from_arrays(COCO17, H36M17, [[0, 0, 1, 1], [2, 2, 3, 3]])
    for both in (poses, persons):
        assert both == both[[0, 1]]
        assert both != both[[1, 0]]
    assert poses != persons
    assert poses != poses.with_arrays(ids=np.array([1, 2]))


def test_wrong_shapes_are_named() -> None:
    with pytest.raises(ValueError, match=r"Some\.names has shape \(2,\), expected \(1,\)"):
        Some(np.zeros((1, 2), np.float32), np.zeros(2, np.int64))


def test_medians_of_what_counts() -> None:
    assert median(np.zeros((0, 3, 2)), np.zeros((0, 3), bool)).shape == (0, 2)
    assert np.isnan(median(np.zeros((1, 0, 2)), np.zeros((1, 0), bool))).all()
    values = np.random.default_rng(0).normal(size=(6, 5, 2))
    counted = np.arange(5) < np.arange(6)[:, None]
    found = median(values, counted)
    assert np.isnan(found[0]).all()
    for i in range(1, 6):
        assert found[i].tolist() == np.median(values[i, :i], axis=0).tolist()
