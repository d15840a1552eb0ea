"""The engines that compute an exported student: one table for the command line, the node's parameters and the tests."""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Literal


@dataclass(frozen=True)
class Engine:
    """What computes a model.

    Attributes:
        library: the Python package that does it.
        device: what it runs on.
        precision: of the numbers: 'float32', 'int8' (in part) or 'bfloat16'.
        requirements: the file of `requirements` that installs the library.
        about: what it is good for.
    """

    library: str
    device: Literal["processor", "processor or GPU"]
    precision: Literal["float32", "int8", "bfloat16"]
    requirements: str
    about: str

    @property
    def exact(self) -> bool:
        """Whether it computes what torch does, to rounding; of the others it is reported how far they are off."""
        return self.precision == "float32"

    @property
    def installed(self) -> bool:
        """Whether its library is there."""
        return find_spec(self.library) is not None


ENGINES: Mapping[str, Engine] = {
    "onnxruntime": Engine("onnxruntime", "processor", "float32", "runtime.txt", "the default; needs nothing else"),
    "onnxruntime-int8": Engine(
        "onnxruntime", "processor", "int8", "runtime.txt", "faster on processors with VNNI, not the same numbers"
    ),
    "openvino": Engine("openvino", "processor", "float32", "openvino.txt", "the same graphs on OpenVINO"),
    "openvino-bf16": Engine(
        "openvino",
        "processor",
        "bfloat16",
        "openvino.txt",
        "faster on processors with AVX-512 BF16 or AMX, not the same numbers",
    ),
    "torch": Engine("torch", "processor or GPU", "float32", "train.txt", "the network as it was trained"),
}
DEFAULT_ENGINE = "onnxruntime"
# Those that compute the graphs; torch computes the network itself.
GRAPH_ENGINES = tuple(name for name, engine in ENGINES.items() if engine.library != "torch")
