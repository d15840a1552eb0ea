"""What computes graphs: loads them on an engine of the table, and never on another one."""

import os
from collections.abc import Callable, Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from threading import Lock
from typing import Any

from numpy.typing import NDArray

from orpose_models.model_format.engines import DEFAULT_ENGINE, ENGINES, Engine
from orpose_models.model_format.manifest import QUANTISED, SMALL
from orpose_models.runtime import onnxruntime_graphs, openvino_graphs
from orpose_models.runtime.engine_cache import Say, built
from orpose_models.runtime.free_memory import give_back_memory
from orpose_models.runtime.graph import Graph, Job, Shapes
from orpose_models.vocabulary.errors import OrposeError, reason_of


class DeviceError(OrposeError):
    """A device failed while it computed: it is lost, say, or its memory is full. It has to be loaded anew."""


# By library: (job, engine, folder for what it makes or None, shapes of the inputs or None) -> the graph.
_OPEN: Mapping[str, Callable[[Job, Engine, Path | None, Shapes | None], Graph]] = {
    "onnxruntime": onnxruntime_graphs.open_graph,
    "openvino": openvino_graphs.open_graph,
}
# By library: why the engine cannot be used on this machine; None if it can. And what its caches depend on.
_MISSING = {"onnxruntime": onnxruntime_graphs.missing, "openvino": openvino_graphs.missing}
_DRIVER = {"onnxruntime": onnxruntime_graphs.driver, "openvino": openvino_graphs.driver}


def why_not(name: str) -> str | None:
    """Why an engine cannot be used on this machine, in one sentence; None if nothing is known to be missing."""
    engine = ENGINES[name]
    if not engine.installed:
        return f"engine {name!r} is not installed: {engine.to_install}"
    what = _MISSING[engine.library](engine) if engine.library in _MISSING else None
    if what is None:
        return None
    needs = f"it needs {engine.driver}, and: " if engine.driver else ""
    return f"engine {name!r} cannot be used: {what}; {needs}{engine.to_install}"


def processors() -> int:
    """How many processors this process may use."""
    count = getattr(os, "sched_getaffinity", None)
    return len(count(0)) if count else os.cpu_count() or 1


def load_graph(name: str, job: Job, say: Say = lambda text: None) -> Graph:
    """Load a graph on an engine.

    Args:
        name: one of `model_format.engines.GRAPH_ENGINES`.
        job: what to load.
        say: told what takes long, in sentences.

    Raises:
        OrposeError: the engine is not there, or cannot run the graph. When it is called: it cannot
            compute; `DeviceError` if that is another device than the processor.
    """
    if reason := why_not(name):
        raise OrposeError(reason)
    engine = ENGINES[name]

    def opened(shapes: Shapes | None) -> Graph:
        def make(folder: Path | None) -> Graph:
            return _OPEN[engine.library](job, engine, folder, shapes)

        try:
            if not engine.cached:
                return make(None)
            key = {"model": job.identity, "engine": name, "driver": _DRIVER[engine.library](engine)}
            return built(name, {**key, "shapes": shapes, "threads": job.threads}, make, say)
        except OrposeError as error:
            raise OrposeError(f"engine {name!r} {error}") from None
        except Exception as error:
            raise OrposeError(f"engine {name!r} cannot run the model ({_first_line(error)})") from None
        finally:
            give_back_memory()

    failure = OrposeError if engine.on_processor else DeviceError
    graph = _ByShape(opened) if engine.fixed_shapes else opened(None)

    def run(*arrays: NDArray[Any]) -> Sequence[NDArray[Any]]:
        try:
            return graph(*arrays)
        except OrposeError as error:
            raise failure(str(error) if name in str(error) else f"engine {name!r} {error}") from None
        except Exception as error:  # libraries have no common class for it
            raise failure(f"engine {name!r} ({engine.device}) failed while it computed: {_first_line(error)}") from None

    return run


class _ByShape:
    """A graph that is opened anew for every shape of its inputs."""

    def __init__(self, opened: Callable[[Shapes], Graph]) -> None:
        self._opened = opened
        self._graphs: dict[Shapes, Graph] = {}

    def __call__(self, *arrays: NDArray[Any]) -> Sequence[NDArray[Any]]:
        shapes = tuple(array.shape for array in arrays)
        if shapes not in self._graphs:
            self._graphs[shapes] = self._opened(shapes)
        return self._graphs[shapes](*arrays)


def load_graphs(
    engine: str, folder: Path, names: Sequence[str], threads: int | None, say: Say = lambda text: None
) -> dict[str, Graph]:
    """Load the graphs of an exported student.

    The lifters, which are small and are asked about nobody at times, run on the processor whatever the device.

    Args:
        engine: one of `model_format.engines.GRAPH_ENGINES`.
        folder: checked by `manifest.read_manifest`.
        names: of the graphs.
        threads: how many threads they may use; None for all cores.
        say: told what takes long.

    Raises:
        OrposeError: the engine is not there, or cannot run the graphs; that of small images may say so at its first
            use.
    """
    count = threads or processors()
    entry = ENGINES[engine]

    def load(name: str) -> Graph:
        file = folder / (f"{name}-int8.onnx" if entry.precision == "int8" and name in QUANTISED else f"{name}.onnx")
        on = engine if entry.on_processor or name in QUANTISED else DEFAULT_ENGINE
        return load_graph(on, Job(file, _identity(file) if ENGINES[on].cached else "", count), say)

    def named(name: str) -> Graph:
        try:
            return load(name)
        except OrposeError as error:
            raise OrposeError(str(error) if why_not(engine) else f"{folder}: {error}") from None

    # Who sees only large images need not have the network for small ones in memory, unless it takes long to build.
    return {name: _AtFirstUse(named, name) if name == SMALL and not entry.cached else named(name) for name in names}


class _AtFirstUse:
    """A graph that is loaded when it is first called."""

    def __init__(self, load: Callable[[str], Graph], name: str) -> None:
        self._load, self._name = load, name
        self._graph: Graph | None = None
        self._turn = Lock()

    def __call__(self, *arrays: NDArray[Any]) -> Sequence[NDArray[Any]]:
        with self._turn:
            if self._graph is None:
                self._graph = self._load(self._name)
        return self._graph(*arrays)


def _identity(file: Path) -> str:
    """Of a graph with its weights, which lie in files beside it."""
    digest = sha256(file.read_bytes())
    for path in sorted(file.parent.glob("*.safetensors")):
        digest.update(f"{path.name} {path.stat().st_size}".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _first_line(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    told = [line for line in lines if not line.startswith("Exception from")]
    return (told or lines or [reason_of(error)])[0]
