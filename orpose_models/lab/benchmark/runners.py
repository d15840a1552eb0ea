"""The contenders as they run in their own processes.

A runner prepares itself for a case, is called with a picture (this is what is timed), and tells afterwards what it
found. Nothing is imported here before it is needed, so that a process holds only what its contender needs.
"""

from collections.abc import Callable
from dataclasses import replace
from math import prod
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from orpose_models.lab.benchmark.contenders import Contender
from orpose_models.lab.benchmark.found import Boxes, Found

# Persons from this score on are reported, as the node does by default.
SCORE_THRESHOLD = 0.3
Arrays = dict[str, Any]


class Runner(Protocol):
    """A contender, loaded."""

    engine: str
    sha256: str

    def prepare(self, persons: int, downsample: float, boxes: Boxes) -> None:
        """Get ready for pictures of so many persons, at these places."""

    def call(self, picture: NDArray[np.uint8]) -> None:
        """Do the work for one picture (h, w, 3) uint8 BGR."""

    def found(self) -> Found:
        """What the latest call did."""


def load_runner(contender: Contender) -> Runner:
    """Load a contender into this process.

    Raises:
        OrposeError: it cannot run here; the message says why.
    """
    from orpose_models.lab.benchmark.yolo_graphs import YoloRunner

    runners: dict[str, Callable[[Contender], Runner]] = {
        "model": ModelRunner,
        "paper-student": PaperStudentRunner,
        "keypoint-rcnn": KeypointRcnnRunner,
        "yolo": YoloRunner,
        "mediapipe": MediaPipeRunner,
    }
    return runners[contender.kind](contender)


class ModelRunner:
    """A model of this project with everything around it, from the BGR array to tracked poses with root positions."""

    def __init__(self, contender: Contender) -> None:
        from orpose_models.registry.models import load_model
        from orpose_models.runtime.pipeline import Pipeline
        from orpose_models.tracking.tracker import Tracker

        self.model = load_model(contender.source, contender.threads, contender.engine)
        self.engine, self.sha256 = self.model.engine, self.model.sha256
        self.parameters = _numbers_of_weights(contender.source)
        self._counted = _Counted(self.model)
        self._tracker = Tracker()
        self._pipeline = Pipeline(self._counted, score_threshold=SCORE_THRESHOLD, tracker=self._tracker)
        self._time = 0.0
        self._result: Any = None

    def prepare(self, persons: int, downsample: float, boxes: Boxes) -> None:
        self._pipeline.downsample = downsample
        # What was seen of another case says nothing of this one.
        self._tracker.reset()

    def call(self, picture: NDArray[np.uint8]) -> None:
        self._time += 1 / 30
        self._result = self._pipeline.process(picture, _camera(picture), self._time)

    def found(self) -> Found:
        poses = self._result.poses
        stages = dict(getattr(self.model, "timings", {}))
        return Found(self._counted.found, len(poses), stages, poses.boxes.tolist())

    def arrays(self, picture: NDArray[np.uint8]) -> Arrays:
        """The poses of a picture by itself, whatever came before it, as lists for comparisons."""
        poses = replace(self._pipeline, tracker=None).predict(picture, _camera(picture))
        return {name: getattr(poses, name).tolist() for name in ("boxes", "keypoints", "joints3d", "box_scores")}


def _numbers_of_weights(source: str) -> int | None:
    """How many numbers the file of weights of a student holds; None of models that have none."""
    from safetensors import safe_open

    from orpose_models.registry.models import plain_name, shipped_models

    source, _ = plain_name(source)
    place = shipped_models().get(source, Path(source))
    file = next(iter(sorted(place.glob("*.safetensors"))), None) if place.is_dir() else place
    if file is None or file.suffix != ".safetensors":
        return None
    with safe_open(file, "numpy") as weights:
        return sum(prod(weights.get_slice(name).get_shape()) for name in weights.keys())  # noqa: SIM118 (no mapping)


class _Counted:
    """A model that remembers how many persons it found before the pipeline selects."""

    def __init__(self, model: Any) -> None:
        self._model = model
        self.name, self.sha256, self.engine = model.name, model.sha256, model.engine
        self.found = 0

    def predict(self, *arguments: Any) -> Any:
        poses = self._model.predict(*arguments)
        self.found = len(poses)
        return poses


def _camera(picture: NDArray[np.uint8]) -> Any:
    """A calibrated camera, so that root positions are solved."""
    from orpose_models.vocabulary.cameras import Camera

    height, width = picture.shape[:2]
    return replace(Camera.from_fov(width, height), guessed=False)


class PaperStudentRunner:
    """The student in the paper's size, random weights, on torch."""

    engine, sha256 = "torch", ""

    def __init__(self, contender: Contender) -> None:
        import torch

        from orpose_models.model_format.student_config import PAPER
        from orpose_models.student.model import StudentModel
        from orpose_models.student.network import Student

        torch.set_num_threads(contender.threads)
        torch.manual_seed(0)
        self._config = PAPER
        self._student = Student(PAPER).eval()
        self._model = StudentModel(self._student, contender.name, self.sha256)
        self._poses: Any = None

    def prepare(self, persons: int, downsample: float, boxes: Boxes) -> None:
        # Overlap cannot remove boxes below the wanted number: with random weights too few might be left.
        config = replace(self._config, score_threshold=0.0, box_nms=1.0, max_persons=persons)
        self._student.config = self._student.box_head.config = config

    def call(self, picture: NDArray[np.uint8]) -> None:
        self._poses = self._model.predict(picture)

    def found(self) -> Found:
        return Found(len(self._poses), len(self._poses))


class KeypointRcnnRunner:
    """torchvision's keypointrcnn_resnet50_fpn, random weights."""

    engine, sha256 = "torch", ""

    def __init__(self, contender: Contender) -> None:
        import torch
        from torchvision.models.detection import keypointrcnn_resnet50_fpn

        torch.set_num_threads(contender.threads)
        torch.manual_seed(0)
        side = int(contender.source)
        self._torch = torch
        self._network = keypointrcnn_resnet50_fpn(
            weights=None, weights_backbone=None, min_size=side, max_size=round(side * 1333 / 800)
        ).eval()
        self._output: Any = None

    def prepare(self, persons: int, downsample: float, boxes: Boxes) -> None:
        heads = self._network.roi_heads
        heads.score_thresh, heads.nms_thresh, heads.detections_per_img = -1.0, 1.0, persons

    def call(self, picture: NDArray[np.uint8]) -> None:
        torch = self._torch
        with torch.inference_mode():
            rgb = np.ascontiguousarray(picture[..., ::-1].transpose(2, 0, 1))
            (output,) = self._network([torch.from_numpy(rgb).float() / 255])
            self._output = {name: values.numpy() for name, values in output.items()}

    def found(self) -> Found:
        return Found(len(self._output["boxes"]), len(self._output["boxes"]))


class MediaPipeRunner:
    """MediaPipe's pose solution (full), on a crop around every person. Runs in an environment of its own."""

    engine, sha256 = "TensorFlow Lite", ""

    def __init__(self, contender: Contender) -> None:
        import mediapipe

        # Every crop is another person, so that there is nothing to track from one to the next.
        self._pose = mediapipe.solutions.pose.Pose(static_image_mode=True, model_complexity=1)
        self._boxes: Boxes = []
        self._with_pose = 0

    def prepare(self, persons: int, downsample: float, boxes: Boxes) -> None:
        self._boxes = boxes

    def call(self, picture: NDArray[np.uint8]) -> None:
        self._with_pose = 0
        for box in self._boxes:
            x0, y0, x1, y1 = (max(0, round(value)) for value in _widened(box))
            crop = np.ascontiguousarray(picture[y0:y1, x0:x1, ::-1])
            self._with_pose += self._pose.process(crop).pose_landmarks is not None

    def found(self) -> Found:
        return Found(len(self._boxes), self._with_pose)


def _widened(box: list[float]) -> tuple[float, float, float, float]:
    """A tenth more on every side."""
    x0, y0, x1, y1 = box
    dx, dy = 0.1 * (x1 - x0), 0.1 * (y1 - y0)
    return x0 - dx, y0 - dy, x1 + dx, y1 + dy
