"""The packaged teacher: CenterNet boxes, MoveNet keypoints and the project's own lifter, on ONNX Runtime alone."""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256

from orpose_models.files.assets import read_verified
from orpose_models.lifting.runtime import load_lifter
from orpose_models.teacher.centernet import CenterNet
from orpose_models.teacher.movenet import MoveNet
from orpose_models.teacher.person_boxes import PersonDetector, ViewSet
from orpose_models.teacher.person_keypoints import PersonKeypoints
from orpose_models.teacher.teacher import Teacher
from orpose_models.teacher.tfjs import Graph, parse_graph
from orpose_models.vocabulary.errors import OrposeError


@dataclass(frozen=True)
class Preset:
    """How thoroughly the teacher looks. See `PersonDetector` and `PersonKeypoints` for the meaning of the values."""

    name: str
    view_sets: tuple[ViewSet, ...]
    scales: tuple[float, ...]
    flip: bool
    view_threshold: float = 0.05
    threshold: float = 0.1
    max_persons: int = 30
    iou_threshold: float = 0.55
    margin: float = 0.15
    conflict_oks: float = 0.5


_WHOLE = (ViewSet(384, flip=True), ViewSet(512, flip=True), ViewSet(640, flip=True))

PRESETS: Mapping[str, Preset] = {
    "full": Preset("teacher", _WHOLE, scales=(0.9, 1.0, 1.1), flip=True),
    "fast": Preset("teacher-fast", (ViewSet(512),), scales=(1.0,), flip=False, threshold=0.15, max_persons=12),
    "tiles": Preset("teacher-tiles", (*_WHOLE, ViewSet(640, tiles=2)), scales=(0.9, 1.0, 1.1), flip=True),
}


def load_packaged_teacher(preset: str = "full", threads: int | None = None) -> Teacher:
    """Load the packaged teacher.

    Args:
        preset: one of `PRESETS`.
        threads: how many threads each network may use; None for one per core.

    Raises:
        OrposeError: no such preset, or weights are missing or corrupt; says what to run.
    """
    if preset not in PRESETS:
        raise OrposeError(
            f"preset {preset!r} of the packaged teacher is not known; choose one of: {', '.join(PRESETS)}"
        )
    chosen = PRESETS[preset]
    centernet = CenterNet(packaged_graph("centernet"), threads)
    movenet = MoveNet(packaged_graph("movenet-lightning"), threads)
    lifter = load_lifter()
    parts = [centernet.sha256, movenet.sha256, lifter.sha256, repr(chosen)]
    return Teacher(
        name=chosen.name,
        sha256=sha256("\n".join(parts).encode()).hexdigest(),
        detector=PersonDetector(
            centernet,
            chosen.view_sets,
            chosen.view_threshold,
            chosen.threshold,
            chosen.max_persons,
            chosen.iou_threshold,
        ),
        keypoint_estimator=PersonKeypoints(movenet, chosen.scales, chosen.flip, chosen.margin, chosen.conflict_oks),
        lifter=lifter,
    )


def packaged_graph(name: str) -> Graph:
    """The graph of a fetched network, 'centernet' or 'movenet-lightning', its files verified.

    Raises:
        OrposeError: it is not fetched, or corrupt.
    """
    topology, weights = (read_verified(name, f"{name}.{suffix}") for suffix in ("json", "bin"))
    return parse_graph(topology, [weights], name)
