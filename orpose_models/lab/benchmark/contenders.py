"""What is measured: a model of this project, or a peer, on an engine and a number of threads."""

import sys
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

from orpose_models.lab.benchmark.yolo_layouts import check_graph
from orpose_models.model_format.engines import ENGINES, EVERYWHERE, GRAPH_ENGINES, PROCESSOR
from orpose_models.runtime.engine_loading import why_not
from orpose_models.vocabulary.errors import OrposeError
from orpose_models.vocabulary.installing import pip_install

Kind = Literal["model", "paper-student", "keypoint-rcnn", "yolo", "mediapipe"]


@dataclass(frozen=True)
class Contender:
    """One row of the benchmark; every one runs in processes of its own.

    Attributes:
        kind: 'model' of this project by name, or which peer.
        source: the model's name, the short side of a Keypoint R-CNN, or the YOLO graph's file.
        engine: what computes it; None for whatever it comes with.
        threads: how many it is given.
        python: the interpreter that it runs in.
        note: what a reader must know about how it was made comparable.
    """

    kind: Kind
    source: str
    engine: str | None
    threads: int
    python: str = sys.executable
    note: str = ""

    @property
    def name(self) -> str:
        """Without engine and threads."""
        names = {
            "model": Path(self.source).stem if self.source.endswith(".safetensors") else Path(self.source).name,
            "paper-student": "the paper's student",
            "keypoint-rcnn": f"Keypoint R-CNN R50 {self.source}",
            "yolo": Path(self.source).stem,
            "mediapipe": "MediaPipe Pose",
        }
        return names[self.kind]

    @property
    def keeps(self) -> bool:
        """Whether its engine keeps what it makes of a model for the next start."""
        return self.engine is not None and ENGINES[self.engine].cached

    @property
    def label(self) -> str:
        """Tells the contenders of a run apart."""
        engine = f", {self.engine}" if self.engine else ""
        return f"{self.name}{engine}, {self.threads} thread{'s' if self.threads > 1 else ''}"


def usable_engines() -> list[str]:
    """The engines that can be used on this machine, but for those that may choose the processor themselves."""
    chosen = [name for name, engine in ENGINES.items() if engine.library == "torch" or name in EVERYWHERE]
    chosen += [name for name, engine in ENGINES.items() if PROCESSOR not in engine.device]
    return [name for name in ENGINES if name in chosen and why_not(name) is None]


def own_contenders(models: list[str], engines: list[str] | None, threads: list[int]) -> list[Contender]:
    """Every model on every engine with every number of threads.

    Args:
        engines: None for all that can be used here.

    Raises:
        OrposeError: an engine is unknown or cannot be used.
    """
    there = usable_engines() if engines is None else []
    for engine in engines or []:
        if engine not in ENGINES:
            raise OrposeError(f"engine {engine!r} is not known; choose one of: {', '.join(ENGINES)}")
        if reason := why_not(engine):
            raise OrposeError(reason)
    return [
        Contender("model", model, engine, count) for model in models for engine in engines or there for count in threads
    ]


def peer_contenders(threads: int) -> list[Contender]:
    """The networks that torchvision and this project have anyway, with random weights.

    Raises:
        OrposeError: torch or torchvision is not installed.
    """
    if find_spec("torch") is None or find_spec("torchvision") is None:
        raise OrposeError(f"the peers need torch and torchvision: {pip_install('train')}")
    note = "random weights; its best N boxes pass whatever their score, so that N persons are processed"
    return [
        *(Contender("keypoint-rcnn", side, "torch", threads, note=note) for side in ("320", "800")),
        Contender("paper-student", "paper", "torch", threads, note=f"{note}; from the image to 2D and 3D"),
    ]


def yolo_contenders(file: Path, engines: list[str] | None, threads: int) -> list[Contender]:
    """An Ultralytics pose graph on ONNX Runtime and OpenVINO.

    Raises:
        OrposeError: there is no such file, or its layout is not one that is read.
    """
    check_graph(file)
    # In 8 bit there are graphs of the project's own only.
    graphs = [name for name in GRAPH_ENGINES if ENGINES[name].precision != "int8"]
    wanted = [engine for engine in engines or usable_engines() if engine in graphs]
    note = "2D only; with its preparation of the image and non-maximum suppression; its best N boxes are taken"
    return [Contender("yolo", str(file), engine, threads, note=note) for engine in wanted]


def mediapipe_contender(python: str, threads: int) -> Contender:
    """MediaPipe's pose solution, run by the interpreter of an environment that has it."""
    note = "one call a person on a crop around them; finding the persons is not included; chooses its threads itself"
    return Contender("mediapipe", "", None, threads, python=python, note=note)


def rivals(
    peers: bool, graphs: list[Path], engines: list[str] | None, mediapipe: str | None, threads: int
) -> list[Contender]:
    """All that models of this project are compared with: torch's networks, YOLO graphs, MediaPipe, where asked for."""
    return [
        *(peer_contenders(threads) if peers else []),
        *(one for graph in graphs for one in yolo_contenders(graph, engines, threads)),
        *([mediapipe_contender(mediapipe, threads)] if mediapipe else []),
    ]
