"""Files: written so that an interruption leaves no half of one behind, read with errors that say what is wrong."""

import hashlib
import json
import os
import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import cache
from glob import escape
from pathlib import Path
from typing import Any

import yaml

from orpose_models.files.names import printable
from orpose_models.vocabulary.errors import OrposeError, file_problem

# What stands in JSON for half a letter: the lower half of a pair of them is looked at again.
_SURROGATE = re.compile(r"\\ud[89a-f]", re.IGNORECASE)
# What a file is called while it is written: its stem, the process, its suffix.
_UNFINISHED = re.compile(r"\.(.+)\.(\d+)\.part(\.[^.]*)?", re.DOTALL)

_MOST_YAML = 1 << 20  # bytes


@contextmanager
def atomic_path(path: str | Path) -> Iterator[Path]:
    """Yield a temporary name beside `path`; on success it is renamed to `path`, on failure removed.

    The temporary name keeps the suffix, because writers such as OpenCV choose the format by it. Those of the same
    `path` that processes left which were killed earlier are removed.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    for stem, pid, suffix in _unfinished(path.parent.absolute()):
        if stem + suffix == path.name and not _runs(pid):
            with suppress(OSError):
                path.with_name(f".{stem}.{pid}.part{suffix}").unlink()
    temporary = path.with_name(f".{path.stem}.{os.getpid()}.part{path.suffix}")
    try:
        yield temporary
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def atomic_folder(path: str | Path) -> Iterator[Path]:
    """Yield the name of a folder to be made, which gets to `path` whole on success and leaves nothing on failure.

    Its own name is that of `path` already, because some writers name files after their folder.

    Raises:
        OrposeError: `path` exists already.
    """
    path = Path(path)
    require_new(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    workshop = path.with_name(f".{path.name}.{os.getpid()}.part")
    workshop.mkdir()
    try:
        yield workshop / path.name
        (workshop / path.name).rename(path)
    finally:
        shutil.rmtree(workshop, ignore_errors=True)


def require_new(path: Path) -> None:
    """Refuse a folder that is there; what killed runs left of their work on it is removed in any case.

    Raises:
        OrposeError: `path` exists already.
    """
    for left in path.parent.glob(f".{escape(path.name)}.*.part"):
        if not _runs(left.name.split(".")[-2]):
            shutil.rmtree(left, ignore_errors=True)
    if path.exists():
        raise OrposeError(f"{path}: exists already; remove it or choose another name")


@cache
def _unfinished(folder: Path) -> tuple[tuple[str, str, str], ...]:
    """Stem, process and suffix of the unfinished files that lie in a folder.

    Once for each folder of a process: to list one of ten thousand pictures for each of them takes long.
    """
    try:
        found = [_UNFINISHED.fullmatch(path.name) for path in folder.iterdir()]
    except OSError:  # it may be written to and not read
        return ()
    return tuple((match[1], match[2], match[3] or "") for match in found if match)


def _runs(pid: str) -> bool:
    """Whether another process is there; what is no number is not of us and passes for one."""
    if pid == str(os.getpid()):  # of an earlier process of the same number, as often in containers
        return False
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return False
    except (ValueError, OverflowError, PermissionError):
        pass
    return True


def write_json(path: str | Path, data: Any, indent: int | None = None) -> None:
    """Write `data` as JSON, atomically. NaN and infinity are refused: they are not JSON.

    Names that are not UTF-8 are written as `printable` has them: JSON is text.
    """
    text = json.dumps(data, indent=indent, allow_nan=False)
    if _SURROGATE.search(text):
        text = json.dumps(_as_text(data), indent=indent, allow_nan=False)
    with atomic_path(path) as temporary:
        temporary.write_text(text + "\n")


def _as_text(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {printable(key) if isinstance(key, str) else key: _as_text(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_as_text(part) for part in value]
    return printable(value) if isinstance(value, str) else value


def read_json(path: str | Path, most: int | None = None) -> Any:
    """Read a JSON file.

    Args:
        path: of the file.
        most: bytes that such a file has at most; None for no limit.

    Raises:
        OrposeError: the file is missing, cannot be read, is larger than any such file, or is not JSON.
    """
    path = Path(path)
    try:
        if most is not None and path.stat().st_size > most:
            raise OrposeError(f"{printable(path)}: too large for such a file (more than {most / 1e6:.0f} MB)")
        return json.loads(path.read_text())
    except FileNotFoundError:
        raise OrposeError(f"{printable(path)}: no such file") from None
    except OSError as error:
        raise OrposeError(file_problem(error)) from None
    except (ValueError, RecursionError) as error:
        raise OrposeError(f"{printable(path)}: not a JSON file ({error})") from None


class _PlainLoader(yaml.SafeLoader):
    """Knows no aliases: a file of a kilobyte could stand for terabytes by them."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.AliasEvent):
            raise yaml.YAMLError("it uses aliases, which are not read: write out what they stand for")
        return super().compose_node(parent, index)


def read_yaml(path: str | Path) -> Any:
    """Read a YAML file of plain values.

    Raises:
        OrposeError: missing, unreadable, larger than any such file, or not YAML.
    """
    name = printable(path)
    try:
        if Path(path).stat().st_size > _MOST_YAML:
            raise OrposeError(f"{name}: too large for a YAML file of settings")
        return yaml.load(Path(path).read_text(), _PlainLoader)  # a safe one
    except FileNotFoundError:
        raise OrposeError(f"{name}: no such file") from None
    except OSError as error:
        raise OrposeError(file_problem(error)) from None
    except (yaml.YAMLError, ValueError, RecursionError, OverflowError) as error:
        raise OrposeError(f"{name}: not a YAML file ({' '.join(str(error).split())})") from None


def read_settings(path: str | Path) -> dict[str, Any]:
    """Read a YAML file of settings by name.

    Raises:
        OrposeError: as `read_yaml`, or something else than settings by name.
    """
    raw = read_yaml(path)
    if not isinstance(raw, dict):
        raise OrposeError(f"{printable(path)}: expected settings by name")
    return raw


def without_folders(value: Any) -> Any:
    """JSON values with file names in place of absolute paths: those are of the machine they were made on."""
    if isinstance(value, Mapping):
        return {key: without_folders(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [without_folders(part) for part in value]
    return Path(value).name if isinstance(value, str) and Path(value).is_absolute() else value


def sha256(path: str | Path) -> str:
    """SHA-256 of a file's content, in hexadecimal."""
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()
