"""The command `orpose`: the verbs of `orpose_models.cli` and those that need ROS."""

import os
import signal
import sys
from types import FrameType


def main() -> None:
    """Entry point of the console script."""
    heard = signal.getsignal(signal.SIGINT) is signal.default_int_handler  # who ignores it goes on doing so
    if heard:
        signal.signal(signal.SIGINT, _stop)
    try:
        from orpose_models.cli.bag import app as bag
        from orpose_models.cli.main import app, run
        from orpose_ros.tools.benchmark_verb import benchmark_node
        from orpose_ros.tools.demo_verb import demo
        from orpose_ros.tools.play_verb import play
    except ModuleNotFoundError as error:  # a robot may have what the node needs and no more
        from orpose_models.vocabulary.installing import pip_install

        sys.exit(f"error: the command orpose needs {error.name}: {pip_install('command')}")
    bag.command("play")(play)
    app.command("benchmark-node")(benchmark_node)
    app.command("demo")(demo)
    if heard:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    sys.exit(run())


def _stop(number: int, frame: FrameType | None) -> None:
    """End at once: while libraries are imported an exception may come to nothing, or to a traceback."""
    os.write(2, b"interrupted\n")
    os._exit(130)
