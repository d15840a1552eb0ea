"""`orpose evaluate`: measure models and predictions."""

import typer

from orpose_models.cli.evaluate_bag import evaluate_bag
from orpose_models.cli.evaluate_calibrate import evaluate_calibrate
from orpose_models.cli.evaluate_compare import evaluate_compare
from orpose_models.cli.evaluate_footage import evaluate_footage
from orpose_models.cli.evaluate_lifter import evaluate_lifter
from orpose_models.cli.evaluate_room import evaluate_room_verb
from orpose_models.cli.evaluate_run import evaluate_run
from orpose_models.cli.evaluate_tracks import evaluate_tracks

evaluate = typer.Typer(help="Measure models and predictions; every figure with its convention.", no_args_is_help=True)
evaluate.command("run")(evaluate_run)
evaluate.command("bag")(evaluate_bag)
evaluate.command("compare")(evaluate_compare)
evaluate.command("calibrate")(evaluate_calibrate)
evaluate.command("lifter")(evaluate_lifter)
evaluate.command("footage")(evaluate_footage)
evaluate.command("tracks")(evaluate_tracks)
evaluate.command("room")(evaluate_room_verb)
