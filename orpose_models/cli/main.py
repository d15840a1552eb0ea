"""The command `orpose`, without the verbs that need ROS (`orpose_ros.tools.command`).

Each verb lives in a module of its own that imports heavy libraries only when it runs.
"""

import os
import sys

import typer

from orpose_models import __version__
from orpose_models.cli.adapt import adapt
from orpose_models.cli.bag import app as bag
from orpose_models.cli.benchmark import benchmark
from orpose_models.cli.card import card
from orpose_models.cli.console import new_console, say, show_log
from orpose_models.cli.evaluate import evaluate
from orpose_models.cli.export import export
from orpose_models.cli.fetch import fetch
from orpose_models.cli.fuse import fuse
from orpose_models.cli.models import models
from orpose_models.cli.predict import predict
from orpose_models.cli.reproduce import reproduce
from orpose_models.cli.review import review
from orpose_models.cli.simulate import simulate
from orpose_models.cli.simulate_encounters import simulate_encounters
from orpose_models.cli.teach import teach
from orpose_models.cli.train import train
from orpose_models.cli.train_lifter import train_lifter
from orpose_models.cli.view import view
from orpose_models.vocabulary.errors import OrposeError, file_problem
from orpose_models.vocabulary.installing import extra_with, pip_install

app = typer.Typer(
    name="orpose",
    help="Camera-only 2D/3D pose of everybody in an operating room.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)


@app.callback(invoke_without_command=True)
def _root(version: bool = typer.Option(False, "--version", help="Print the version and exit.")) -> None:
    if version:
        typer.echo(__version__)
        raise typer.Exit


app.command("fetch")(fetch)
app.command("predict")(predict)
app.add_typer(evaluate, name="evaluate")
app.command("models")(models)
app.command("benchmark")(benchmark)
app.add_typer(bag, name="bag")
app.command("fuse")(fuse)
app.command("view")(view)
app.command("simulate")(simulate)
app.command("simulate-encounters")(simulate_encounters)
app.command("teach")(teach)
app.command("train")(train)
app.command("adapt")(adapt)
app.command("review")(review)
app.command("card")(card)
app.command("train-lifter")(train_lifter)
app.command("export")(export)
app.command("reproduce")(reproduce)


def run(arguments: list[str] | None = None) -> int:
    """Run the command line and return its exit code: 0 done, 2 a user's mistake, 130 interrupted."""
    console = new_console(stderr=True)
    show_log(console)
    try:
        code = app(args=arguments, standalone_mode=True)
        return int(code or 0)
    except SystemExit as stop:
        return int(stop.code or 0) if not isinstance(stop.code, str) else 2
    except OrposeError as error:
        say(console, "error", error, "bold red")
        return 2
    except BrokenPipeError:  # the reader of our output, `head` say, has enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:  # a folder that is a file, no permission, a full disk
        say(console, "error", file_problem(error), "bold red")
        return 2
    except ModuleNotFoundError as error:
        say(console, "error", _how_to_get(str(error.name)), "bold red")
        return 2
    except KeyboardInterrupt:
        console.print("interrupted")
        return 130


def _how_to_get(module: str) -> str:
    """What to install for a module that is not there."""
    if module.startswith("orpose_models.lab"):
        return "this verb is of the laboratory, which is not installed: pip install '.[lab]' in the checkout"
    if module.startswith(("orpose_", "rclpy")):
        return (
            f"this verb needs ROS 2 and the built packages, and {module} is not there; docs/node.md says how to build"
        )
    return f"this verb needs {module}: {pip_install(extra_with(module))}"


def main() -> None:
    """Entry point of the console script."""
    sys.exit(run())
