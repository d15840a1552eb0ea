"""The command `orpose`: the verbs of `orpose_models.cli` and those that need ROS."""

import sys

from orpose_models.cli.bag import app as bag
from orpose_models.cli.main import app, run
from orpose_ros.tools.benchmark_verb import benchmark_node
from orpose_ros.tools.demo_verb import demo
from orpose_ros.tools.play_verb import play

bag.command("play")(play)
app.command("benchmark-node")(benchmark_node)
app.command("demo")(demo)


def main() -> None:
    """Entry point of the console script."""
    sys.exit(run())
