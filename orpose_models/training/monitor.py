"""What a run writes while it goes on: history.jsonl, and TensorBoard's scalars and pictures."""

import json
from collections.abc import Mapping
from math import inf
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch.utils.tensorboard import SummaryWriter

from orpose_models.drawing.overlays import draw_poses, side_by_side
from orpose_models.files.disk import atomic_path
from orpose_models.student.network import Student
from orpose_models.student.one_stage import OneStageStudent
from orpose_models.student.weights import AnyStudent
from orpose_models.training.dense_targets import CELL
from orpose_models.training.region_samples import Sample
from orpose_models.training.scale_pairs import Scene
from orpose_models.training.training_images import Prepared
from orpose_models.vocabulary.poses import Poses

_PICTURES = 2
_SHOWN = 0.3  # score from which on persons are shown


class Monitor:
    """Of one run; what an earlier part of it wrote after `iteration` is dropped."""

    def __init__(self, folder: Path, iteration: int) -> None:
        self._history = folder / "history.jsonl"
        lines = self._history.read_text().splitlines() if self._history.exists() else []
        kept = [line for line in lines if _iteration_of(line) <= iteration]
        with atomic_path(self._history) as temporary:
            temporary.write_text("".join(line + "\n" for line in kept))
        self._board = SummaryWriter(str(folder / "tensorboard"), purge_step=iteration + 1)

    def scalars(self, iteration: int, group: str, values: Mapping[str, float]) -> None:
        """Note some figures; groups are such as 'training' and 'evaluation'."""
        entry: dict[str, Any] = {"iteration": iteration, group: dict(values)}
        with self._history.open("a") as file:
            file.write(json.dumps(entry) + "\n")
        for name, value in values.items():
            self._board.add_scalar(f"{group}/{name}", value, iteration)

    def board_only(self, iteration: int, values: Mapping[str, float]) -> None:
        """Figures that differ from run to run, such as speeds: for TensorBoard, not for the history."""
        for name, value in values.items():
            self._board.add_scalar(f"training/{name}", value, iteration)

    def pictures(self, iteration: int, samples: list[Prepared], student: AnyStudent) -> None:
        """Show what the network was given: at the left its labels, at the right its answer."""
        for number, sample in enumerate(samples[:_PICTURES]):
            self._board.add_image(
                f"samples/{number}", compare(sample, student)[..., ::-1], iteration, dataformats="HWC"
            )

    def close(self) -> None:
        """Write what is still to be written."""
        self._board.close()


def _iteration_of(line: str) -> float:
    """Of a line of the history; never for one that an interruption left half written."""
    try:
        return float(json.loads(line)["iteration"])
    except (ValueError, TypeError, KeyError):
        return inf


def compare(sample: Prepared, student: AnyStudent) -> np.ndarray:
    """(h, w, 3) BGR: a picture with its labels beside what the student, in evaluation mode, makes of it.

    Of a scene this is the reduced picture, brighter where the student sees a joint, and circles at middles.
    """
    left = np.ascontiguousarray((sample.clear if isinstance(sample, Scene) else sample.image).transpose(1, 2, 0))
    labels = Poses.from_arrays(
        sample.boxes, np.ones(len(sample.boxes)), sample.keypoints, np.clip(sample.scores["soft"], 0, 1)
    )
    answer = _seen(sample, student) if isinstance(sample, Scene) else _found(sample, student)
    return side_by_side(draw_poses(left, labels), answer)


def _found(sample: Sample, student: AnyStudent) -> NDArray[np.uint8]:
    assert isinstance(student, Student)
    device = next(student.parameters()).device
    (found,) = student.predict([torch.from_numpy(sample.image).to(device).float()])
    boxes, scores, keypoints, keypoint_scores = (values.cpu().numpy() for values in found[:4])
    answer = Poses.from_arrays(boxes, scores, keypoints, keypoint_scores)
    image = np.ascontiguousarray(sample.image.transpose(1, 2, 0))
    return draw_poses(image, answer.select(answer.box_scores >= _SHOWN))


@torch.inference_mode()
def _seen(scene: Scene, student: AnyStudent) -> NDArray[np.uint8]:
    assert isinstance(student, OneStageStudent)
    device = next(student.parameters()).device
    maps = student(student.normalise(torch.from_numpy(scene.image)[None].to(device).float()), scene.small)
    joints = torch.stack([heat[0].sigmoid().amax(dim=0) for heat in maps.heatmaps.values()]).mean(dim=0).cpu().numpy()
    image = np.ascontiguousarray(scene.image.transpose(1, 2, 0))
    bright = cv2.resize(joints, (image.shape[1], image.shape[0]), interpolation=cv2.INTER_LINEAR)[..., None]
    shown = (image * (0.4 + 0.6 * bright)).astype(np.uint8)
    centre = maps.centre[0].sigmoid()
    peaks = (centre >= _SHOWN) & (centre == torch.nn.functional.max_pool2d(centre, 3, 1, 1))
    for row, column in torch.nonzero(peaks[0]).tolist():
        cv2.circle(shown, (round((column + 0.5) * CELL), round((row + 0.5) * CELL)), CELL, (0, 255, 255), 1)
    return shown
