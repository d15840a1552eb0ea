"""What to install for what is not there: the same words everywhere, for a checkout and for an installed wheel."""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version

from orpose_models.vocabulary.errors import OrposeError

_DISTRIBUTION = "orpose_ros"
# What only these extras install; 'command' has the rest.
_LARGER = {
    "train": ("torch", "torchvision", "onnxscript", "timm", "tensorboard", "mannequin"),
    "lab": ("pyvista", "vtkmodules", "motmetrics", "pandas"),
}


def pip_install(extra: str = "") -> str:
    """The command that installs what the package needs, or an extra of it ('command', 'train', 'lab', 'openvino').

    Where pip knows the package, it is asked for by name, which needs no checkout; elsewhere the checkout is installed.
    """
    extras = f"[{extra}]" if extra else ""
    try:
        version(_DISTRIBUTION)
    except PackageNotFoundError:
        return f'pip install ".{extras}" in the checkout'
    return f'pip install "{_DISTRIBUTION}{extras}"'


def extra_with(module: str) -> str:
    """The smallest extra that installs a module which not every installation has."""
    top = module.partition(".")[0]
    return next((extra for extra, modules in _LARGER.items() if top in modules), "command")


@contextmanager
def needed_for(what: str, extra: str) -> Iterator[None]:
    """Around imports of what only an extra installs.

    Raises:
        OrposeError: a module is not there, or does not load; `what` begins the sentence, such as 'exporting'.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        raise OrposeError(f"{what} needs {error.name}: {pip_install(extra)}") from None
    except ImportError as error:  # a library of the system is missing, or versions do not fit; often without a name
        raise OrposeError(f"{what} needs what is there but does not load ({error}): {pip_install(extra)}") from error
