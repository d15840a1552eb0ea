"""Graphs on ONNX Runtime: on the processor, or on the device of one of its execution providers."""

import ctypes
import json
import os
import platform
import re
from collections.abc import Callable, Sequence
from contextlib import redirect_stdout
from io import StringIO
from itertools import count
from pathlib import Path
from tempfile import gettempdir
from threading import Lock
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from orpose_models.model_format.engines import Engine
from orpose_models.runtime.graph import Job, Shapes
from orpose_models.runtime.signal_stack import kept_signal_stack
from orpose_models.vocabulary.errors import OrposeError

if TYPE_CHECKING:
    import onnxruntime


_PROCESSOR = "CPUExecutionProvider"
_CUDA, _TENSORRT = "CUDAExecutionProvider", "TensorrtExecutionProvider"
# The part of ONNX Runtime that holds a provider, which needs the libraries of the device's maker.
_PARTS = {_CUDA: "cuda", _TENSORRT: "tensorrt"}
_QUIET, _WARNINGS = 4, 2
_numbers = count()
_sharing = Lock()
_shared = False


def missing(engine: Engine) -> str | None:
    """What the engine lacks on this machine; None if nothing is known to be missing."""
    import onnxruntime as ort

    if engine.target == _PROCESSOR:
        return None
    if engine.target not in ort.get_available_providers():
        if engine.target == "CoreMLExecutionProvider" and platform.system() != "Darwin":
            return f"this is {platform.system()}"
        return f"the ONNX Runtime that is installed ({ort.__version__}) is without {engine.target}"
    return _missing_library(engine.target) if engine.target in _PARTS else None


def _missing_library(provider: str) -> str | None:
    """The shared library that is not there, in words."""
    import onnxruntime as ort

    try:
        ctypes.CDLL("libcuda.so.1")
    except OSError:
        return "NVIDIA's driver is not installed (libcuda.so.1 is missing)"
    if hasattr(ort, "preload_dlls"):
        with redirect_stdout(StringIO()):
            ort.preload_dlls()  # those that lie in Python packages
    folder = Path(ort.__file__).parent / "capi"
    try:
        ctypes.CDLL(str(folder / "libonnxruntime_providers_shared.so"), ctypes.RTLD_GLOBAL)
        ctypes.CDLL(str(folder / f"libonnxruntime_providers_{_PARTS[provider]}.so"))
    except OSError as error:
        return f"{_library_of(str(error))} is missing"
    return None


def _library_of(message: str) -> str:
    found = re.search(r"(\S+\.so[.\d]*): cannot open", message)
    return found.group(1) if found else message


def driver(engine: Engine) -> str:
    """What things built for the engine depend on: versions of library, driver and device."""
    import onnxruntime as ort

    return f"onnxruntime {ort.__version__}, {_nvidia() if engine.target in _PARTS else platform.version()}"


def _nvidia() -> str:
    cuda = ctypes.CDLL("libcuda.so.1")
    version, name, device = ctypes.c_int(), ctypes.create_string_buffer(128), ctypes.c_int()
    if cuda.cuInit(0):
        return "no NVIDIA GPU"
    cuda.cuDriverGetVersion(ctypes.byref(version))
    cuda.cuDeviceGet(ctypes.byref(device), 0)
    cuda.cuDeviceGetName(name, len(name), device)
    return f"CUDA {version.value}, {name.value.decode(errors='replace')}"


@kept_signal_stack()
def open_graph(
    job: "Job", engine: Engine, folder: Path | None, shapes: "Shapes | None"
) -> Callable[..., Sequence[NDArray[Any]]]:
    """A session on the engine's provider.

    Args:
        job: the graph.
        engine: of the table.
        folder: for what the provider makes of the graph; None to keep nothing.
        shapes: of the inputs, if it is to run with these only.

    Raises:
        OrposeError: the session does not run on the provider; the message goes on after the engine's name.
    """
    import onnxruntime as ort

    options = session_options(job.threads)
    if engine.target != _PROCESSOR:
        options.enable_profiling = True
        options.profile_file_prefix = str(Path(gettempdir()) / f"orpose-{os.getpid()}-{next(_numbers)}")
    if shapes is not None:
        for name, size in _sizes(job, shapes):
            options.add_free_dimension_override_by_name(name, size)
    chosen: list[Any] = [(engine.target, _settings(engine.target, job.threads, folder))]
    chosen += [(_CUDA, _settings(_CUDA, job.threads, None))] if engine.target == _TENSORRT else []
    chosen += [_PROCESSOR] if engine.target != _PROCESSOR else []
    # What goes wrong is raised here; on its own the library would print it and go on with the processor.
    ort.set_default_logger_severity(_QUIET)
    try:
        session = ort.InferenceSession(job.model, options, providers=chosen, enable_fallback=0)
    finally:
        ort.set_default_logger_severity(_WARNINGS)
    if session.get_providers()[0] != engine.target:
        raise OrposeError(
            f"does not come up: ONNX Runtime would run on {session.get_providers()[0]} instead; "
            f"it needs {engine.driver or 'a device'}, and: {engine.to_install}"
        )
    inputs = [node.name for node in session.get_inputs()]

    def run(*arrays: NDArray[Any]) -> Sequence[NDArray[Any]]:
        return session.run(None, dict(zip(inputs, arrays, strict=True)))

    return run if engine.target == _PROCESSOR else _Watched(session, engine, run)


class _Watched:
    """A session whose first call shows whether the device computes: a provider may come up and then take nothing."""

    def __init__(self, session: Any, engine: Engine, run: Callable[..., Sequence[NDArray[Any]]]) -> None:
        self._session, self._engine, self._run = session, engine, run
        self._seen = False
        self._first = Lock()

    def __call__(self, *arrays: NDArray[Any]) -> Sequence[NDArray[Any]]:
        if self._seen:
            return self._run(*arrays)
        with self._first:
            answer = self._run(*arrays)
            if not self._seen:
                self._check(Path(self._session.end_profiling()))
                self._seen = True
        return answer

    def _check(self, profile: Path) -> None:
        events = json.loads(profile.read_text())
        profile.unlink()
        ran = [str(event.get("args", {}).get("provider", "")) for event in events if event.get("cat") == "Node"]
        if self._engine.target not in ran:
            raise OrposeError(
                f"computes nothing: ONNX Runtime runs all of the graph on the processor; it needs "
                f"{self._engine.driver or self._engine.device}"
            )


def session_options(threads: int) -> "onnxruntime.SessionOptions":
    """How all sessions use the processor."""
    import onnxruntime as ort

    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    # Threads that wait by spinning take the processor from whatever else the robot does.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    # A plan of memory for every size of image would add its own block to what is there; portions are found as fast.
    _share_memory()
    options.enable_mem_pattern = False
    options.add_session_config_entry("session.use_env_allocators", "1")
    # Work is dealt out in small portions, so that a thread held up by another program does less of it.
    options.add_session_config_entry("session.dynamic_block_base", "4")
    return options


def _share_memory() -> None:
    """Have the sessions of this process use one pool of memory, which grows by what is asked for, not to twice."""
    import onnxruntime as ort

    global _shared
    with _sharing:
        if _shared:
            return
        place = ort.OrtMemoryInfo("Cpu", ort.OrtAllocatorType.ORT_ARENA_ALLOCATOR, 0, ort.OrtMemType.DEFAULT)
        as_requested = 1
        try:
            ort.create_and_register_allocator(place, ort.OrtArenaCfg(0, as_requested, -1, -1))
        except RuntimeError as error:
            # Older versions refuse a second one: whoever uses this package may have registered theirs, which serves.
            if "already" not in str(error):
                raise
        _shared = True


def _settings(provider: str, threads: int, folder: Path | None) -> dict[str, str]:
    kept = str(folder) if folder is not None else ""
    if provider == _CUDA:
        # Single precision as processors have it; convolutions are not tried out anew for every size of image.
        return {"use_tf32": "0", "cudnn_conv_algo_search": "HEURISTIC"}
    if provider == _TENSORRT:
        cache = {"trt_engine_cache_enable": "1", "trt_engine_cache_path": kept, "trt_timing_cache_enable": "1"}
        return {"trt_fp16_enable": "1", **({**cache, "trt_timing_cache_path": kept} if kept else {})}
    if provider == "CoreMLExecutionProvider":
        settings = {"ModelFormat": "MLProgram", "MLComputeUnits": "ALL", "RequireStaticInputShapes": "1"}
        return settings | ({"ModelCacheDirectory": kept} if kept else {})
    if provider == "OpenVINOExecutionProvider":
        settings = {"device_type": "AUTO:CPU", "precision": "FP32", "num_of_threads": str(threads)}
        return settings | ({"cache_dir": kept} if kept else {})
    return {}


def _sizes(job: "Job", shapes: "Shapes") -> list[tuple[str, int]]:
    """Names of the sizes that the graph leaves open, with those of the inputs."""
    import onnxruntime as ort

    quick = ort.SessionOptions()
    quick.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    nodes = ort.InferenceSession(job.model, quick, providers=[_PROCESSOR]).get_inputs()
    return [
        (name, size)
        for node, shape in zip(nodes, shapes, strict=True)
        for name, size in zip(node.shape, shape, strict=True)
        if isinstance(name, str)
    ]
