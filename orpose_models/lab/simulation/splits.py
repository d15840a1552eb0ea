"""Splits that share nothing, and the random streams that make every byte reproducible.

Whatever a scene is made of (rooms, bodies, outfits, motions, lights) has a number. The numbers of a kind
are dealt out to the splits once and for all, and a number fully decides what it stands for, so
that two splits can never show the same room, body, outfit, motion or light.
"""

import hashlib
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

Split = Literal["train", "val", "test", "everyday", "difficult"]
Kind = Literal["room", "body", "outfit", "motion", "light"]

SPLITS: tuple[Split, ...] = get_args(Split)
KINDS: tuple[Kind, ...] = get_args(Kind)

POOL_SIZE = 2000
# Of every ten consecutive numbers below that, which go to which split of the operating room.
_DEAL: dict[Split, tuple[int, ...]] = {"train": (0, 1, 2, 4, 5, 6, 8), "val": (3,), "test": (7, 9)}
# The others have the numbers beyond: first and one after the last.
_BEYOND: dict[Split, tuple[int, int]] = {"everyday": (POOL_SIZE, 3000), "difficult": (3000, 4000)}


def generator(*keys: int | str) -> np.random.Generator:
    """A random stream that depends on `keys` alone (PCG64 seeded by their SHA-256)."""
    digest = hashlib.sha256("/".join(str(key) for key in keys).encode()).digest()
    return np.random.Generator(np.random.PCG64(int.from_bytes(digest[:16], "little")))


def pool(split: Split) -> np.ndarray:
    """The pool numbers (m,) int64 of a split, ascending; the same numbers serve every kind."""
    if split in _BEYOND:
        return np.arange(*_BEYOND[split])
    numbers = np.arange(POOL_SIZE)
    return numbers[np.isin(numbers % 10, _DEAL[split])]


@dataclass(frozen=True)
class Draw:
    """Draws pool members of one split for one scene."""

    split: Split
    rng: np.random.Generator

    def number(self) -> int:
        """One pool number."""
        return int(self.rng.choice(pool(self.split)))

    def numbers(self, count: int) -> list[int]:
        """`count` different pool numbers."""
        return [int(n) for n in self.rng.choice(pool(self.split), count, replace=False)]


def member(kind: Kind, number: int) -> np.random.Generator:
    """The stream that decides everything about one member of a pool."""
    return generator("orpose-simulation", kind, number)
