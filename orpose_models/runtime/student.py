"""An exported student as a pose model, without torch."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from time import perf_counter

import cv2
import numpy as np
from numpy.typing import NDArray

from orpose_models.lifting.features import FORMS, LENGTHS
from orpose_models.lifting.runtime import Lifter
from orpose_models.model_format.manifest import MANIFEST, Manifest, Normalisation, read_manifest
from orpose_models.model_format.score_calibration import Calibration, calibration_in
from orpose_models.model_format.student_config import MULTIPLE, SETS
from orpose_models.runtime.engines import Graph, load_graphs
from orpose_models.runtime.regions import pool_regions, select_boxes, select_proposals
from orpose_models.vocabulary.cameras import Camera
from orpose_models.vocabulary.poses import Poses
from orpose_models.vocabulary.resolution import Size, resize_for_network

STAGES = ("preprocess", "backbone", "proposals", "boxes", "keypoints", "lifting")
BOX_CELLS, KEYPOINT_CELLS = 7, 14


@dataclass(eq=False)
class RuntimeStudent:
    """An exported student (`runtime.model.PoseModel`).

    Attributes:
        manifest: what it consists of.
        sha256: identifies weights, graphs and settings.
        engine: what computes it.
        graphs: the parts, by name.
        calibration: is applied to the keypoint scores, but not to those of the branches; None for none.
        timings: seconds that each of `STAGES` took in the latest `predict`.
    """

    manifest: Manifest
    sha256: str
    engine: str
    graphs: Mapping[str, Graph]
    calibration: Calibration | None = None
    timings: dict[str, float] = field(default_factory=lambda: dict.fromkeys(STAGES, 0.0))

    @property
    def name(self) -> str:
        """What it was exported as."""
        return self.manifest.name

    def predict(
        self,
        image: NDArray[np.uint8],
        full_size: Size | None = None,
        camera: Camera | None = None,
        min_score: float = 0.0,
    ) -> Poses:
        """Find the persons; see `runtime.model.PoseModel.predict`. An unknown camera is guessed."""
        config = self.manifest.config
        self.timings = timings = dict.fromkeys(STAGES, 0.0)
        with _timed(timings, "preprocess"):
            full = full_size or (image.shape[1], image.shape[0])
            size = self.manifest.input_size(full, (image.shape[1], image.shape[0]))
            given = network_input(resize_for_network(image, size), self.manifest.normalisation)
        with _timed(timings, "backbone"):
            *maps, logits, deltas = self.graphs["backbone"](given)
            # Regions are pooled from all channels of a place at once.
            maps = [channels_last(values) for values in maps]
        strides = config.strides[:-1]
        with _timed(timings, "proposals"):
            padded = (given.shape[3], given.shape[2])
            proposals = select_proposals(logits, deltas, size, padded, config)
        if not len(proposals):
            return Poses.empty()
        with _timed(timings, "boxes"):
            scores, deltas = self.graphs["boxes"](pool_regions(maps, strides, proposals, BOX_CELLS))
            boxes, box_scores = select_boxes(scores, deltas, proposals, size, config)
            boxes, box_scores = boxes[box_scores >= min_score], box_scores[box_scores >= min_score]
        if not len(boxes):
            return Poses.empty()
        with _timed(timings, "keypoints"):
            pooled = pool_regions(maps, strides, boxes, KEYPOINT_CELLS)
            keypoints, keypoint_scores, *own = self.graphs["keypoints"](pooled, boxes)
        with _timed(timings, "lifting"):
            by_branch = dict(zip(config.branches, zip(own[::2], own[1::2], strict=True), strict=True))
            joints3d = self._lift(by_branch, (camera or Camera.from_fov(*full)).resized(*size))
        soft, hard = (by_branch.get(name, by_branch[config.branches[0]])[1] for name in SETS)
        scale = np.array(full, np.float32) / np.array(size, np.float32)
        poses = Poses.from_arrays(
            boxes * np.tile(scale, 2),
            box_scores,
            keypoints * scale,
            keypoint_scores,
            scores_hard=hard,
            scores_soft=soft,
            joints3d=joints3d,
        )
        return poses if self.calibration is None else self.calibration.apply(poses)

    def _lift(self, by_branch: Mapping[str, tuple[NDArray, NDArray]], camera: Camera) -> NDArray[np.float32]:
        """Joints (n, 17, 3): the mean of the branches' answers, NaN where none has any."""
        branches = list(by_branch)
        keypoints, scores = (np.concatenate(arrays) for arrays in zip(*by_branch.values(), strict=True))

        def network(values: NDArray[np.float64], form: str) -> NDArray[np.float32]:
            """Rows are persons and their mirror images, each of all branches in turn."""
            rows = np.nan_to_num(values).astype(np.float32).reshape(2, len(branches), -1, values.shape[1])
            given = [
                rows[:, i].reshape(-1, values.shape[1]) if name == form else np.empty((0, LENGTHS[name]), np.float32)
                for name in FORMS
                for i in range(len(branches))
            ]
            found = self.graphs["lifters"](*given)[FORMS.index(form) * len(branches) :][: len(branches)]
            return np.stack([joints.reshape(2, -1, *joints.shape[1:]) for joints in found], axis=1).reshape(
                len(values), *found[0].shape[1:]
            )

        lifter = Lifter({form: partial(network, form=form) for form in FORMS}, "")
        answers = np.stack(np.split(lifter.lift(keypoints, scores, camera), len(branches)))
        known = np.isfinite(answers)
        count = known.sum(axis=0)
        total = np.where(known, answers, 0).sum(axis=0)
        return np.where(count > 0, total / np.maximum(count, 1), np.nan).astype(np.float32)


def channels_last(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """(c, h, w) to (h, w, c)."""
    channels, height, width = values.shape
    turned = cv2.transpose(values.reshape(channels, -1))
    return np.asarray(turned, np.float32).reshape(height, width, channels)


def network_input(image: NDArray[np.uint8], normalisation: Normalisation) -> NDArray[np.float32]:
    """An image (h, w, 3) BGR of the network's size, normalised and padded: (1, 3, h', w')."""
    height, width = image.shape[:2]
    padded = np.zeros((1, 3, -(-height // MULTIPLE) * MULTIPLE, -(-width // MULTIPLE) * MULTIPLE), np.float32)
    planes = cv2.split(image)
    order = range(3) if normalisation.channels == "bgr" else range(2, -1, -1)
    for i, plane in enumerate(order):
        values = planes[plane] * np.float32(normalisation.scale[i])
        values += np.float32(normalisation.shift[i])
        padded[0, i, :height, :width] = values
    return padded


def load_runtime_student(folder: str | Path, engine: str, threads: int | None = None) -> RuntimeStudent:
    """Load an exported folder.

    Raises:
        OrposeError: it is none, a file is corrupt, or the engine cannot run it.
    """
    folder = Path(folder)
    manifest, identity = read_manifest(folder)
    graphs = load_graphs(engine, folder, threads)
    if threads is not None:
        cv2.setNumThreads(threads)
    return RuntimeStudent(manifest, identity, engine, graphs, calibration_in(manifest.info, folder / MANIFEST))


@contextmanager
def _timed(timings: dict[str, float], stage: str) -> Iterator[None]:
    start = perf_counter()
    yield
    timings[stage] = perf_counter() - start
