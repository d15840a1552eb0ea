"""Calls of one graph by several threads, joined: what waits while the device computes goes to it together."""

from collections.abc import Sequence
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from orpose_models.runtime.graph import Graph


class _Call:
    """What a thread asked, and what came of it."""

    def __init__(self, images: NDArray[Any]) -> None:
        self.images = images
        self.answer: list[NDArray[Any]] | None = None
        self.error: Exception | None = None


class Together:
    """A graph of one input (n, ...) and outputs (n, ...), called by several threads.

    One thread computes at a time: what the others ask meanwhile, of the same shape, is one call afterwards. Nobody
    waits for more to come.

    Args:
        graph: computes any number of images.
        most: images of a call, unless a single caller gives more.
    """

    def __init__(self, graph: Graph, most: int) -> None:
        self._graph, self._most = graph, most
        self._waiting: list[_Call] = []
        self._list, self._turn = Lock(), Lock()

    def __call__(self, images: NDArray[Any]) -> Sequence[NDArray[Any]]:
        call = _Call(images)
        with self._list:
            self._waiting.append(call)
        with self._turn:
            if call.answer is None and call.error is None:
                self._compute(self._taken(call))
        if call.error is not None:
            raise call.error
        assert call.answer is not None
        return call.answer

    def _taken(self, call: _Call) -> list[_Call]:
        with self._list:
            taken, count = [call], len(call.images)
            for other in self._waiting:
                fits = count + len(other.images) <= self._most and other.images.shape[1:] == call.images.shape[1:]
                if other is not call and fits:
                    taken.append(other)
                    count += len(other.images)
            self._waiting = [other for other in self._waiting if other not in taken]
        return taken

    def _compute(self, calls: Sequence[_Call]) -> None:
        try:
            answers = self._graph(
                np.concatenate([call.images for call in calls]) if len(calls) > 1 else calls[0].images
            )
        except Exception as error:  # each of the callers hears of it
            for call in calls:
                call.error = error
            return
        first = 0
        for call in calls:
            last = first + len(call.images)
            call.answer = [np.asarray(array[first:last]) for array in answers]
            first = last


def in_portions(graph: Graph, size: int) -> Graph:
    """A graph that is asked about 1 or `size` images only, for engines that are built for every number of them."""

    def run(images: NDArray[Any]) -> list[NDArray[Any]]:
        parts = []
        for first in range(0, max(len(images), 1), size):
            some = images[first : first + size]
            count = len(some)
            if 1 != count < size:
                some = np.concatenate([some, np.zeros((size - count, *some.shape[1:]), some.dtype)])
            parts.append([array[:count] for array in graph(some)])
        return [np.concatenate(arrays) for arrays in zip(*parts, strict=True)]

    return run
