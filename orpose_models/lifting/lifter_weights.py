"""The file that lifters are shipped in: safetensors, with the settings and a digest of the numbers as metadata."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from orpose_models.files.disk import atomic_path
from orpose_models.lifting.features import FORMS, LENGTHS
from orpose_models.vocabulary.errors import OrposeError

_FORMAT = "orpose-lifter"
_VERSION = "1"
OUTPUTS = 48
_STATISTICS = {"input_mean": None, "input_std": None, "output_mean": OUTPUTS, "output_std": OUTPUTS}

Arrays = Mapping[str, NDArray[Any]]


@dataclass(frozen=True, eq=False)
class LifterWeights:
    """What a weights file holds.

    Attributes:
        networks: for each form the parameters of `network.LiftingNetwork` by its names, and the statistics
            `input_mean`, `input_std` (d,) and `output_mean`, `output_std` (48,) by which features are
            standardised and outputs restored to metres.
        info: how the weights were made: settings, seed, measured errors.
    """

    networks: Mapping[str, Arrays]
    info: Mapping[str, Any]


def save_weights(path: str | Path, weights: LifterWeights) -> None:
    """Write a weights file, atomically. Matrices are stored in half precision, the rest in single precision."""
    tensors = {}
    for form, arrays in weights.networks.items():
        for name, array in arrays.items():
            dtype = np.float16 if array.ndim == 2 else np.float32
            tensors[f"{form}/{name}"] = np.ascontiguousarray(array, dtype)
    head = {"version": _VERSION, "digest": _digest(tensors), "info": weights.info}
    with atomic_path(path) as temporary:
        # One entry: safetensors writes several in any order, and the same weights are to be the same file.
        save_file(tensors, temporary, {_FORMAT: json.dumps(head, sort_keys=True)})
        temporary.chmod(0o644)


def read_weights(path: str | Path) -> LifterWeights:
    """Read a weights file into float32 arrays.

    Raises:
        OrposeError: the file is missing, is no weights file of this version, or has been altered.
    """
    path = Path(path)
    if not path.is_file():
        raise OrposeError(f"{path}: no such file; make lifter weights with: orpose train-lifter")
    try:
        with safe_open(path, framework="numpy") as file:
            metadata = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (not a mapping)
    except (SafetensorError, OSError, ValueError) as error:
        raise OrposeError(f"{path}: not a readable safetensors file ({error}); fetch or train it again") from None
    head = _head(metadata, path)
    if head.get("version") != _VERSION:
        raise OrposeError(
            f"{path}: is of version {head.get('version')!r}, this program reads {_VERSION!r}; train it again"
        )
    if head.get("digest") != _digest(tensors):
        raise OrposeError(f"{path}: its numbers do not match its digest: the file is corrupt; fetch or train it again")
    networks: dict[str, dict[str, NDArray[Any]]] = {}
    for name, array in tensors.items():
        form, _, parameter = name.partition("/")
        networks.setdefault(form, {})[parameter] = array.astype(np.float32)
    for form in FORMS:
        _check(path, form, networks.get(form, {}))
    return LifterWeights(networks, head.get("info", {}))


def _head(metadata: Mapping[str, str], path: Path) -> dict[str, Any]:
    try:
        head = json.loads(metadata[_FORMAT])
    except (KeyError, json.JSONDecodeError):
        head = None
    if not isinstance(head, dict):
        raise OrposeError(f"{path}: holds no lifter (its metadata has no {_FORMAT!r})")
    return head


def _check(path: Path, form: str, arrays: Arrays) -> None:
    if not arrays:
        raise OrposeError(f"{path}: has no network of the {form} form; train both with: orpose train-lifter")
    for name, length in _STATISTICS.items():
        expected = length or LENGTHS[form]
        if name not in arrays or arrays[name].shape != (expected,):
            raise OrposeError(f"{path}: {form}/{name} is missing or not of length {expected}; train it again")
    if not all(np.isfinite(array).all() for array in arrays.values()):
        raise OrposeError(f"{path}: the network of the {form} form has numbers that are not finite; train it again")


def _digest(tensors: Arrays) -> str:
    digest = hashlib.sha256()
    for name in sorted(tensors):
        array = tensors[name]
        digest.update(f"{name} {array.dtype} {array.shape}".encode())
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()
