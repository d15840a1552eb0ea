"""A thread that works on the newest frame of each camera, so that the executor never waits for a model."""

from collections import OrderedDict
from collections.abc import Callable
from threading import Condition, Thread
from typing import Generic, TypeVar

Frame = TypeVar("Frame")


class Worker(Generic[Frame]):
    """Keeps one waiting frame a source - the newest - and works on the sources in turn.

    One worker can thus serve several cameras with one model, and none of them is starved by a faster one.

    Args:
        work: called in the worker's thread with source and frame, one at a time.
        on_error: called in the worker's thread if `work` raised; the frame is lost, the worker goes on.
    """

    def __init__(self, work: Callable[[str, Frame], None], on_error: Callable[[str, Frame, Exception], None]) -> None:
        self._work = work
        self._on_error = on_error
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
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting or self._stopping)
                if self._stopping:
                    return
                source, frame = self._waiting.popitem(last=False)
            try:
                self._work(source, frame)
            except Exception as error:
                self._on_error(source, frame, error)
            del frame  # an image must not be kept until the next one comes
