"""What engines make of graphs, kept for the next start: compiled models, by everything that they depend on."""

import hashlib
import json
import os
import shutil
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from orpose_models.files.assets import cache_folder
from orpose_models.files.disk import read_json, write_json
from orpose_models.files.locks import locked
from orpose_models.vocabulary.errors import OrposeError, file_problem, reason_of

Say = Callable[[str], None]
Made = TypeVar("Made")
_RECORD = "orpose.json"
# What a library makes of a graph of some megabytes, generously.
_ROOM = 200_000_000


def engine_folder() -> Path:
    """Where what engines make is kept: `ORPOSE_ENGINES`, or `engines` beside what is fetched."""
    chosen = os.environ.get("ORPOSE_ENGINES")
    return Path(chosen).expanduser() if chosen else cache_folder() / "engines"


def built(name: str, key: Mapping[str, Any], make: Callable[[Path | None], Made], say: Say) -> Made:
    """Make something with an engine, with the help of what an earlier process kept of it.

    A folder is filled by one process and not changed any more; others that want the same wait for it.

    Args:
        name: of the engine.
        key: what it depends on, as JSON values.
        make: makes it; reads and writes files in the folder that it is given, and does without one for None.
        say: told that it takes long, how long it took, and why nothing is kept.

    Raises:
        Exception: whatever `make` raises without a folder, or with a new one.
    """
    wanted: dict[str, Any] = json.loads(json.dumps(key))
    folder = engine_folder() / name / hashlib.sha256(json.dumps(wanted, sort_keys=True).encode()).hexdigest()[:24]
    if (made := _kept(folder, wanted, make, say)) is not None:
        return made
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        lock = locked(folder.with_suffix(".lock"), say=lambda: say(f"{name}: another process is building; waiting"))
        with lock:
            if (made := _kept(folder, wanted, make, say)) is not None:
                return made
            if (free := shutil.disk_usage(folder.parent).free) < _ROOM:
                say(f"{name}: what it builds is not kept: {folder.parent} has {free / 1e6:.0f} MB left")
                return make(None)
            return _build(name, folder, wanted, make, say)
    except OSError as error:
        say(f"{name}: what it builds is not kept: {file_problem(error)}")
        return make(None)


def _kept(folder: Path, key: dict[str, Any], make: Callable[[Path | None], Made], say: Say) -> Made | None:
    """What is made of a whole folder; None if there is none, or it is of no use."""
    if not folder.is_dir():
        return None
    try:
        record = read_json(folder / _RECORD)
        whole = record["key"] == key and record["files"] == _files(folder)
    except (OrposeError, OSError, KeyError, TypeError):
        whole = False
    if whole:
        try:
            return make(folder)
        except Exception as error:  # of any library
            why = (str(error).splitlines() or [type(error).__name__])[0]
    else:
        why = "its files are not those that were written"
    say(f"{folder}: of no use any more ({why}); building anew")
    shutil.rmtree(folder, ignore_errors=True)
    return None


def _build(name: str, folder: Path, key: dict[str, Any], make: Callable[[Path | None], Made], say: Say) -> Made:
    workshop = folder.with_suffix(".part")  # nobody else's: the lock is held
    shutil.rmtree(workshop, ignore_errors=True)
    say(f"{name}: building for this model, driver and size of image; that is done once and may take minutes")
    start = time.monotonic()
    try:
        workshop.mkdir()
        try:
            made = make(workshop)
        except Exception as error:  # of any library; if it is not the folder's fault it comes again
            made = make(None)
            say(f"{name}: what it builds cannot be kept ({reason_of(error)})")
            return made
        taken = time.monotonic() - start
        if not _files(workshop):
            say(f"{name}: built in {taken:.1f} s; nothing of it could be kept")
            return made
        write_json(workshop / _RECORD, {"key": key, "files": _files(workshop)})
        shutil.rmtree(folder, ignore_errors=True)
        workshop.rename(folder)
    finally:
        shutil.rmtree(workshop, ignore_errors=True)
    say(f"{name}: built in {taken:.1f} s, kept in {folder}")
    return made


def _files(folder: Path) -> dict[str, int]:
    """Sizes of the files by name."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != _RECORD)
    return {path.relative_to(folder).as_posix(): path.stat().st_size for path in paths}
