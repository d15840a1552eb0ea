"""Graphs on OpenVINO: on the processor, on Intel's GPU or NPU, or on what OpenVINO chooses."""

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from threading import local
from typing import Any

import numpy as np
from numpy.typing import NDArray

from orpose_models.model_format.engines import Engine
from orpose_models.runtime.graph import Job, Shapes
from orpose_models.runtime.signal_stack import kept_signal_stack
from orpose_models.vocabulary.errors import OrposeError

_HINTS = {"float32": "f32", "bfloat16": "bf16", "float16": "f16"}


@kept_signal_stack()
def missing(engine: Engine) -> str | None:
    """What the engine lacks on this machine; None if nothing is known to be missing."""
    if engine.on_processor or engine.target == "AUTO":
        return None
    import openvino as ov

    core = ov.Core()
    there = {name.partition(".")[0] for name in core.available_devices}
    if engine.target in there:
        return None
    try:
        core.get_property(engine.target, "FULL_DEVICE_NAME")
    except Exception as error:  # of a class that says nothing
        if found := re.search(r"(\S+\.so[.\d]*): cannot open", str(error)):
            return f"there is no {engine.device} ({Path(found.group(1)).name} is missing)"
    return f"there is no {engine.device}"


@kept_signal_stack()
def driver(engine: Engine) -> str:
    """What things built for the engine depend on: versions of library, devices and drivers."""
    import openvino as ov

    core = ov.Core()
    devices = [name for name in core.available_devices if engine.target in ("AUTO", name.partition(".")[0])]
    told = [f"{name} {core.get_property(name, 'FULL_DEVICE_NAME')} {_version(core, name)}" for name in devices]
    return f"openvino {ov.__version__}, {', '.join(told)}"


def _version(core: Any, device: str) -> str:
    names = [name for name in core.get_property(device, "SUPPORTED_PROPERTIES") if name.endswith("DRIVER_VERSION")]
    return " ".join(str(core.get_property(device, name)) for name in names)


@kept_signal_stack()
def open_graph(
    job: "Job", engine: Engine, folder: Path | None, shapes: "Shapes | None"
) -> Callable[..., Sequence[NDArray[Any]]]:
    """A compiled model; see `onnxruntime_graphs.open_graph`.

    Raises:
        OrposeError: it would run on another device; the message goes on after the engine's name.
    """
    import openvino as ov

    core = ov.Core()
    model = core.read_model(job.model)
    if shapes is not None:
        model.reshape({port: list(shape) for port, shape in zip(model.inputs, shapes, strict=True)})
    compiled = core.compile_model(model, engine.target, _settings(engine, job, folder))
    devices = [str(name) for name in compiled.get_property("EXECUTION_DEVICES")]
    if engine.target != "AUTO" and not any(name.startswith(engine.target) for name in devices):
        raise OrposeError(f"does not come up: OpenVINO would run on {', '.join(devices)} instead; see {engine.driver}")
    # A request holds the arrays of one call.
    own = local()

    def run(*arrays: NDArray[Any]) -> list[NDArray[Any]]:
        if not hasattr(own, "request"):
            own.request = compiled.create_infer_request()
        results = own.request.infer(
            [np.ascontiguousarray(array) for array in arrays], share_inputs=True, share_outputs=False
        )
        return [np.asarray(value) for value in results.values()]

    return run


def _settings(engine: Engine, job: "Job", folder: Path | None) -> dict[str, Any]:
    settings: dict[str, Any] = {"PERFORMANCE_HINT": "LATENCY"}
    if engine.target != "NPU":  # which computes as it likes
        settings["INFERENCE_PRECISION_HINT"] = _HINTS[engine.precision]
    if engine.target == "CPU":
        settings |= {
            "INFERENCE_NUM_THREADS": job.threads * job.callers,
            "NUM_STREAMS": job.callers,
            "CPU_DENORMALS_OPTIMIZATION": False,  # it would change how the whole program computes
        }
    if folder is not None:
        settings["CACHE_DIR"] = str(folder)
    return settings
