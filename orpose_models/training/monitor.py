"""What a run writes while it goes on: history.jsonl, and TensorBoard's scalars and pictures."""

import json
from collections.abc import Mapping
from math import inf
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.utils.tensorboard import SummaryWriter

from orpose_models.drawing.overlays import draw_poses, side_by_side
from orpose_models.files.disk import atomic_path
from orpose_models.student.network import Student
from orpose_models.training.samples import Sample
from orpose_models.vocabulary.poses import Poses

_PICTURES = 2


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

    def pictures(self, iteration: int, samples: list[Sample], student: Student) -> None:
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


def compare(sample: Sample, student: Student) -> np.ndarray:
    """(h, w, 3) BGR: a sample with its labels beside the same with what the student, in evaluation mode, finds."""
    image = np.ascontiguousarray(sample.image.transpose(1, 2, 0))
    labels = Poses.from_arrays(
        sample.boxes, np.ones(len(sample.boxes)), sample.keypoints, np.clip(sample.scores["soft"], 0, 1)
    )
    device = next(student.parameters()).device
    (found,) = student.predict([torch.from_numpy(sample.image).to(device).float()])
    boxes, scores, keypoints, keypoint_scores = (values.cpu().numpy() for values in found[:4])
    answer = Poses.from_arrays(boxes, scores, keypoints, keypoint_scores)
    return side_by_side(draw_poses(image, labels), draw_poses(image, answer.select(answer.box_scores >= 0.3)))
