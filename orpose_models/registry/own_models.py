"""Students that a user has made for a room: kept by name in the user's own folder, with the proof of each."""

import os
import re
import shutil
from pathlib import Path
from typing import Any

from orpose_models.files.disk import atomic_folder, read_json
from orpose_models.vocabulary.errors import OrposeError

PROOF = "proof.json"  # beside a model's files: what was measured of it, see docs/adapt.md
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


def models_folder() -> Path:
    """Where own models are kept: `ORPOSE_MODELS`, or `orpose/models` in the user's XDG data folder."""
    if chosen := os.environ.get("ORPOSE_MODELS"):
        return Path(chosen).expanduser()
    base = os.environ.get("XDG_DATA_HOME")
    return (Path(base) if base else Path.home() / ".local" / "share") / "orpose" / "models"


def own_models() -> dict[str, Path]:
    """The folders of the user's own models, by name."""
    return {path.parent.name: path.parent for path in sorted(models_folder().glob("*/model.json"))}


def proof_of(folder: Path) -> dict[str, Any]:
    """What was measured of an own model; empty if nothing was."""
    path = folder / PROOF
    if not path.is_file():
        return {}
    raw = read_json(path)
    return raw if isinstance(raw, dict) else {}


def check_name(name: str) -> None:
    """Refuse what is no name of a model.

    Raises:
        OrposeError: it is not one word of letters, digits, '.', '_' and '-'.
    """
    if not _NAME.fullmatch(name):
        raise OrposeError(f"{name!r} is no name of a model; choose one of letters, digits, '.', '_' and '-'")


def install(folder: Path, name: str) -> Path:
    """Copy an exported student into the user's folder under a name; an older one of the name is replaced.

    The new one is whole before the old one goes.

    Returns:
        The new folder.
    """
    check_name(name)
    target = models_folder() / name
    old = target.with_name(f".{name}.{os.getpid()}.old")
    new = target.with_name(f".{name}.{os.getpid()}.new")
    with atomic_folder(new) as workshop:
        shutil.copytree(folder, workshop)
    try:
        if target.exists():
            target.rename(old)
        new.rename(target)
    finally:
        shutil.rmtree(old, ignore_errors=True)
        shutil.rmtree(new, ignore_errors=True)
    return target
