"""Which images of several cameras belong to one moment: approximate synchronisation by their stamps.

What comes out depends on the stamps and their order alone, so that a recording gives the same moments each time.
"""

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")

_KEEP = 64


@dataclass(frozen=True)
class Moment(Generic[T]):
    """What belongs together.

    Attributes:
        stamp_ns: the latest of the stamps, nanoseconds.
        items: of each camera, None where it has nothing at this moment.
        stamps: of each camera in nanoseconds, None likewise.
    """

    stamp_ns: int
    items: tuple[T | None, ...]
    stamps: tuple[int | None, ...]


class Moments(Generic[T]):
    """Collects what the cameras send and gives moments.

    The pivot of a moment is the latest of the cameras' first waiting stamps; of each camera the nearest to it counts,
    if it is near enough; what is older is left out. A camera that is silent for longer than `patience` is not waited
    for.

    Args:
        cameras: how many.
        tolerance_ns: by how much stamps of one moment may differ from the pivot.
        patience_ns: after how long a silent camera is not waited for.
    """

    def __init__(self, cameras: int, tolerance_ns: int, patience_ns: int) -> None:
        self._queues: list[deque[tuple[int, T]]] = [deque(maxlen=_KEEP) for _ in range(cameras)]
        self._latest: list[int | None] = [None] * cameras
        self._periods: list[int | None] = [None] * cameras
        self._tolerance, self._patience = tolerance_ns, patience_ns
        self._last = -(1 << 62)
        self.late = 0  # how many came after their moment

    def add(self, camera: int, stamp_ns: int, item: T) -> list[Moment[T]]:
        """Take what a camera sends; the moments that are complete with it, in order of time.

        A long step back in time is a beginning anew.
        """
        newest = max((stamp for stamp in self._latest if stamp is not None), default=stamp_ns)
        if stamp_ns < newest - 10 * self._patience - 1_000_000_000:
            for queue in self._queues:
                queue.clear()
            self._latest, self._last = [None] * len(self._queues), stamp_ns - 1
        latest = self._latest[camera]
        if stamp_ns <= self._last or (latest is not None and stamp_ns <= latest):
            self.late += 1
            return []
        self._latest[camera] = stamp_ns
        self._periods[camera] = None if latest is None else stamp_ns - latest
        self._queues[camera].append((stamp_ns, item))
        return list(self._complete())

    def rest(self) -> list[Moment[T]]:
        """The moments of what still waits, at the end of a recording."""
        found = []
        while any(self._queues):
            found.append(self._take(max(queue[0][0] for queue in self._queues if queue)))
        return found

    def _complete(self) -> Iterator[Moment[T]]:
        while True:
            newest = max(stamp for stamp in self._latest if stamp is not None)
            alive = [i for i, at in enumerate(self._latest) if at is None or at >= newest - self._wait(i)]
            # At the beginning nobody knows yet who will come.
            first = min((queue[0][0] for queue in self._queues if queue), default=newest)
            if newest - first > self._patience:
                alive = [i for i in alive if self._latest[i] is not None]
            waited = [self._queues[i] for i in alive]
            if not all(waited) or not any(self._queues):
                return
            pivot = max(queue[0][0] for queue in waited)
            if newest - pivot <= self._tolerance and any(self._expects_nearer(i, pivot) for i in alive):
                return
            yield self._take(pivot)

    def _wait(self, camera: int) -> int:
        """How long a camera is waited for: a slow one for two of its images."""
        return max(self._patience, 2 * (self._periods[camera] or 0))

    def _expects_nearer(self, camera: int, pivot: int) -> bool:
        """Whether a camera's next image is to come nearer to the pivot than its last one, by its rate so far."""
        last, period = self._queues[camera][-1][0], self._periods[camera]
        return period is not None and last < pivot and period < 2 * (pivot - last)

    def _take(self, pivot: int) -> Moment[T]:
        items: list[T | None] = [None] * len(self._queues)
        stamps: list[int | None] = [None] * len(self._queues)
        for i, queue in enumerate(self._queues):
            near = [one for one in queue if abs(one[0] - pivot) <= self._tolerance]
            if near:
                stamps[i], items[i] = min(near, key=lambda one: (abs(one[0] - pivot), one[0]))
            used = stamps[i]
            while queue and queue[0][0] <= (pivot if used is None else used):
                queue.popleft()
        known = [stamp for stamp in stamps if stamp is not None]
        self._last = max(self._last, min(known))
        return Moment(max(known), tuple(items), tuple(stamps))


def paired(streams: Sequence[Sequence[tuple[int, T]]], tolerance_ns: int) -> list[Moment[T]]:
    """The moments of a recording: for each camera its stamps in nanoseconds, ascending, with what it has at them."""
    moments: Moments[T] = Moments(len(streams), tolerance_ns, patience_ns=max(10 * tolerance_ns, 500_000_000))
    in_order = sorted((one[0], camera, k) for camera, stream in enumerate(streams) for k, one in enumerate(stream))
    found = []
    for stamp, camera, k in in_order:
        found += moments.add(camera, stamp, streams[camera][k][1])
    return found + moments.rest()
