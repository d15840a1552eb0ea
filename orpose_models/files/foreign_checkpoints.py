"""Weights published by other projects, read without executing anything that a file brings along.

Pickle files can run code when they are opened. `.pth` files are read with torch's weights-only loader, `.pkl`
files (detectron2's model zoo) with an unpickler that knows numpy arrays and plain containers and nothing else.
"""

import codecs
import pickle
from collections import OrderedDict
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from orpose_models.vocabulary.errors import OrposeError

if TYPE_CHECKING:
    import torch


def _encode_latin1(text: str, encoding: str = "latin1") -> bytes:
    """What `_codecs.encode` does in pickles of protocol 2, where bytes are written as latin-1 text."""
    if encoding != "latin1":
        raise pickle.UnpicklingError(f"encoding {encoding!r} is not expected in a file of weights")
    return codecs.encode(text, "latin1")


# The rebuilding functions are taken from numpy's own pickles: numpy 1 and 2 keep them in different modules.
_reconstruct = np.zeros(1).__reduce__()[0]
_scalar = np.float32(0).__reduce__()[0]
_frombuffer = np.zeros(1).__reduce_ex__(5)[0]  # type: ignore[index]
_ALLOWED: dict[tuple[str, str], Any] = {
    ("collections", "OrderedDict"): OrderedDict,
    ("_codecs", "encode"): _encode_latin1,
    ("numpy", "ndarray"): np.ndarray,
    ("numpy", "dtype"): np.dtype,
}
for _package in ("numpy.core", "numpy._core"):
    _ALLOWED[f"{_package}.multiarray", "_reconstruct"] = _reconstruct
    _ALLOWED[f"{_package}.multiarray", "scalar"] = _scalar
    _ALLOWED[f"{_package}.numeric", "_frombuffer"] = _frombuffer


class _ArrayUnpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        try:
            return _ALLOWED[module, name]
        except KeyError:
            raise pickle.UnpicklingError(f"it asks for {module}.{name}, which is not an array or a container") from None


def read_foreign_checkpoint(path: str | Path) -> "dict[str, torch.Tensor]":
    """Read the parameters of a `.pth` or `.pkl` file, by name.

    The parameters may stand at the top or under "model" or "state_dict"; a "module." that data-parallel
    training put before every name is removed.

    Returns:
        Tensors on the CPU, in the file's order.

    Raises:
        OrposeError: the file is missing, damaged, of another kind, holds anything beside tensors where the
            parameters should be, or would have to execute code to be opened.
    """
    import torch

    path = Path(path)
    if not path.is_file():
        raise OrposeError(f"{path}: no such file")
    try:
        if path.suffix == ".pkl":
            with path.open("rb") as file:
                content = _ArrayUnpickler(file, encoding="latin1").load()
        elif path.suffix in (".pth", ".pt"):
            content = torch.load(path, map_location="cpu", weights_only=True)
        else:
            raise OrposeError(f"{path}: a checkpoint's name must end in .pth or .pkl")
    except OrposeError:
        raise
    # A damaged or hostile pickle can raise nearly anything; nothing of it has been executed.
    except Exception as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise OrposeError(f"{path}: not a readable file of weights ({reason})") from None

    for key in ("model", "state_dict"):
        if isinstance(content, Mapping) and isinstance(content.get(key), Mapping):
            content = content[key]
            break
    if not isinstance(content, Mapping) or not content:
        raise OrposeError(f"{path}: holds no parameters by name")
    tensors: dict[str, torch.Tensor] = {}
    for name, value in content.items():
        if isinstance(value, np.ndarray) and value.dtype.kind in "fiub":
            value = torch.from_numpy(np.require(value, requirements=["C", "W"]))
        if not isinstance(name, str) or not isinstance(value, torch.Tensor):
            raise OrposeError(f"{path}: entry {name!r} is not a tensor but {type(value).__name__}")
        tensors[name] = value
    if all(name.startswith("module.") for name in tensors):
        tensors = {name.removeprefix("module."): value for name, value in tensors.items()}
    return tensors


def load_parameters(network: "torch.nn.Module", tensors: "Mapping[str, torch.Tensor]", source: str | Path) -> None:
    """Put `tensors` into a network whose parameters and buffers have exactly those names and shapes.

    BatchNorm's counter of batches, which evaluation does not use and old files lack, may be missing.

    Args:
        source: where the tensors come from, for the message.

    Raises:
        OrposeError: names are missing or left over, or a shape differs; the network is unchanged.
    """
    own = network.state_dict()
    missing = [name for name in own if name not in tensors and not name.endswith("num_batches_tracked")]
    unexpected = [name for name in tensors if name not in own]
    shapes = [
        f"{name} is {tuple(tensors[name].shape)}, not {tuple(own[name].shape)}"
        for name in own
        if name in tensors and tensors[name].shape != own[name].shape
    ]
    problems = [
        f"{len(names)} {what} (such as {names[0]})"
        for what, names in (
            ("parameters missing", missing),
            ("not known to the network", unexpected),
            ("of another shape", shapes),
        )
        if names
    ]
    if problems:
        raise OrposeError(f"{source}: these are not weights of this network: {'; '.join(problems)}")
    network.load_state_dict(dict(tensors), strict=False)
