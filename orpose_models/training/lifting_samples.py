"""What the student's lifters learn of an image: keypoints that the teacher found, and its 3D of them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from orpose_models.lifting.features import features, liftable, mirrored
from orpose_models.student.lifters import ViewLifter
from orpose_models.student.losses import joints_loss
from orpose_models.training.labels import ImageLabels
from orpose_models.vocabulary.cameras import Camera
from orpose_models.vocabulary.poses import Poses
from orpose_models.vocabulary.skeletons import H36M17

# Share of images with known gravity in which the lifter is trained to do without it.
_WITHOUT_GRAVITY = 0.3


@dataclass(frozen=True, eq=False)
class Lifting:
    """What the lifters learn from p persons of one image, one set of labels; float32.

    Attributes:
        form: of the features, see `lifting.features`.
        values, axes: (p, d) and (p, 3, 3), see `lifting.features.Features`.
        target: (p, 17, 3) metres.
    """

    form: str
    values: NDArray[np.float32]
    axes: NDArray[np.float32]
    target: NDArray[np.float32]


def lifting_of(poses: Poses, labels: ImageLabels, accept: float, flip: bool, rng: np.random.Generator) -> Lifting:
    """Features do not depend on how the image is scaled or shifted: coordinates are those of viewing rays.

    Args:
        poses: one set of the labels.
        accept: persons with lower scores are left out.
        flip: whether the image is mirrored.
        rng: decides whether gravity is used.
    """
    camera = labels.camera or Camera.from_fov(*labels.size)
    able = (poses.box_scores >= accept) & liftable(poses.keypoint_scores) & poses.has3d
    chosen = poses.select(able)
    plane = camera.normalised(chosen.keypoints.astype(np.float64))
    scores, target = chosen.keypoint_scores.astype(np.float64), chosen.joints3d
    without = rng.random() < _WITHOUT_GRAVITY
    known = None if camera.gravity is None or without else np.array(camera.gravity)
    gravity = None if known is None else np.broadcast_to(known, (len(plane), 3))
    if flip:
        plane, scores, gravity = mirrored(plane, scores, gravity)
        target = target[:, list(H36M17.flip)] * np.array([-1, 1, 1], np.float32)
    form = "intrinsics" if gravity is None else "gravity"
    seen = features(form, plane, scores, gravity)
    return Lifting(form, *(np.ascontiguousarray(v, np.float32) for v in (seen.values, seen.axes, target)))


def lifting_losses(lifter: ViewLifter, parts: Sequence[Lifting]) -> tuple[Tensor, int]:
    """The loss of one lifter for one set of labels, and how many coordinates it is the mean of."""
    device = next(lifter.parameters()).device
    answers, targets = [], []
    for form in lifter.networks:  # both always run, so that each always has a gradient
        mine = [part for part in parts if part.form == form]
        length = getattr(lifter, f"{form}_input_mean").shape[0]
        values = torch.cat([torch.zeros(0, length), *(torch.from_numpy(part.values) for part in mine)])
        axes = torch.cat([torch.zeros(0, 3, 3), *(torch.from_numpy(part.axes) for part in mine)])
        target = torch.cat([torch.zeros(0, 17, 3), *(torch.from_numpy(part.target) for part in mine)])
        answers.append(lifter(form, values.to(device), axes.to(device)))
        targets.append(target.to(device))
    expected = torch.cat(targets)
    return joints_loss(torch.cat(answers), expected), int(torch.isfinite(expected[:, 1:]).sum())
