"""What computes the graphs of an exported student: ONNX Runtime or OpenVINO."""

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from orpose_models.model_format.manifest import GRAPHS, QUANTISED
from orpose_models.vocabulary.errors import OrposeError

# Arrays in the order of the graph's inputs to arrays in the order of its outputs.
Graph = Callable[..., Sequence[NDArray[np.float32]]]


def _onnxruntime(folder: Path, threads: int, quantised: Sequence[str] = ()) -> dict[str, Graph]:
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
        file = f"{name}-int8.onnx" if name in quantised else f"{name}.onnx"
        session = ort.InferenceSession(folder / file, options, providers=["CPUExecutionProvider"])
        inputs = [node.name for node in session.get_inputs()]
        return lambda *arrays: session.run(None, dict(zip(inputs, arrays, strict=True)))

    return {name: load(name) for name in GRAPHS}


def _openvino(folder: Path, threads: int, precision: str = "f32") -> dict[str, Graph]:
    try:
        import openvino as ov
    except ImportError:
        raise OrposeError("engine 'openvino' is not installed: pip install -r requirements/openvino.txt") from None

    core = ov.Core()
    settings = {
        "INFERENCE_NUM_THREADS": threads,
        "NUM_STREAMS": 1,
        "PERFORMANCE_HINT": "LATENCY",
        "INFERENCE_PRECISION_HINT": precision,
        "CPU_DENORMALS_OPTIMIZATION": False,  # it would change how the whole program computes
    }

    def load(name: str) -> Graph:
        request = core.compile_model(folder / f"{name}.onnx", "CPU", settings).create_infer_request()

        def run(*arrays: NDArray[np.float32]) -> list[NDArray[np.float32]]:
            results = request.infer(list(arrays), share_inputs=True, share_outputs=False)
            return [np.asarray(value) for value in results.values()]

        return run

    return {name: load(name) for name in GRAPHS}


# By name: (folder, threads) -> a callable for each of `GRAPHS`.
ENGINES: Mapping[str, Callable[[Path, int], dict[str, Graph]]] = {
    "onnxruntime": _onnxruntime,
    "onnxruntime-int8": lambda folder, threads: _onnxruntime(folder, threads, QUANTISED),
    "openvino": _openvino,
    "openvino-bf16": lambda folder, threads: _openvino(folder, threads, "bf16"),
}


def load_graphs(engine: str, folder: Path, threads: int | None) -> dict[str, Graph]:
    """Load the graphs of an exported student.

    Args:
        engine: one of `ENGINES`.
        folder: checked by `parts.read_manifest`.
        threads: how many threads they may use; None for all cores.

    Raises:
        OrposeError: the engine is not installed, or cannot run the graphs.
    """
    count = threads or len(os.sched_getaffinity(0))
    try:
        return ENGINES[engine](folder, count)
    except OrposeError:
        raise
    except Exception as error:
        raise OrposeError(f"{folder}: engine {engine!r} cannot run the model ({_first_line(error)})") from None


def _first_line(error: Any) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
