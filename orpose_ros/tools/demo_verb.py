"""`orpose demo`: real footage through bag, player, DDS and node, to pictures."""

from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from orpose_models.cli.console import new_console
from orpose_models.cli.progress import reporting
from orpose_models.vocabulary.errors import OrposeError
from orpose_models.vocabulary.resolution import MAX_FACTOR, MIN_FACTOR

console = new_console()


def demo(
    out: Annotated[Path, typer.Option(help="Folder for the results.")] = Path("out/demo"),
    model: Annotated[str | None, typer.Option(help="Which model (default: the node's).")] = None,
    downsample: Annotated[
        float, typer.Option(min=MIN_FACTOR, max=MAX_FACTOR, help="Reduce the image by this factor first.")
    ] = 1.0,
    rate: Annotated[
        float, typer.Option(min=0.01, max=10, help="How fast to play the footage of 60 images a second.")
    ] = 0.1,
    view: Annotated[
        bool,
        typer.Option("--view", help="Show it live in the browser; the address is printed, and is open to the end."),
    ] = False,
) -> None:
    """Play footage of several people to the ROS node and draw the poses that arrive.

    Fetches weights and footage on first use (`orpose fetch`). Exit code 0 means that poses with persons
    arrived over DDS.
    """
    try:
        from orpose_ros.tools.demo import demonstrate
    except ImportError as error:
        raise OrposeError(
            f"the demo needs ROS 2 and the built packages ({error}); run: make demo, or: "
            "make build; source tools/ros_env.sh"
        ) from None
    with reporting(console) as reporter:
        demonstrate(out, model, downsample, rate, partial(console.print, soft_wrap=True), reporter, view)
