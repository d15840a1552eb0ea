"""Locks between processes, which a process that is killed gives back by itself."""

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from orpose_models.vocabulary.errors import OrposeError


@contextmanager
def locked(path: Path, refusal: str | None = None, say: Callable[[], None] | None = None) -> Iterator[None]:
    """Hold a lock, which is a file that is there only as long as somebody holds it or was killed while holding it.

    Args:
        path: the file.
        refusal: what to say if somebody else holds it; without it, this waits.
        say: called before it waits.

    Raises:
        OrposeError: `refusal`.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    while True:
        with path.open("w") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if refusal:
                    raise OrposeError(refusal) from None
                if say:
                    say()
                fcntl.flock(file, fcntl.LOCK_EX)
            if not _is_at(file.fileno(), path):
                continue  # whoever held it has removed it: others lock a file that is not this one
            try:
                yield
            finally:
                path.unlink(missing_ok=True)  # while it is still held
            return


def _is_at(descriptor: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False
