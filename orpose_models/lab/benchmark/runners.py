"""The contenders as they run in their own processes.

A runner prepares itself for a case, is called with a picture (this is what is timed), and tells afterwards what it
found. Nothing is imported here before it is needed, so that a process holds only what its contender needs.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from time import perf_counter
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from orpose_models.lab.benchmark.contenders import Contender

# Persons from this score on are reported, as the node does by default.
SCORE_THRESHOLD = 0.3
Boxes = list[list[float]]
Arrays = dict[str, Any]


@dataclass(frozen=True)
class Found:
    """What one call did.

    Attributes:
        processed: how many persons the network looked for the keypoints of.
        reported: how many of them are reported.
        stages: seconds of each stage, where the contender tells them.
        boxes: of those reported, best first: x_min, y_min, x_max, y_max in pixels.
    """

    processed: int
    reported: int
    stages: dict[str, float] = field(default_factory=dict)
    boxes: Boxes = field(default_factory=list)


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
        from orpose_models.runtime.tracking import Tracker

        self.model = load_model(contender.source, contender.threads, contender.engine)
        self.engine, self.sha256 = self.model.engine, self.model.sha256
        self._counted = _Counted(self.model)
        self._pipeline = Pipeline(self._counted, score_threshold=SCORE_THRESHOLD, tracker=Tracker())
        self._time = 0.0
        self._result: Any = None

    def prepare(self, persons: int, downsample: float, boxes: Boxes) -> None:
        self._pipeline.downsample = downsample

    def call(self, picture: NDArray[np.uint8]) -> None:
        self._time += 1 / 30
        self._result = self._pipeline.process(picture, _camera(picture), self._time)

    def found(self) -> Found:
        poses = self._result.poses
        stages = dict(getattr(self.model, "timings", {}))
        return Found(self._counted.found, len(poses), stages, poses.boxes.tolist())

    def arrays(self) -> Arrays:
        """The latest poses as lists, for comparisons."""
        poses = self._result.poses
        return {name: getattr(poses, name).tolist() for name in ("boxes", "keypoints", "joints3d", "box_scores")}


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


class YoloRunner:
    """A YOLO pose graph as Ultralytics exports it: (1, 3, h, w) RGB 0..1 in, (1, 5 + 3 * 17, cells) out."""

    sha256 = ""

    def __init__(self, contender: Contender) -> None:
        self.engine = contender.engine or "onnxruntime"
        load = _LOAD_GRAPH[self.engine]
        self._graph, (self._height, self._width) = load(contender.source, contender.threads)
        self._persons = 0
        self._kept = 0
        self._stages: dict[str, float] = {}

    def prepare(self, persons: int, downsample: float, boxes: Boxes) -> None:
        self._persons = persons

    def call(self, picture: NDArray[np.uint8]) -> None:
        import cv2

        start = perf_counter()
        if picture.shape[:2] != (self._height, self._width):
            picture = np.asarray(cv2.resize(picture, (self._width, self._height)), np.uint8)
        image = cv2.dnn.blobFromImage(picture, 1 / 255, swapRB=True)
        prepared = perf_counter()
        output = self._graph(image)[0]
        computed = perf_counter()
        # With random weights no score means anything: the best so many go into non-maximum suppression.
        count = min(10 * self._persons, output.shape[1] - 1)
        best = np.argpartition(-output[4], count)[:count]
        x, y, width, height = output[:4, best]
        corners = np.stack([x - width / 2, y - height / 2, width, height], axis=1)
        kept = cv2.dnn.NMSBoxes(corners.tolist(), output[4, best].tolist(), 0.0, 1.0)[: self._persons]
        self._keypoints = output[5:, best[np.asarray(kept, int)]].T.reshape(len(kept), 17, 3)
        self._kept = len(kept)
        self._stages = {
            "preprocess": prepared - start,
            "network": computed - prepared,
            "decoding": perf_counter() - computed,
        }

    def found(self) -> Found:
        return Found(self._kept, self._kept, self._stages)


def _onnxruntime_graph(file: str, threads: int) -> tuple[Any, tuple[int, int]]:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    session = onnxruntime.InferenceSession(file, options, providers=["CPUExecutionProvider"])
    (given,) = session.get_inputs()
    return lambda image: session.run(None, {given.name: image})[0], (given.shape[2], given.shape[3])


def _openvino_graph(file: str, threads: int, precision: str = "f32") -> tuple[Any, tuple[int, int]]:
    import openvino

    settings = {
        "INFERENCE_NUM_THREADS": threads,
        "NUM_STREAMS": 1,
        "PERFORMANCE_HINT": "LATENCY",
        "INFERENCE_PRECISION_HINT": precision,
    }
    compiled = openvino.Core().compile_model(file, "CPU", settings)
    height, width = list(compiled.input(0).shape)[2:]
    return lambda image: compiled(image)[0], (height, width)


_LOAD_GRAPH: dict[str, Callable[[str, int], tuple[Any, tuple[int, int]]]] = {
    "onnxruntime": _onnxruntime_graph,
    "openvino": _openvino_graph,
    "openvino-bf16": partial(_openvino_graph, precision="bf16"),
}


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
