"""A journal: every piece of long work is kept as a line when it is done, so that an interruption loses none of it."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from orpose_models.files.disk import atomic_path


class Journal:
    """Lines of JSON below a first line that says of what work they are.

    Lines of other work do not count: the journal then starts anew. A last line cut short by a crash is dropped.

    Args:
        path: the file; made if it is not there.
        identity: what the work depends on: inputs, settings, the model's hash; plain JSON values.

    Attributes:
        entries: what the earlier lines say.
        set_aside: whether there was a journal of other work.
    """

    def __init__(self, path: str | Path, identity: Mapping[str, Any]) -> None:
        self._path = Path(path)
        head = _head(identity)
        lines = list(_lines(self._path, head))
        self.entries: list[Any] = [entry for _, entry in lines]
        self.set_aside = not lines and _first_line(self._path) not in ("", head)
        with atomic_path(self._path) as temporary:
            temporary.write_text("\n".join([head, *(line for line, _ in lines)]) + "\n")
        self._file = self._path.open("a")

    def append(self, entry: Any) -> None:
        """Keep one more piece; it is on its way to the disk when this returns."""
        self._file.write(json.dumps(entry, allow_nan=False) + "\n")
        self._file.flush()

    def close(self, remove: bool = False) -> None:
        """Close the journal, and remove it when its content has been saved elsewhere."""
        self._file.close()
        if remove:
            self._path.unlink(missing_ok=True)


def read_journal(path: str | Path, identity: Mapping[str, Any]) -> list[Any]:
    """The entries of a journal that another process may be writing; none if it is of other work or not there."""
    return [entry for _, entry in _lines(Path(path), _head(identity))]


def identity_of(path: str | Path) -> Any:
    """Of what work a journal is; None if it does not say."""
    try:
        return json.loads(_first_line(Path(path)))["work"]
    except (ValueError, KeyError, TypeError):
        return None


def _head(identity: Mapping[str, Any]) -> str:
    return json.dumps({"work": identity}, sort_keys=True)


def _first_line(path: Path) -> str:
    if not path.exists():
        return ""
    with path.open(errors="replace") as file:
        return file.readline().rstrip("\n")


def _lines(path: Path, head: str) -> Iterator[tuple[str, Any]]:
    if _first_line(path) != head:
        return
    # Whole lines end in a newline, so what follows the last one is a rest.
    for line in path.read_text(errors="replace").split("\n")[1:-1]:
        try:
            entry = json.loads(line)
        except ValueError:
            return
        yield line, entry
