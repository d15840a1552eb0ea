"""`orpose bag play`: a recording on ROS topics."""

from pathlib import Path
from typing import Annotated

import typer

from orpose_models.cli.console import new_console, say
from orpose_models.vocabulary.errors import OrposeError

console = new_console(stderr=True)


def play(
    bag: Annotated[Path, typer.Argument(help="The bag: its folder, or one .mcap or .db3 file.")],
    rate: Annotated[float, typer.Option(min=0.01, max=100, help="How many times as fast as recorded.")] = 1.0,
    loop: Annotated[bool, typer.Option(help="Begin again at the end.")] = False,
    topic: Annotated[list[str] | None, typer.Option(help="Play only this topic; may be given several times.")] = None,
    remap: Annotated[
        list[str] | None, typer.Option(metavar="FROM:=TO", help="Publish a topic under another name.")
    ] = None,
    depth: Annotated[int, typer.Option(min=1, help="Queue depth of the publishers.")] = 10,
    wait: Annotated[
        float, typer.Option(min=0, help="Wait for a subscriber at most this many seconds before beginning.")
    ] = 0.0,
    restamp: Annotated[
        bool, typer.Option(help="Set header stamps to the time of publication, as a live camera would.")
    ] = False,
) -> None:
    """Publish a bag's messages on ROS topics, byte for byte, at the times at which they were recorded."""
    from orpose_models.datasets.bags.reader import open_bag

    opened = open_bag(bag)
    try:
        from orpose_ros.tools.bag_player import PlayPlan, play_bag
    except ImportError as error:
        raise OrposeError(
            f"playing needs ROS 2, which is not in this environment ({error}); on ROS from pip wheels run: "
            "source tools/ros_env.sh; else source your ROS installation"
        ) from None
    plan = PlayPlan(rate, loop, tuple(topic or ()), _remaps(remap or []), depth, wait, restamp)
    summary = play_bag(opened, plan, lambda note: console.print(note, soft_wrap=True))
    for problem in opened.problems:
        say(console, "not read", problem)
    console.print(summary)
    if opened.problems:
        raise typer.Exit(1)


def _remaps(texts: list[str]) -> dict[str, str]:
    remaps = {}
    for text in texts:
        old, separator, new = text.partition(":=")
        if not (separator and old and new):
            raise OrposeError(f"--remap {text!r} is not of the form FROM:=TO")
        remaps[old] = new
    return remaps
