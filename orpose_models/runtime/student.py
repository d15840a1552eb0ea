"""The light student as a pose model, without torch."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from orpose_models.lifting.features import FORMS, LENGTHS
from orpose_models.lifting.runtime import Lifter
from orpose_models.model_format.manifest import BATCHED, MANIFEST, SMALL, Manifest, graphs_of, read_manifest
from orpose_models.model_format.pose_model import View
from orpose_models.model_format.score_calibration import Calibration, calibration_in
from orpose_models.model_format.student_config import OneStageConfig
from orpose_models.runtime.assembly import Found, poses_of
from orpose_models.runtime.codec import Answer, Codec, Persons
from orpose_models.runtime.engine_cache import Say
from orpose_models.runtime.engine_loading import load_graphs
from orpose_models.runtime.glance import HINT, best, glance_size, hints_at_large, with_large
from orpose_models.runtime.graph import Graph
from orpose_models.vocabulary.cameras import Camera
from orpose_models.vocabulary.faces import hide_faces
from orpose_models.vocabulary.poses import Poses
from orpose_models.vocabulary.resolution import Size, resize_fast
from orpose_models.vocabulary.similarity import SILHOUETTE

STAGES = ("preprocess", "network", "decoding", "lifting")
CODEC = Codec()


class _Way(NamedTuple):
    """By which network an image is seen, and in which size; and in which size "network" sees it again, if need be."""

    network: str
    size: Size
    glance: Size | None


@dataclass(eq=False)
class RuntimeStudent:
    """A light student (`model_format.pose_model.PoseModel`), whatever computes its graphs.

    Attributes:
        name: what to call it.
        sha256: identifies weights, graphs and settings.
        engine: what computes it.
        config: its branches and input sizes.
        graphs: those of `model_format.manifest.graphs_of`.
        calibration: is applied to the keypoint scores, but not to those of the branches; None for none.
        chosen: how the engine was chosen, where it was not named.
        batch: see `pose_model.BatchModel`; 0 while it is not known.
        timings: seconds that each of `STAGES` took in the latest `predict` or `predict_all`.
    """

    name: str
    sha256: str
    engine: str
    config: OneStageConfig
    graphs: Mapping[str, Graph]
    calibration: Calibration | None = None
    chosen: str = ""
    batch: int = 0
    timings: dict[str, float] = field(default_factory=lambda: dict.fromkeys(STAGES, 0.0))
    _known: set[_Way] = field(default_factory=set, init=False, repr=False)

    def predict(
        self,
        image: NDArray[np.uint8],
        full_size: Size | None = None,
        camera: Camera | None = None,
        min_score: float = 0.0,
    ) -> Poses:
        """Find the persons; see `PoseModel.predict`. An unknown camera is guessed."""
        return self.predict_all([View(image, full_size, camera)], min_score)[0]

    def predict_all(self, views: Sequence[View], min_score: float = 0.0) -> list[Poses]:
        """Find the persons of several images; those of one size at the network's input are computed in one call."""
        self.timings = timings = dict.fromkeys(STAGES, 0.0)
        found: list[Poses] = [Poses.empty()] * len(views)
        ways, least = [self._way(view) for view in views], min(min_score, HINT)
        for way in dict.fromkeys(ways):
            those = [i for i, other in enumerate(ways) if other == way]
            images = [views[i].image for i in those]
            persons = self._look(way.network, way.size, images, min_score if way.glance is None else least, timings)
            if way.glance is not None:
                persons = self._glance(way, images, persons, least, timings)
                persons = [best(one, min_score) for one in persons]
            for i, one in zip(those, persons, strict=True):
                found[i] = self._poses(one, views[i], way.size, timings)
        return found

    def _way(self, view: View) -> _Way:
        seen = view.image.shape[1], view.image.shape[0]
        network = SMALL if self.config.is_small(seen) else "network"
        return _Way(network, self.config.input_size(view.full, seen), glance_size(self.config, view.full, seen))

    def _look(
        self, network: str, size: Size, images: Sequence[NDArray[np.uint8]], min_score: float, timings: dict[str, float]
    ) -> list[Persons]:
        """The persons of each image, seen in this size."""
        with _timed(timings, "preprocess"):
            given = np.stack([resize_fast(image, size) for image in images])
        with _timed(timings, "network"):
            answers = self.graphs[network](given)
        with _timed(timings, "decoding"):
            return [CODEC.decode(Answer(*parts), min_score) for parts in zip(*answers, strict=True)]

    def _glance(
        self,
        way: _Way,
        images: Sequence[NDArray[np.uint8]],
        persons: Sequence[Persons],
        min_score: float,
        timings: dict[str, float],
    ) -> list[Persons]:
        """The persons of both looks, see `glance`.

        The first images of a way are all looked at twice, so that engines which are built for every size are built
        before somebody comes near; those that are built for every number of images, too, are given one at a time.
        """
        assert way.glance is not None
        near = [hints_at_large(one, way.size) for one in persons]
        looked = [i for i in range(len(images)) if near[i] or way not in self._known]
        self._known.add(way)
        pictures = [images[i] for i in looked]
        seen = self._look("network", way.glance, pictures, min_score, timings) if pictures else []
        glanced = dict(zip(looked, seen, strict=True))
        return [with_large(one, way.size, glanced[i], way.glance) if near[i] else one for i, one in enumerate(persons)]

    def _poses(self, persons: Persons, view: View, size: Size, timings: dict[str, float]) -> Poses:
        if not len(persons.scores):
            return Poses.empty()
        with _timed(timings, "lifting"):
            joints3d = self._lift(persons, (view.camera or Camera.from_fov(*view.full)).resized(*size))
        areas = SILHOUETTE * np.prod(persons.boxes[:, 2:] - persons.boxes[:, :2], axis=1)
        scores = [hide_faces(persons.keypoints[0], scores, areas) for scores in persons.keypoint_scores]
        # A network of one branch has its scores for both.
        found = Found(persons.boxes, persons.scores, persons.keypoints[0], scores[0], scores[1], scores[-1], joints3d)
        return poses_of(found, size, view.full, self.calibration)

    def _lift(self, persons: Persons, camera: Camera) -> NDArray[np.float32]:
        """Joints (n, 17, 3): the mean of the branches' answers, NaN where none has any."""
        keypoints, scores = persons.keypoints[1:], persons.keypoint_scores[1:]
        branches, n = scores.shape[:2]

        def network(values: NDArray[np.float64], form: str) -> NDArray[np.float32]:
            """Rows are persons and their mirror images, each of all branches in turn."""
            rows = np.where(np.isnan(values), 0, values).astype(np.float32).reshape(2, branches, n, -1).swapaxes(0, 1)
            given = [
                rows.reshape(branches, 2 * n, -1)
                if name == form
                else np.empty((branches, 0, LENGTHS[name]), np.float32)
                for name in FORMS
            ]
            joints = np.asarray(self.graphs["lifters"](*given)[FORMS.index(form)])
            return joints.reshape(branches, 2, n, *joints.shape[2:]).swapaxes(0, 1).reshape(-1, *joints.shape[2:])

        lifter = Lifter({form: partial(network, form=form) for form in FORMS}, "")
        answers = lifter.lift(keypoints.reshape(-1, *keypoints.shape[2:]), scores.reshape(-1, scores.shape[2]), camera)
        answers = answers.reshape(branches, n, *answers.shape[1:])
        known = np.isfinite(answers)
        count = known.sum(axis=0)
        total = np.where(known, answers, 0).sum(axis=0)
        return np.where(count > 0, total / np.maximum(count, 1), np.nan).astype(np.float32)


def student_of(
    manifest: Manifest, identity: str, engine: str, graphs: Mapping[str, Graph], where: str | Path = ""
) -> RuntimeStudent:
    """A student by what its manifest says.

    Raises:
        OrposeError: its calibration is none; `where` names the file.
    """
    return RuntimeStudent(
        manifest.name, identity, engine, manifest.config, graphs, calibration_in(manifest.info, where)
    )


def load_runtime_student(
    folder: str | Path, engine: str, threads: int | None = None, say: Say = lambda text: None
) -> RuntimeStudent:
    """Load an exported folder; `say` is told what takes long.

    Raises:
        OrposeError: it is none, a file is corrupt, or the engine cannot run it.
    """
    folder = Path(folder)
    manifest, identity = read_manifest(folder)
    graphs = load_graphs(engine, folder, graphs_of(manifest.config), threads, say)
    if manifest.schema_version < BATCHED:
        graphs["network"] = one_by_one(graphs["network"])
    if threads is not None:
        cv2.setNumThreads(threads)
    return student_of(manifest, identity, engine, graphs, folder / MANIFEST)


def one_by_one(graph: Graph) -> Graph:
    """A graph for images (n, ...) by one that takes a single one and says nothing of how many."""

    def run(*arrays: NDArray[np.uint8]) -> list[NDArray]:
        (images,) = arrays
        answers = [graph(images[i : i + 1]) for i in range(len(images))]
        return [np.stack(parts) for parts in zip(*answers, strict=True)]

    return run


@contextmanager
def _timed(timings: dict[str, float], stage: str) -> Iterator[None]:
    start = perf_counter()
    yield
    timings[stage] += perf_counter() - start
