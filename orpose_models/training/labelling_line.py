"""Labelling as a line: images are read ahead, looked at by several threads, and their labels written by another."""

from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from queue import Queue
from threading import BoundedSemaphore, Thread
from typing import TypeVar

Read = TypeVar("Read")
Done = TypeVar("Done")

# Images that are read, looked at or waiting to be written, for each thread that looks.
_AHEAD = 3


def run_line(
    images: Iterable[Read], look: Callable[[Read], Done], write: Callable[[Done], None], lookers: int = 1
) -> None:
    """Look at all images and write what is found, in their order.

    What has been looked at when something fails or the user interrupts, and all that came before it, is written.

    Args:
        images: iterated over, which may mean reading, in the caller's thread.
        look: called by `lookers` threads.
        write: called by one thread, in the images' order.
        lookers: how many images are looked at at the same time.

    Raises:
        BaseException: the first that `images`, `look` or `write` raised.
    """
    room = BoundedSemaphore(_AHEAD * lookers)
    line: Queue[Future[Done] | None] = Queue()
    problems: list[BaseException] = []

    def write_all() -> None:
        while (future := line.get()) is not None:
            if not problems and not future.cancelled():
                try:
                    write(future.result())
                except BaseException as error:  # is raised by the caller's thread
                    problems.append(error)
            room.release()

    writer = Thread(target=write_all, name="orpose-writer")
    pool = ThreadPoolExecutor(lookers, "orpose-looker")
    writer.start()
    try:
        for image in images:
            room.acquire()
            if problems:
                break
            line.put(pool.submit(look, image))
    except BaseException:
        pool.shutdown(wait=False, cancel_futures=True)
        raise
    finally:
        line.put(None)
        writer.join()
        pool.shutdown(cancel_futures=True)
    if problems:
        raise problems[0]
