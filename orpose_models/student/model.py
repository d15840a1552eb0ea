"""A trained student as a pose model, computed by torch."""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from orpose_models.files.disk import sha256
from orpose_models.model_format.manifest import SmallerInput, input_size
from orpose_models.model_format.score_calibration import Calibration, calibration_in
from orpose_models.student.network import Student
from orpose_models.student.weights import load_student
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
        short_side_by_downsample: where an image was reduced, the network may run at a smaller size (see
            `runtime.parts.Manifest`).
    """

    student: Student
    name: str
    sha256: str
    engine: str = "torch"
    calibration: Calibration | None = None
    short_side_by_downsample: list[SmallerInput] = field(default_factory=list)

    def predict(
        self,
        image: NDArray[np.uint8],
        full_size: Size | None = None,
        camera: Camera | None = None,
        min_score: float = 0.0,
    ) -> Poses:
        """Find the persons; see `runtime.model.PoseModel.predict`. An unknown camera is guessed."""
        full = full_size or (image.shape[1], image.shape[0])
        seen = (image.shape[1], image.shape[0])
        size = input_size(self.student.config, self.short_side_by_downsample, full, seen)
        camera = (camera or Camera.from_fov(*full)).resized(*size)
        device = next(self.student.parameters()).device
        (found,) = self.student.predict([network_image(image, size).to(device).float()], [camera], min_score)
        boxes, box_scores, keypoints, scores, soft, hard, joints3d = (values.cpu().numpy() for values in found)
        scale = np.array(full, np.float32) / np.array(size, np.float32)
        poses = Poses.from_arrays(
            boxes * np.tile(scale, 2),
            box_scores,
            keypoints * scale,
            scores,
            scores_hard=hard,
            scores_soft=soft,
            joints3d=joints3d,
        )
        return poses if self.calibration is None else self.calibration.apply(poses)


def load_student_model(path: str | Path) -> StudentModel:
    """Load a student's safetensors file.

    Raises:
        OrposeError: missing, corrupt, or no student of this version.
    """
    student, info = load_student(path)
    student.to("cuda" if torch.cuda.is_available() else "cpu")
    return StudentModel(student, Path(path).stem, sha256(path), calibration=calibration_in(info, path))
