"""The file that students are shipped in: safetensors with the network's sizes as metadata."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from pydantic import TypeAdapter, ValidationError
from safetensors import SafetensorError, safe_open
from safetensors.torch import save

from orpose_models.files.disk import atomic_path
from orpose_models.lifting.lifter_weights import read_weights
from orpose_models.lifting.runtime import DEFAULT_WEIGHTS, LIGHT_WEIGHTS
from orpose_models.model_format.student_config import OneStageConfig, StudentConfig
from orpose_models.student.lifters import ViewLifter
from orpose_models.student.network import Student
from orpose_models.student.one_stage import OneStageStudent
from orpose_models.vocabulary.errors import OrposeError

SUFFIX = ".safetensors"
_FORMAT = "orpose-student"
_VERSION = 1
# By the name that a file gives its kind: the network and its settings.
_KINDS: dict[str, tuple[type, type]] = {"regions": (Student, StudentConfig), "light": (OneStageStudent, OneStageConfig)}
AnyStudent = Student | OneStageStudent
# The project's trained lifters by their width.
TRAINED = {512: DEFAULT_WEIGHTS, 256: LIGHT_WEIGHTS}


def save_student(path: str | Path, student: AnyStudent, info: Mapping[str, Any], half: bool = False) -> None:
    """Write a student, atomically; `info` (JSON values) says how it came about.

    With `half`, whatever has two or more sides longer than 1 is stored in half precision; `load_student` computes in
    single precision all the same.
    """
    kind = next(name for name, (network, _) in _KINDS.items() if isinstance(student, network))
    head = {"version": _VERSION, "kind": kind, "config": asdict(student.config), "info": dict(info)}
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in student.state_dict().items()}
    if half:
        tensors = {name: tensor.half() if _is_matrix(tensor) else tensor for name, tensor in tensors.items()}
    _write(path, tensors, head)


def load_student(path: str | Path) -> tuple[Any, dict[str, Any]]:
    """Read a student, `Student` or `OneStageStudent`, in evaluation mode, and what is known of how it came about.

    Raises:
        OrposeError: missing, corrupt, or no student of this version.
    """
    head, tensors = _read(Path(path))
    network, config = _KINDS[head["kind"]]
    try:
        sizes: StudentConfig | OneStageConfig = TypeAdapter(config).validate_python(head["config"])
        with torch.device("meta"):  # takes no memory: a file must not ask for more than it holds
            network(sizes).load_state_dict(tensors, assign=True)
        student = network(sizes)
        student.load_state_dict(tensors)
    except ValidationError as error:
        raise OrposeError(f"{path}: its configuration is wrong: {error.errors()[0]['msg']}") from None
    except RuntimeError as error:
        raise OrposeError(f"{path}: its weights do not fit its configuration ({str(error).splitlines()[-1]})") from None
    if not all(torch.isfinite(tensor).all() for tensor in tensors.values() if tensor.is_floating_point()):
        raise OrposeError(f"{path}: has weights that are not finite numbers; train it again")
    return student.eval(), head["info"]


def add_info(path: str | Path, target: str | Path, info: Mapping[str, Any]) -> None:
    """Write a student with more said about it, atomically; its tensors stay as they are, bit by bit.

    Args:
        path: a student.
        target: the new file; it may be the same.
        info: JSON values, added to what the file says about itself.

    Raises:
        OrposeError: missing, corrupt, or no student of this version.
    """
    head, tensors = _read(Path(path))
    _write(target, tensors, {**head, "info": {**head["info"], **info}})


def _write(path: str | Path, tensors: Mapping[str, torch.Tensor], head: Mapping[str, Any]) -> None:
    with atomic_path(path) as temporary:
        # The library's own error on a full disk says nothing of the disk.
        temporary.write_bytes(save(dict(tensors), {_FORMAT: json.dumps(head, sort_keys=True)}))
        temporary.chmod(0o644)


def _read(path: Path) -> tuple[dict[str, Any], dict[str, torch.Tensor]]:
    if not path.is_file():
        raise OrposeError(f"{path}: no such file; make a student with: orpose train")
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (not a mapping)
        head = json.loads(metadata[_FORMAT])
        version, kind, _, _ = head["version"], head.get("kind"), head["config"], head["info"]
    except KeyError:
        raise OrposeError(f"{path}: holds no student (its metadata has no {_FORMAT!r})") from None
    except (SafetensorError, OSError, ValueError, TypeError) as error:
        raise OrposeError(f"{path}: not a readable student ({error}); train or fetch it again") from None
    if version != _VERSION:
        raise OrposeError(f"{path}: is of version {version!r}, this program reads {_VERSION!r}; train it again")
    if kind not in _KINDS:
        raise OrposeError(f"{path}: is of a kind {kind!r} that this program does not know; train it again")
    return head, tensors


def _is_matrix(tensor: torch.Tensor) -> bool:
    return tensor.is_floating_point() and sum(side > 1 for side in tensor.shape) > 1


def load_coco_start(student: OneStageStudent) -> None:
    """Start a light student from COCO-trained weights, MoveNet MultiPose's, and the project's trained lifter.

    Raises:
        OrposeError: MultiPose is not fetched, or no trained lifter is as wide as the student's.
    """
    from orpose_models.teacher.packaged import packaged_graph

    student.load_start(packaged_graph("movenet-multipose"))
    load_trained_lifter(student)


def load_trained_lifter(student: OneStageStudent) -> None:
    """Start every branch's lifter from the project's trained one.

    Raises:
        OrposeError: no trained lifter is as wide.
    """
    for lifter in student.lifters.values():
        assert isinstance(lifter, ViewLifter)
        lifter.load(read_weights(TRAINED.get(lifter.hidden, DEFAULT_WEIGHTS)))
