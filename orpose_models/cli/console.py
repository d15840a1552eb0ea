"""What the command line says."""

from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from orpose_models.vocabulary.package_log import forward_log


def new_console(stderr: bool = False) -> Console:
    """A console that prints text as it is: names of files may hold brackets, which rich would read as markup."""
    return Console(stderr=stderr, highlight=False, markup=False)


def say(console: Console, label: str, text: object, style: str = "yellow") -> None:
    """Print 'label: text' on a line of its own, however long, with the label in a style."""
    console.print(Text.assemble((f"{label}:", style), f" {text}"), soft_wrap=True)


def figures_table(title: str, rows: Iterable[tuple[str, str, int]], columns: Mapping[str, Mapping[str, Any]]) -> Table:
    """Figures of each column by key, '-' where one is None; of each row there are the label, the key, the decimals."""
    table = Table("", *columns, title=title)
    for label, key, digits in rows:
        table.add_row(label, *(number(figures[key], digits) for figures in columns.values()))
    return table


def number(value: float | None, digits: int) -> str:
    """A figure with so many decimals; '-' for none."""
    return "-" if value is None else f"{value:.{digits}f}"


def show_log(console: Console) -> None:
    """Print what the package logs from now on, as notes and warnings."""
    forward_log(partial(say, console, "note"), partial(say, console, "warning"))
