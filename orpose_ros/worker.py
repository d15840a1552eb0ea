"""A thread that works on the newest frame of each camera, so that the executor never waits for a model."""

import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from threading import Condition, Thread
from typing import Generic, TypeVar

Frame = TypeVar("Frame")


@dataclass(frozen=True)
class Together(Generic[Frame]):
    """How frames of several sources are worked on together.

    Attributes:
        most: how many.
        until: of the frame that waits longest, the `time.monotonic` until which it may wait for others.
        work: called in the worker's thread with sources and frames, each source once.
    """

    most: int
    until: Callable[[str, Frame], float]
    work: Callable[[Sequence[tuple[str, Frame]]], None]


class Worker(Generic[Frame]):
    """Keeps one waiting frame a source - the newest - and works on the sources in turn.

    One worker can thus serve several cameras with one model, and none of them is starved by a faster one.

    Args:
        work: called in the worker's thread with source and frame, one at a time.
        on_error: called in the worker's thread if `work` raised; the frame is lost, the worker goes on.
        together: how frames of several sources are worked on at once; None for one after the other.
    """

    def __init__(
        self,
        work: Callable[[str, Frame], None],
        on_error: Callable[[str, Frame, Exception], None],
        together: Together[Frame] | None = None,
    ) -> None:
        self._work = work
        self._on_error = on_error
        self._together = together
        self._waiting: OrderedDict[str, Frame] = OrderedDict()
        self._changed = Condition()
        self._stopping = False
        # A daemon, so that a model stuck in native code cannot keep the process alive.
        self._thread = Thread(target=self._run, name="orpose-worker", daemon=True)
        self._thread.start()

    def submit(self, source: str, frame: Frame) -> bool:
        """Leave a frame to be worked on.

        Returns:
            Whether it took the place of an older frame of the source, which is dropped.
        """
        with self._changed:
            replaced = source in self._waiting
            self._waiting[source] = frame
            self._changed.notify()
        return replaced

    def stop(self, timeout: float) -> bool:
        """Drop what waits and end the thread after the frame it is working on.

        Returns:
            Whether it ended within `timeout` seconds.
        """
        with self._changed:
            self._stopping = True
            self._waiting.clear()
            self._changed.notify()
        self._thread.join(timeout)
        return not self._thread.is_alive()

    def _run(self) -> None:
        while taken := self._take():
            try:
                if len(taken) == 1:
                    self._work(*taken[0])
                else:
                    assert self._together is not None
                    self._together.work(taken)
            except Exception as error:
                for source, frame in taken:
                    self._on_error(source, frame, error)
                    del frame
            del taken  # an image must not be kept until the next one comes

    def _take(self) -> list[tuple[str, Frame]]:
        """The frames to work on next; none when told to stop."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._stopping)
            most = 1
            if self._together is not None and not self._stopping:
                most = self._together.most
                until = self._together.until(*next(iter(self._waiting.items())))
                while not self._stopping and len(self._waiting) < most and (left := until - time.monotonic()) > 0:
                    self._changed.wait(left)
            if self._stopping:
                return []
            return [self._waiting.popitem(last=False) for _ in range(min(most, len(self._waiting)))]
