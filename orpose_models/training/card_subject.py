"""The student that a card is of, as its files say."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from orpose_models.files.disk import sha256
from orpose_models.lifting.lifter_network import parameter_count
from orpose_models.model_format.manifest import MANIFEST, WEIGHTS, read_manifest
from orpose_models.model_format.student_config import OneStageConfig, StudentConfig
from orpose_models.student.weights import load_student


@dataclass(frozen=True)
class Subject:
    """The model that a card is of.

    Attributes:
        name: what to call it.
        size: bytes of all its files.
        sha256: what identifies it.
        aliases: SHA-256 of what it was made from: figures of these are its figures too.
        parameters: how many.
        config: its sizes.
        info: what it says of how it came about.
    """

    name: str
    size: int
    sha256: str
    aliases: frozenset[str]
    parameters: int
    config: StudentConfig | OneStageConfig
    info: Mapping[str, Any]


def read_subject(path: Path) -> Subject:
    """Read a student's file, or the folder that it was exported to.

    Raises:
        OrposeError: it is neither.
    """
    if path.is_dir():
        manifest, identity = read_manifest(path)
        student, _ = load_student(path / WEIGHTS)
        name, info, files = manifest.name, manifest.info, [path / MANIFEST, *(path / file for file in manifest.files)]
    else:
        student, info = load_student(path)
        name, identity, files = path.stem, sha256(path), [path]
    aliases = {str(info[key]) for key in ("checkpoint_sha256", "uncalibrated_sha256") if key in info}
    size = sum(file.stat().st_size for file in files)
    return Subject(name, size, identity, frozenset(aliases), parameter_count(student), student.config, info)
