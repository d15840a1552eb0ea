"""The command `orpose`: the verbs of `orpose_models.cli` and those that need ROS."""

import sys


def main() -> None:
    """Entry point of the console script."""
    try:
        from orpose_models.cli.bag import app as bag
        from orpose_models.cli.main import app, run
        from orpose_ros.tools.benchmark_verb import benchmark_node
        from orpose_ros.tools.demo_verb import demo
        from orpose_ros.tools.play_verb import play
    except ModuleNotFoundError as error:  # a robot may have what the node needs and no more
        sys.exit(f"error: the command orpose needs {error.name}: pip install -r requirements/command.txt")
    bag.command("play")(play)
    app.command("benchmark-node")(benchmark_node)
    app.command("demo")(demo)
    sys.exit(run())
