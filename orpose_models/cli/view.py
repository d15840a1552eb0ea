"""`orpose view`: a recording of a room in the browser."""

from pathlib import Path
from typing import Annotated

import typer

from orpose_models.cli.console import new_console, say


def view(
    bag: Annotated[Path, typer.Argument(help="A bag with the persons of a room, as orpose fuse makes it.")],
    host: Annotated[str, typer.Option(help="Address to bind to; another than this machine's own needs --token.")] = (
        "127.0.0.1"
    ),
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port; 0 for any free one.")] = 8642,
    token: Annotated[str, typer.Option(help="What readers must add to the address as ?token=...")] = "",
    speed: Annotated[float, typer.Option(min=0.01, max=100, help="How many times as fast as it was taken.")] = 1.0,
    repeat: Annotated[bool, typer.Option(help="Begin anew at the end; else the page is closed then.")] = True,
    rerun: Annotated[bool, typer.Option("--rerun", help="Instead: show it in the Rerun viewer, if installed.")] = False,
) -> None:
    """Play a recording of a room on a local page: people in space, ids, rates and health. Ctrl-C ends it.

    The page is read-only, loads nothing from elsewhere, and is open to this machine alone.
    """
    from orpose_models.datasets.bags.room_bag import open_room
    from orpose_models.view.playing import log_to_rerun, play
    from orpose_models.view.server import ViewServer
    from orpose_models.view.state import ViewState

    console = new_console(stderr=True)
    opened, topic = open_room(bag)
    if rerun:
        console.print(f"{log_to_rerun(opened, topic)} moments shown")
        return
    state = ViewState(f"orpose: {bag.name}")
    server = ViewServer(state, host, port, token)
    try:
        console.print(f"{bag.name} is shown on {server.address}", soft_wrap=True)
        while True:
            moments = play(opened, topic, state, speed)
            if not repeat or not moments:
                break
    finally:
        server.close()
    for problem in opened.problems:
        say(console, "left out", problem)
