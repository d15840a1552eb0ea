"""What every pose model offers, and how one is found by name."""

from collections.abc import Callable, Mapping
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from orpose_models.cameras import Camera
from orpose_models.errors import OrposeError
from orpose_models.poses import Poses
from orpose_models.resolution import Size


@runtime_checkable
class PoseModel(Protocol):
    """A network, or several, that finds the persons of an image.

    Attributes:
        name: the name it is loaded by.
        sha256: identifies its weights: 64 hexadecimal digits.
        engine: what computes it, for diagnostics ('onnxruntime', 'torch').
    """

    @property
    def name(self) -> str: ...

    @property
    def sha256(self) -> str: ...

    @property
    def engine(self) -> str: ...

    def predict(self, image: NDArray[np.uint8], full_size: Size | None = None, camera: Camera | None = None) -> Poses:
        """Find the persons.

        Args:
            image: (h, w, 3) uint8, BGR; possibly reduced.
            full_size: width, height of the original image, in whose pixels the poses are given;
                the image's own size if None.
            camera: intrinsics of the original image, where known; they help the 3D.

        Returns:
            Poses with `joints3d`; `root` and `ids` are left unknown (see `runtime.pipeline`).
        """
        ...


def _teacher(preset: str, threads: int | None) -> PoseModel:
    from orpose_models.teacher.packaged import load_packaged_teacher

    return load_packaged_teacher(preset, threads=threads)


def _paper_teacher(threads: int | None) -> PoseModel:
    try:
        import torch
    except ImportError:
        raise OrposeError("the paper's teacher needs torch: pip install -r requirements/train.txt") from None
    from orpose_models.teacher.paper import load_paper_teacher

    if threads is not None:
        torch.set_num_threads(threads)
    return load_paper_teacher(device="cuda" if torch.cuda.is_available() else "cpu")


def _student(path: str, threads: int | None) -> PoseModel:
    try:
        import torch
    except ImportError:
        raise OrposeError(f"{path}: a student's weights need torch: pip install -r requirements/train.txt") from None
    from orpose_models.student.model import load_student_model

    if threads is not None:
        torch.set_num_threads(threads)
    return load_student_model(path)


# What `load_model` knows, by name: a description and a loader (threads: int | None) -> PoseModel.
MODELS: Mapping[str, tuple[str, Callable[[int | None], PoseModel]]] = {
    "teacher": (
        "packaged three-stage teacher with multi-scale and flip test-time augmentation: accurate, slow",
        lambda threads: _teacher("full", threads),
    ),
    "teacher-fast": (
        "packaged three-stage teacher without test-time augmentation: several images a second on two cores",
        lambda threads: _teacher("fast", threads),
    ),
    "teacher-tiles": (
        "packaged three-stage teacher that also searches overlapping tiles: for small people, slowest",
        lambda threads: _teacher("tiles", threads),
    ),
    "paper-teacher": (
        "the paper's three networks, on torch; you provide detectron2 and the weights (docs/paper-teacher.md)",
        _paper_teacher,
    ),
}


def load_model(name: str, threads: int | None = None) -> PoseModel:
    """Load a model.

    Args:
        name: one of `MODELS`, or the path of a trained student, FILE.safetensors.
        threads: how many threads it may use; None for all cores.

    Raises:
        OrposeError: no such model, or its weights are missing, corrupt or of another version.
    """
    if name.endswith(".safetensors"):
        return _student(name, threads)
    if name not in MODELS:
        raise OrposeError(f"model {name!r} is not known; choose one of: {', '.join(MODELS)}, or FILE.safetensors")
    return MODELS[name][1](threads)
