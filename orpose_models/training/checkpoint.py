"""The file from which an interrupted run goes on."""

import io
from hashlib import sha256 as hasher
from pathlib import Path
from typing import Any

import torch

from orpose_models.datasets.folder import list_images
from orpose_models.files.disk import atomic_path, sha256
from orpose_models.training.train_config import DataSource, TrainConfig
from orpose_models.vocabulary.errors import OrposeError

# Settings that may be changed when a run is continued: its result does not depend on them.
_FREE = ("threads", "evaluation", "log_every", "pictures_every", "checkpoint_every")
# What checkpoints may not say: a start that is gone is not needed to go on, and older ones say neither.
_OPTIONAL = ("start_sha256", "origin_sha256", "images_sha256")
_VERSION = 2


def identity(config: TrainConfig) -> dict[str, Any]:
    """What a continued run must have in common with its beginning: settings, labels, the weights it starts from."""
    settings = config.model_dump(mode="json", exclude=set(_FREE))
    settings["data"].pop("workers")
    # As runs have it that were begun before there was a choice.
    if config.accumulate == 1:
        settings.pop("accumulate")
    for choice, name in [
        (settings["model"], "small_alone"),
        *((k, "small") for k in settings["augmentation"]["inputs"]),
    ]:
        if not choice[name]:
            choice.pop(name)
    if config.evaluation is not None and config.evaluation.shares:  # decides which weights are the result
        settings["evaluation"] = config.evaluation.model_dump(mode="json")
    for source, plain in zip(config.data.sources, settings["data"]["sources"], strict=True):
        plain.update(_content(source))
    for name in ("start", "origin"):
        path = Path(getattr(config.model, name) or "")
        if path.is_file():
            settings["model"][f"{name}_sha256"] = sha256(path)
    return settings


def _content(source: DataSource) -> dict[str, str]:
    if source.labels is not None:
        return {"sha256": sha256(source.labels)}
    assert source.person_free is not None
    folder = source.person_free
    names = "\n".join(path.relative_to(folder).as_posix() for path in sorted(list_images(folder).images))
    return {"images_sha256": hasher(names.encode()).hexdigest()}


def save_checkpoint(path: Path, identity: dict[str, Any], state: dict[str, Any]) -> None:
    """Write a run's state - tensors, numbers, names - atomically."""
    content = io.BytesIO()  # torch's own error on a full disk says nothing of the disk
    torch.save({"version": _VERSION, "identity": identity, "state": state}, content)
    with atomic_path(path) as temporary:
        temporary.write_bytes(content.getbuffer())


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
        keys = [key for key in keys if key not in _OPTIONAL or (key in a and key in b)]
        return [d for key in keys for d in _differences(a.get(key), b.get(key), f"{name}.{key}" if name else key)]
    if isinstance(a, list) and isinstance(b, list) and len(a) == len(b):
        return [
            d for i, (one, other) in enumerate(zip(a, b, strict=True)) for d in _differences(one, other, f"{name}.{i}")
        ]
    return [] if a == b else [name]
