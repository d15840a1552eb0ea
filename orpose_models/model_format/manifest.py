"""The folder that a student is exported to: its weights, ONNX graphs that point into them, and `model.json`."""

import hashlib
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from orpose_models.files.disk import read_json, sha256
from orpose_models.files.validation import layout_error
from orpose_models.model_format.student_config import OneStageConfig
from orpose_models.vocabulary.errors import OrposeError, file_problem
from orpose_models.vocabulary.skeletons import COCO17, H36M17

# The version from which on the network's graph takes several images.
BATCHED: Literal[3] = 3
MANIFEST, WEIGHTS = "model.json", "weights.safetensors"
GRAPHS = ("network", "lifters")
# The network for images of few pixels, where they have layers of their own.
SMALL = "network-small"
# Those of which there is another one, partly in 8 bit.
QUANTISED = ("network", SMALL)
# Bytes. A graph without its weights is small; what is larger is none of ours.
_MOST_MANIFEST, _MOST_GRAPH = 1 << 24, 1 << 26
# How an ONNX file says that numbers lie in the weights' file: two strings, each with its tag and length.
_LOCATION = b"location"
_IN_WEIGHTS = bytes([10, len(_LOCATION)]) + _LOCATION + bytes([18, len(WEIGHTS)]) + WEIGHTS.encode()


class Manifest(BaseModel):
    """`model.json`.

    Attributes:
        schema_version: 3; of version 2 the network takes one image, and its answers have no first dimension.
        name: of the model.
        keypoints, joints: names of the joint sets of 2D and 3D (`orpose_models.vocabulary.skeletons`).
        config: branches and input sizes of the student.
        info: how the weights came about, and `calibration` of keypoint scores where there is one.
        parity: largest differences of the engines to torch, as measured at export.
        files: SHA-256 of each file of `files_of`.
    """

    model_config = ConfigDict(extra="forbid")
    kind: Literal["orpose-model"] = "orpose-model"
    schema_version: Literal[2, 3] = BATCHED
    name: Annotated[str, Field(min_length=1)]
    keypoints: Literal["coco17"] = COCO17.name  # type: ignore[assignment]
    joints: Literal["h36m17"] = H36M17.name  # type: ignore[assignment]
    config: OneStageConfig
    info: dict[str, Any] = {}
    parity: dict[str, Any] = {}
    files: dict[str, Annotated[str, Field(pattern="^[0-9a-f]{64}$")]]


def read_manifest(folder: str | Path) -> tuple[Manifest, str]:
    """Read and check an exported folder.

    Returns:
        The manifest and its own SHA-256, which by those of the files in it identifies the whole model.

    The folder may be from anywhere: nothing outside it is read, and no file of it is larger than what it is for.

    Raises:
        OrposeError: no such folder, not a model, a file is missing, its SHA-256 is not the one named, or a graph
            takes numbers from another file than the weights'.
    """
    folder = Path(folder)
    path = folder / MANIFEST
    if not path.is_file():
        raise OrposeError(f"{folder}: holds no model (it has no {MANIFEST}); make one with: orpose export")
    try:
        manifest = Manifest.model_validate(read_json(path, _MOST_MANIFEST))
    except ValidationError as error:
        raise layout_error(f"{path}: not a model of this version", error) from None
    for name in files_of(manifest.config):
        try:
            actual = sha256(_plain(folder / name))
        except OSError as error:
            raise OrposeError(f"{file_problem(error)}; export the model again") from None
        if actual != manifest.files.get(name):
            raise OrposeError(f"{folder / name}: corrupt (its SHA-256 is not {MANIFEST}'s); export the model again")
        if name.endswith(".onnx"):
            _check_graph(folder / name)
    return manifest, hashlib.sha256(path.read_bytes()).hexdigest()


def graphs_of(config: OneStageConfig) -> tuple[str, ...]:
    """The graphs of a student with these settings."""
    return (*GRAPHS, SMALL) if config.small_limit else GRAPHS


def files_of(config: OneStageConfig) -> tuple[str, ...]:
    """The files beside `model.json`."""
    graphs = graphs_of(config)
    eight = [f"{name}-int8.onnx" for name in graphs if name in QUANTISED]
    return WEIGHTS, *(f"{name}.onnx" for name in graphs), *eight


def _plain(path: Path) -> Path:
    """A path of a file that has an end: neither a pipe nor a device."""
    if path.exists() and not path.is_file():
        raise OrposeError(f"{path}: not a file; export the model again")
    return path


def _check_graph(path: Path) -> None:
    """
    Raises:
        OrposeError: the graph is too large, or takes numbers from elsewhere than the weights' file beside it.
    """
    if path.stat().st_size > _MOST_GRAPH:
        raise OrposeError(f"{path}: too large for a graph without weights; export the model again")
    if _LOCATION in path.read_bytes().replace(_IN_WEIGHTS, b""):
        raise OrposeError(f"{path}: takes numbers from another file than {WEIGHTS}; export the model again")
