"""A trained student as a pose model, computed by torch."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from orpose_models.files.disk import sha256
from orpose_models.model_format.manifest import WEIGHTS, read_manifest
from orpose_models.model_format.pose_model import PoseModel
from orpose_models.model_format.score_calibration import Calibration, calibration_in
from orpose_models.runtime.assembly import Found, poses_of
from orpose_models.runtime.student import RuntimeStudent, student_of
from orpose_models.student.graphs import torch_graphs
from orpose_models.student.network import Student
from orpose_models.student.one_stage import OneStageStudent
from orpose_models.student.weights import AnyStudent, load_student
from orpose_models.vocabulary.cameras import Camera
from orpose_models.vocabulary.poses import Poses
from orpose_models.vocabulary.resolution import Size, resize_for_network


def network_image(image: NDArray[np.uint8], size: Size) -> Tensor:
    """An image (h, w, 3), possibly reduced, as the network is given it: (3, height, width) uint8 of `size`."""
    return torch.from_numpy(np.ascontiguousarray(resize_for_network(image, size).transpose(2, 0, 1)))


@dataclass(eq=False)
class StudentModel:
    """A student (`runtime.model.PoseModel`).

    Attributes:
        student: the network, in evaluation mode.
        name: what to call it.
        sha256: identifies its weights.
        engine: what computes it.
        calibration: is applied to the keypoint scores, but not to those of the branches; None for none.
    """

    student: Student
    name: str
    sha256: str
    engine: str = "torch"
    calibration: Calibration | None = None

    def predict(
        self,
        image: NDArray[np.uint8],
        full_size: Size | None = None,
        camera: Camera | None = None,
        min_score: float = 0.0,
    ) -> Poses:
        """Find the persons; see `runtime.model.PoseModel.predict`. An unknown camera is guessed."""
        full = full_size or (image.shape[1], image.shape[0])
        size = self.student.config.input_size(full)
        camera = (camera or Camera.from_fov(*full)).resized(*size)
        device = next(self.student.parameters()).device
        (found,) = self.student.predict([network_image(image, size).to(device).float()], [camera], min_score)
        return poses_of(Found(*(values.cpu().numpy() for values in found)), size, full, self.calibration)


def model_of(
    student: AnyStudent, name: str, identity: str = "", calibration: Calibration | None = None
) -> StudentModel | RuntimeStudent:
    """A student, wherever its weights are, as a pose model; `identity` is their SHA-256."""
    student.eval()
    if isinstance(student, OneStageStudent):
        return RuntimeStudent(name, identity, "torch", student.config, torch_graphs(student), calibration)
    return StudentModel(student, name, identity, calibration=calibration)


def load_student_model(path: str | Path) -> PoseModel:
    """Load a student's safetensors file.

    Raises:
        OrposeError: missing, corrupt, or no student of this version.
    """
    student, info = load_student(path)
    student.to("cuda" if torch.cuda.is_available() else "cpu")
    return model_of(student, Path(path).stem, sha256(path), calibration_in(info, path))


def load_exported_student(folder: str | Path) -> PoseModel:
    """Load an exported folder for torch.

    Raises:
        OrposeError: it is none, or a file is corrupt.
    """
    folder = Path(folder)
    manifest, identity = read_manifest(folder)
    student, _ = load_student(folder / WEIGHTS)
    student.to("cuda" if torch.cuda.is_available() else "cpu")
    return student_of(manifest, identity, "torch", torch_graphs(student), folder / WEIGHTS)
