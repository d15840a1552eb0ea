"""What computes the graphs of an exported student: ONNX Runtime or OpenVINO."""

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from orpose_models.model_format.engines import ENGINES
from orpose_models.model_format.manifest import GRAPHS, QUANTISED
from orpose_models.vocabulary.errors import OrposeError

# Arrays in the order of the graph's inputs to arrays in the order of its outputs.
Graph = Callable[..., Sequence[NDArray[Any]]]


def _onnxruntime(folder: Path, threads: int, precision: str) -> dict[str, Graph]:
    import onnxruntime as ort

    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    # Threads that wait by spinning take the processor from whatever else the robot does.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    # Work is dealt out in small portions, so that a thread held up by another program does less of it.
    options.add_session_config_entry("session.dynamic_block_base", "4")

    def load(name: str) -> Graph:
        file = f"{name}-int8.onnx" if precision == "int8" and name in QUANTISED else f"{name}.onnx"
        session = ort.InferenceSession(folder / file, options, providers=["CPUExecutionProvider"])
        inputs = [node.name for node in session.get_inputs()]
        return lambda *arrays: session.run(None, dict(zip(inputs, arrays, strict=True)))

    return {name: load(name) for name in GRAPHS}


def _openvino(folder: Path, threads: int, precision: str) -> dict[str, Graph]:
    import openvino as ov

    core = ov.Core()
    settings = {
        "INFERENCE_NUM_THREADS": threads,
        "NUM_STREAMS": 1,
        "PERFORMANCE_HINT": "LATENCY",
        "INFERENCE_PRECISION_HINT": {"float32": "f32", "bfloat16": "bf16"}[precision],
        "CPU_DENORMALS_OPTIMIZATION": False,  # it would change how the whole program computes
    }

    def load(name: str) -> Graph:
        request = core.compile_model(folder / f"{name}.onnx", "CPU", settings).create_infer_request()

        def run(*arrays: NDArray[Any]) -> list[NDArray[Any]]:
            results = request.infer(list(arrays), share_inputs=True, share_outputs=False)
            return [np.asarray(value) for value in results.values()]

        return run

    return {name: load(name) for name in GRAPHS}


# By library: (folder, threads, precision) -> a callable for each of `GRAPHS`.
_LIBRARIES: Mapping[str, Callable[[Path, int, str], dict[str, Graph]]] = {
    "onnxruntime": _onnxruntime,
    "openvino": _openvino,
}


def load_graphs(engine: str, folder: Path, threads: int | None) -> dict[str, Graph]:
    """Load the graphs of an exported student.

    Args:
        engine: one of `model_format.engines.GRAPH_ENGINES`.
        folder: checked by `manifest.read_manifest`.
        threads: how many threads they may use; None for all cores.

    Raises:
        OrposeError: the engine is not installed, or cannot run the graphs.
    """
    entry = ENGINES[engine]
    if not entry.installed:
        raise OrposeError(f"engine {engine!r} is not installed: pip install -r requirements/{entry.requirements}")
    try:
        return _LIBRARIES[entry.library](folder, threads or len(os.sched_getaffinity(0)), entry.precision)
    except Exception as error:
        raise OrposeError(f"{folder}: engine {engine!r} cannot run the model ({_first_line(error)})") from None


def _first_line(error: Any) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
