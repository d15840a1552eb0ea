"""What the command line says."""

from functools import partial

from rich.console import Console
from rich.text import Text

from orpose_models.vocabulary.package_log import forward_log


def new_console(stderr: bool = False) -> Console:
    """A console that prints text as it is: names of files may hold brackets, which rich would read as markup."""
    return Console(stderr=stderr, highlight=False, markup=False)


def say(console: Console, label: str, text: object, style: str = "yellow") -> None:
    """Print 'label: text' on a line of its own, however long, with the label in a style."""
    console.print(Text.assemble((f"{label}:", style), f" {text}"), soft_wrap=True)


def show_log(console: Console) -> None:
    """Print what the package logs from now on, as notes and warnings."""
    forward_log(partial(say, console, "note"), partial(say, console, "warning"))
