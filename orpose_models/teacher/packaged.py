"""The packaged teacher: CenterNet, MoveNet MultiPose and Thunder, the project's own lifter; without torch."""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256

from orpose_models.files.assets import read_verified
from orpose_models.lifting.runtime import load_lifter
from orpose_models.model_format.engines import DEFAULT_ENGINE, ENGINES, GRAPH_ENGINES
from orpose_models.runtime.engine_cache import Say
from orpose_models.teacher.centernet import CenterNet
from orpose_models.teacher.movenet import MoveNet
from orpose_models.teacher.multipose import MultiPose
from orpose_models.teacher.person_boxes import PersonDetector, ViewSet
from orpose_models.teacher.person_finder import PersonFinder
from orpose_models.teacher.person_keypoints import PersonKeypoints
from orpose_models.teacher.teacher import Teacher
from orpose_models.teacher.tfjs import Graph, parse_graph
from orpose_models.teacher.tfjs_onnx import Place
from orpose_models.vocabulary.errors import OrposeError

NETWORKS = ("centernet", "movenet-multipose", "movenet-thunder")


@dataclass(frozen=True)
class Preset:
    """How thoroughly the teacher looks: see `PersonFinder` and `PersonKeypoints` for the meaning of the values."""

    name: str
    centernet: tuple[ViewSet, ...]
    long_sides: tuple[int, ...]
    flip: bool
    small: float
    max_persons: int
    scales: tuple[float, ...] = (1.0,)
    view_threshold: float = 0.05
    threshold: float = 0.2
    iou_threshold: float = 0.55
    second_scale: float = 1.4
    margin: float = 0.15
    conflict_oks: float = 0.5


PRESETS: Mapping[str, Preset] = {
    "full": Preset("teacher", centernet=(ViewSet(640),), long_sides=(352, 768), flip=True, small=96, max_persons=25),
    "fast": Preset("teacher-fast", centernet=(), long_sides=(448,), flip=False, small=0, max_persons=12),
}


def load_packaged_teacher(
    preset: str = "full", threads: int | None = None, engine: str = DEFAULT_ENGINE, say: Say = lambda text: None
) -> Teacher:
    """Load the packaged teacher.

    Args:
        preset: one of `PRESETS`.
        threads: how many threads each network may use; None for one per core.
        engine: what computes the networks; the lifter is small and stays on the processor.
        say: told what takes long.

    Raises:
        OrposeError: no such preset, or the engine cannot be used; weights are missing or corrupt. Says what to do.
    """
    if preset not in PRESETS:
        raise OrposeError(
            f"preset {preset!r} of the packaged teacher is not known; choose one of: {', '.join(PRESETS)}"
        )
    if engine not in GRAPH_ENGINES or ENGINES[engine].precision == "int8":
        raise OrposeError(f"the packaged teacher does not run on engine {engine!r}; choose another one")
    return build_teacher(PRESETS[preset], place=Place(engine, threads, say))


def build_teacher(chosen: Preset, threads: int | None = None, place: Place | None = None) -> Teacher:
    """The teacher of a preset; `place` goes before `threads`."""
    place = place or Place(threads=threads)
    multipose = MultiPose(packaged_graph("movenet-multipose"), place=place)
    thunder = MoveNet(packaged_graph("movenet-thunder"), place=place)
    parts, centernet, lifter = [multipose.sha256, thunder.sha256], None, load_lifter()
    limits = chosen.threshold, chosen.max_persons, chosen.iou_threshold
    if chosen.centernet:
        network = CenterNet(packaged_graph("centernet"), place=place)
        centernet = PersonDetector(network, chosen.centernet, chosen.view_threshold, *limits)
        parts.append(network.sha256)
    return Teacher(
        name=chosen.name,
        sha256=sha256("\n".join([*parts, lifter.sha256, repr(chosen)]).encode()).hexdigest(),
        finder=PersonFinder(
            centernet,
            multipose,
            chosen.long_sides,
            chosen.small,
            chosen.second_scale,
            PersonKeypoints(thunder, chosen.scales, chosen.flip, chosen.margin, chosen.conflict_oks),
            *limits,
        ),
        lifter=lifter,
        engine=place.engine,
    )


def packaged_graph(name: str) -> Graph:
    """The graph of a fetched network, one of `NETWORKS`, its files verified.

    Raises:
        OrposeError: it is not fetched, or corrupt.
    """
    topology, weights = (read_verified(name, f"{name}.{suffix}") for suffix in ("json", "bin"))
    return parse_graph(topology, [weights], name)
