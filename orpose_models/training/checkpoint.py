"""The file from which an interrupted run goes on."""

from pathlib import Path
from typing import Any

import torch

from orpose_models.errors import OrposeError
from orpose_models.files import atomic_path, sha256
from orpose_models.training.config import TrainConfig

# Settings that may be changed when a run is continued: its result does not depend on them.
_FREE = ("threads", "evaluation", "log_every", "pictures_every", "checkpoint_every")
_VERSION = 1


def identity(config: TrainConfig) -> dict[str, Any]:
    """What a continued run must have in common with its beginning: settings and the content of its labels."""
    settings = config.model_dump(mode="json", exclude=set(_FREE))
    settings["data"].pop("workers")
    for source, plain in zip(config.data.sources, settings["data"]["sources"], strict=True):
        if source.labels is not None:
            plain["sha256"] = sha256(source.labels)
    return settings


def save_checkpoint(path: Path, identity: dict[str, Any], state: dict[str, Any]) -> None:
    """Write a run's state - tensors, numbers, names - atomically."""
    with atomic_path(path) as temporary:
        torch.save({"version": _VERSION, "identity": identity, "state": state}, temporary)


def load_checkpoint(path: Path, identity: dict[str, Any]) -> dict[str, Any]:
    """Read a run's state.

    Raises:
        OrposeError: the file is damaged, or of a run with other settings or labels; says which.
    """
    try:
        content = torch.load(path, weights_only=True, map_location="cpu")
        version, theirs, state = content["version"], content["identity"], content["state"]
    except Exception as error:  # torch.load has no error class of its own
        raise OrposeError(f"{path}: not a readable checkpoint ({type(error).__name__}); remove it") from None
    if version != _VERSION:
        raise OrposeError(f"{path}: is of version {version!r}, this program reads {_VERSION!r}; remove it")
    if differing := _differences(theirs, identity):
        raise OrposeError(f"{path}: is of a run with another {', '.join(differing)}; remove it or choose another --out")
    return state


def _differences(a: Any, b: Any, name: str = "") -> list[str]:
    if isinstance(a, dict) and isinstance(b, dict):
        keys = sorted(a.keys() | b.keys())
        return [d for key in keys for d in _differences(a.get(key), b.get(key), f"{name}.{key}" if name else key)]
    return [] if a == b else [name]
