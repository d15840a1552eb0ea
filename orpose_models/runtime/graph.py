"""A graph of a network: what it is once it is loaded, and what is said of one that is to be loaded."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

# Arrays in the order of the graph's inputs to arrays in the order of its outputs.
Graph = Callable[..., Sequence[NDArray[Any]]]
Shapes = tuple[tuple[int, ...], ...]


@dataclass(frozen=True)
class Job:
    """A graph to be loaded.

    Attributes:
        model: the ONNX file, or its content.
        identity: tells it apart from every other graph, for engines that keep what they make of it.
        threads: how many threads a call may use on the processor.
        callers: how many threads call it at the same time.
    """

    model: Path | bytes
    identity: str
    threads: int
    callers: int = 1
