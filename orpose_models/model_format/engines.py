"""The engines that compute the project's graphs: one table for the command line, the node's parameters and tests."""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Literal

from orpose_models.vocabulary.installing import pip_install


@dataclass(frozen=True)
class Engine:
    """What computes a model.

    Attributes:
        library: the Python package that does it.
        target: what the library calls the device: an execution provider of ONNX Runtime, a device of OpenVINO.
        device: what it runs on, in words.
        precision: of the numbers: 'float32', 'int8' (in part), 'bfloat16' or 'float16'.
        install: the extra of this package that brings the library, empty where every installation has it; with a
            `distribution`, what `pip install` is given.
        about: what it is good for.
        driver: what the machine needs besides, in words; empty for nothing.
        distribution: the library's distribution, where another one of the same import name would not do.
        fixed_shapes: whether graphs are compiled anew for every shape of their inputs.
        cached: whether what the library makes of a graph is kept in a folder, because making it takes long.
    """

    library: Literal["onnxruntime", "openvino", "torch"]
    target: str
    device: str
    precision: Literal["float32", "int8", "bfloat16", "float16"]
    install: str
    about: str
    driver: str = ""
    distribution: str = ""
    fixed_shapes: bool = False
    cached: bool = False

    @property
    def exact(self) -> bool:
        """Whether it computes what torch does, to rounding; of the others it is reported how far they are off."""
        return self.precision == "float32"

    @property
    def installed(self) -> bool:
        """Whether its library is there; whether that can do it is seen when it is loaded."""
        return find_spec(self.library) is not None

    @property
    def on_processor(self) -> bool:
        """Whether it always runs on the processor."""
        return self.device == PROCESSOR

    @property
    def to_install(self) -> str:
        """The command that installs it."""
        if self.distribution:
            return f"pip install {self.install} (in place of onnxruntime: pip uninstall onnxruntime first)"
        return pip_install(self.install)


PROCESSOR = "processor"
_RUNTIME, _OPENVINO = "", "openvino"
_NVIDIA = "NVIDIA's driver, CUDA and cuDNN"
ENGINES: Mapping[str, Engine] = {
    "onnxruntime": Engine(
        "onnxruntime", "CPUExecutionProvider", PROCESSOR, "float32", _RUNTIME, "the default; needs nothing else"
    ),
    "onnxruntime-int8": Engine(
        "onnxruntime",
        "CPUExecutionProvider",
        PROCESSOR,
        "int8",
        _RUNTIME,
        "faster on processors with VNNI, not the same numbers",
    ),
    "onnxruntime-cuda": Engine(
        "onnxruntime",
        "CUDAExecutionProvider",
        "NVIDIA GPU",
        "float32",
        "onnxruntime-gpu",
        "NVIDIA cards, the same numbers",
        driver=_NVIDIA,
        distribution="onnxruntime-gpu",
    ),
    "onnxruntime-tensorrt": Engine(
        "onnxruntime",
        "TensorrtExecutionProvider",
        "NVIDIA GPU",
        "float16",
        "onnxruntime-gpu tensorrt",
        "NVIDIA cards and Jetson, fastest; builds for minutes at the first start",
        driver=f"{_NVIDIA}, and TensorRT",
        distribution="onnxruntime-gpu",
        fixed_shapes=True,
        cached=True,
    ),
    "onnxruntime-coreml": Engine(
        "onnxruntime",
        "CoreMLExecutionProvider",
        "Apple GPU or Neural Engine",
        "float16",
        _RUNTIME,
        "Macs with Apple's chips",
        driver="macOS 12 or later",
        fixed_shapes=True,
        cached=True,
    ),
    "onnxruntime-openvino": Engine(
        "onnxruntime",
        "OpenVINOExecutionProvider",
        "processor, by OpenVINO",
        "float32",
        "onnxruntime-openvino",
        "where ONNX Runtime is Intel's",
        distribution="onnxruntime-openvino",
        cached=True,
    ),
    "openvino": Engine("openvino", "CPU", PROCESSOR, "float32", _OPENVINO, "the same graphs on OpenVINO"),
    "openvino-bf16": Engine(
        "openvino",
        "CPU",
        PROCESSOR,
        "bfloat16",
        _OPENVINO,
        "faster on processors with AVX-512 BF16 or AMX, not the same numbers",
    ),
    "openvino-gpu": Engine(
        "openvino",
        "GPU",
        "Intel GPU",
        "float16",
        _OPENVINO,
        "Intel's graphics, built in or a card",
        driver="Intel's compute runtime (intel-opencl-icd)",
        cached=True,
    ),
    "openvino-npu": Engine(
        "openvino",
        "NPU",
        "Intel NPU",
        "float16",
        _OPENVINO,
        "Intel Core Ultra: little power",
        driver="Intel's NPU driver (linux-npu-driver)",
        fixed_shapes=True,
        cached=True,
    ),
    "openvino-auto": Engine(
        "openvino",
        "AUTO",
        "Intel processor, GPU or NPU",
        "float32",
        _OPENVINO,
        "OpenVINO chooses the device",
        cached=True,
    ),
    "torch": Engine("torch", "", "processor or GPU", "float32", "train", "the network as it was trained"),
}
DEFAULT_ENGINE = "onnxruntime"
# Tried in this order where the engine is 'auto'; the last runs everywhere.
AUTO = "auto"
AUTO_ORDER = (
    "onnxruntime-tensorrt",
    "onnxruntime-cuda",
    "onnxruntime-coreml",
    "openvino-gpu",
    "openvino-npu",
    DEFAULT_ENGINE,
)
# What a user may ask for.
CHOICES = (AUTO, *ENGINES)
# Those that compute the graphs; torch computes the network itself.
GRAPH_ENGINES = tuple(name for name, engine in ENGINES.items() if engine.library != "torch")
# Those that run wherever their library is installed: what is checked at export, and what tests and benchmarks take.
EVERYWHERE = tuple(name for name in GRAPH_ENGINES if ENGINES[name].on_processor)


def engine_table() -> str:
    """The engines as a Markdown table (docs/runtime.md)."""
    lines = [
        "| engine | runs on | numbers | what it is for | `pip install` | needs besides |",
        "|---|---|---|---|---|---|",
    ]
    for name, engine in ENGINES.items():
        install = engine.install if engine.distribution else f"'.[{engine.install}]'" if engine.install else "."
        columns = (f"`{name}`", engine.device, engine.precision, engine.about, f"`{install}`", engine.driver)
        lines.append("| " + " | ".join(column or "-" for column in columns) + " |")
    return "\n".join(lines) + "\n"
