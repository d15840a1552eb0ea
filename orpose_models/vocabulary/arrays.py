"""Arrays with a row for each person: a base for dataclasses of them, and medians of their rows."""

from dataclasses import fields

import numpy as np
from numpy.typing import ArrayLike, NDArray
from typing_extensions import Self


class PersonArrays:
    """n persons; every field of the subclass, a frozen dataclass, is an array (n, ...).

    Equal are two sets of the same kind with equal arrays, NaN being equal to NaN.
    """

    def __len__(self) -> int:
        return len(getattr(self, next(iter(self.__dataclass_fields__))))  # type: ignore[attr-defined]

    def __getitem__(self, index: int | slice | ArrayLike) -> Self:
        """One person, still as a set, or those that a slice, a mask (n,) or indices (m,) choose.

        Raises:
            IndexError: there is no such person.
        """
        if isinstance(index, int | np.integer):
            if not -len(self) <= index < len(self):
                raise IndexError(f"there is no person {index}, there are {len(self)}")
            return self.select([int(index)])
        return self.select(np.arange(len(self))[index]) if isinstance(index, slice) else self.select(index)

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        others = other._arrays()
        return all(
            np.array_equal(array, others[name], equal_nan=array.dtype.kind == "f")
            for name, array in self._arrays().items()
        )

    __hash__ = None  # type: ignore[assignment]

    def select(self, index: ArrayLike) -> Self:
        """The persons chosen by a boolean mask (n,) or by indices (m,), in that order."""
        index = np.asarray(index)
        if index.size == 0 and index.dtype != bool:
            index = index.astype(np.int64)
        return type(self)(**{name: array[index] for name, array in self._arrays().items()})

    def _arrays(self) -> dict[str, NDArray]:
        return {field.name: getattr(self, field.name) for field in fields(self)}  # type: ignore[arg-type]

    def _check(self, shapes: dict[str, tuple[int, ...]]) -> None:
        """Refuse arrays of other shapes than (n, *shape).

        Raises:
            ValueError: names the first such array.
        """
        n = len(self)
        for name, shape in shapes.items():
            actual = getattr(self, name).shape
            if actual != (n, *shape):
                raise ValueError(f"{type(self).__name__}.{name} has shape {actual}, expected {(n, *shape)}")


def median(values: NDArray[np.floating], counted: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Medians (n, c) of n sets of values (n, k, c), of those that count (n, k) only; NaN where none does."""
    n, k, channels = values.shape
    # What does not count comes last.
    ordered = np.sort(np.where(counted[..., None], values, np.inf), axis=1)
    number = counted.sum(axis=1)
    if not k:
        return np.full((n, channels), np.nan)
    low, high = (ordered[np.arange(n), np.maximum(place, 0) // 2] for place in (number - 1, number))
    return np.where(number[:, None] > 0, (low + high) / 2, np.nan)
