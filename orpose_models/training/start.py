"""The student that a run starts from."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from orpose_models.files.disk import sha256
from orpose_models.model_format.student_config import OneStageConfig, StudentConfig
from orpose_models.student.detectron2_weights import load_detectron2_weights
from orpose_models.student.lifters import PixelLifter
from orpose_models.student.network import Student
from orpose_models.student.one_stage import OneStageStudent
from orpose_models.student.weights import SUFFIX, AnyStudent, load_coco_start, load_student
from orpose_models.training.averaging import copied
from orpose_models.training.train_config import TrainConfig
from orpose_models.training.training_images import TrainingImages
from orpose_models.vocabulary.errors import OrposeError

_MIN_STD = 1e-3


def new_student(config: TrainConfig) -> AnyStudent:
    """The network with random weights, those parts frozen that are to be."""
    torch.manual_seed(config.seed)
    sizes = config.model.student_config()
    if isinstance(sizes, OneStageConfig):
        light = OneStageStudent(sizes)
        light.freeze(config.model.frozen_stages)
        if config.model.small_alone:
            light.train_small_alone()
        return light.train()
    student = Student(sizes)
    student.backbone.freeze(config.model.frozen_stages)
    return student.train()


def start_student(config: TrainConfig, images: TrainingImages) -> tuple[AnyStudent, dict[str, Any]]:
    """The network with the weights that the configuration names; statistics that they lack are those of the images.

    Returns:
        The network, and what is known of how the student came about that it started from; empty for other weights.

    Raises:
        OrposeError: the weights are missing, corrupt or do not fit.
    """
    student = new_student(config)
    start, before = config.model.start, {}
    if start.endswith(SUFFIX):
        before = _load(student, Path(start))
    elif start == "coco":
        if isinstance(student, Student):
            raise OrposeError(
                "model.start: the paper's student starts from detectron2's COCO weights: name the file "
                "(keypoint_rcnn_R_50_FPN, .pkl or .pth), or start from 'none'"
            )
        load_coco_start(student)
    elif start.endswith((".pkl", ".pth")) and isinstance(student, Student):
        load_detectron2_weights(student, start)
    elif start != "none":
        raise OrposeError(f"model.start: {start!r} is neither 'coco', 'none' nor a .safetensors, .pkl or .pth file")
    if isinstance(student, Student) and not before:
        for lifter in student.lifters.values():
            assert isinstance(lifter, PixelLifter)
            _set_pixel_statistics(lifter, images)
    return student, before


def origin_weights(config: TrainConfig, student: AnyStudent) -> dict[str, Tensor]:
    """The weights that a run is held to, see `train_config.ModelSettings.origin`; copies.

    Args:
        config: of the run.
        student: with the weights that the run starts from.

    Raises:
        OrposeError: the weights are missing, corrupt or do not fit.
    """
    origin = config.model.origin
    if origin is None:
        return copied(student.state_dict())
    other = new_student(config)
    if not isinstance(other, OneStageStudent):
        raise OrposeError("model.origin: only the light student is held to one; leave it out")
    if origin == "coco":
        load_coco_start(other)
    else:
        _load(other, Path(origin))
    return copied(other.state_dict())


def _load(student: AnyStudent, path: Path) -> dict[str, Any]:
    """Take over another student's weights; branches that it lacks start from its first, layers for images of few pixels
    from those for all. What is known of the other.
    """
    other, info = load_student(path)
    theirs, first = other.state_dict(), other.config.branches[0]
    renamed: dict[str, Tensor] = {}
    for name in student.state_dict():
        branch = next((b for b in student.config.branches if f".{b}." in name), None)
        shared = name.removeprefix("small.")
        candidates = [name, shared, *(each.replace(f".{branch}.", f".{first}.") for each in (name, shared))]
        source = next((each for each in candidates if each in theirs), None)
        if source is not None:
            renamed[name] = theirs[source]
    _check(student.state_dict(), renamed, path)
    student.load_state_dict(renamed)
    kept = ("name", "iterations", "images_seen", "settings", "started_from")
    return {**{name: info[name] for name in kept if name in info}, "sha256": sha256(path)}


def _check(wanted: Mapping[str, Tensor], given: Mapping[str, Tensor], path: Path) -> None:
    for name, tensor in wanted.items():
        if name not in given or given[name].shape != tensor.shape:
            raise OrposeError(f"{path}: {name} is missing or of another size; the student has other settings")


def _set_pixel_statistics(lifter: PixelLifter, images: TrainingImages) -> None:
    """Mean and deviation of the labels' keypoints, in pixels of the network's input, and of their 3D joints."""
    keypoints: list[NDArray] = [np.zeros((0, 17, 2))]
    joints: list[NDArray] = [np.zeros((0, 17, 3))]
    for labels, accept in zip(images.labels, images.accept, strict=True):
        if labels is None:
            continue
        persons = labels.soft.select((labels.soft.box_scores >= accept) & labels.soft.has3d)
        assert isinstance(images.student, StudentConfig)
        scale = np.divide(images.student.input_size(labels.size), labels.size)
        keypoints.append(persons.keypoints * scale)
        joints.append(persons.joints3d)
    points, targets = np.concatenate(keypoints), np.concatenate(joints)
    if len(points) < 2:
        return
    inputs = lifter.inputs(torch.from_numpy(points).float())
    outputs = torch.from_numpy(targets[:, 1:]).float().flatten(1)
    lifter.input_mean.copy_(inputs.mean(dim=0))
    lifter.input_std.copy_(inputs.std(dim=0).clamp(min=_MIN_STD))
    lifter.output_mean.copy_(outputs.nanmean(dim=0))
    lifter.output_std.copy_((outputs - lifter.output_mean).square().nanmean(dim=0).sqrt().clamp(min=_MIN_STD))
