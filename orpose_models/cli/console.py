"""What the command line says."""

from rich.console import Console
from rich.text import Text


def new_console(stderr: bool = False) -> Console:
    """A console that prints text as it is: names of files may hold brackets, which rich would read as markup."""
    return Console(stderr=stderr, highlight=False, markup=False)


def say(console: Console, label: str, text: object, style: str = "yellow") -> None:
    """Print 'label: text' on a line of its own, however long, with the label in a style."""
    console.print(Text.assemble((f"{label}:", style), f" {text}"), soft_wrap=True)
