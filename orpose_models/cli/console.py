"""What the command line says."""

import logging

from rich.console import Console
from rich.text import Text


def new_console(stderr: bool = False) -> Console:
    """A console that prints text as it is: names of files may hold brackets, which rich would read as markup."""
    return Console(stderr=stderr, highlight=False, markup=False)


def say(console: Console, label: str, text: object, style: str = "yellow") -> None:
    """Print 'label: text' on a line of its own, however long, with the label in a style."""
    console.print(Text.assemble((f"{label}:", style), f" {text}"), soft_wrap=True)


class ConsoleLog(logging.Handler):
    """Prints what the package logs, such as what an engine builds, as notes and warnings."""

    def __init__(self, console: Console) -> None:
        super().__init__(logging.INFO)
        self._console = console

    def emit(self, record: logging.LogRecord) -> None:
        """Print a record."""
        say(self._console, "warning" if record.levelno >= logging.WARNING else "note", record.getMessage())


def show_log(console: Console) -> None:
    """Print what the package logs from now on."""
    logger = logging.getLogger("orpose_models")
    for handler in [handler for handler in logger.handlers if isinstance(handler, ConsoleLog)]:
        logger.removeHandler(handler)
    logger.addHandler(ConsoleLog(console))
    logger.setLevel(logging.INFO)
