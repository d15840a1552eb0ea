"""`orpose evaluate bag`: recorded poses against annotations, matched by time stamp."""

from pathlib import Path
from typing import Annotated

import typer

from orpose_models.cli.console import new_console, say
from orpose_models.cli.evaluate_run import Draws, Images, Seed, Threshold, show


def evaluate_bag(
    bag: Annotated[Path, typer.Option(help="Bag with the poses: its folder, or one .mcap or .db3 file.")],
    truth: Annotated[str, typer.Option(help="Annotations with stamp_ns per image: a file in COCO's layout.")],
    topic: Annotated[str | None, typer.Option(help="Topic of the 2D poses (default: the only one).")] = None,
    camera: Annotated[str | None, typer.Option(help="Only annotated images of this camera_name.")] = None,
    tolerance_ms: Annotated[float, typer.Option(min=0, help="By how much stamps may differ.")] = 0.0,
    images: Images = None,
    out: Annotated[Path | None, typer.Option(help="Folder for the results (default: out/evaluation/BAG).")] = None,
    threshold: Threshold = 0.3,
    bootstrap: Draws = 1000,
    seed: Seed = 0,
    details: Annotated[bool, typer.Option(help="Print the break-downs too.")] = False,
) -> None:
    """Measure the poses of a bag, as `orpose bag run` or the node left them, against annotated images."""
    from orpose_models.evaluation.bag_poses import match_recorded
    from orpose_models.evaluation.candidates import Candidate, evaluate_candidates
    from orpose_models.evaluation.evaluate import Settings

    dataset, match, problems = match_recorded(bag, truth, images, topic, camera, round(tolerance_ms * 1e6))
    console = new_console(stderr=True)
    for sentence in match.sentences(dataset):
        console.print(sentence, soft_wrap=True)
    for problem in problems:
        say(console, "not read", problem)
    folder = out or Path("out/evaluation") / bag.stem
    candidate = Candidate(bag.stem, bag, match.predictions)
    show(evaluate_candidates(dataset, [candidate], Settings(threshold, bootstrap, seed), folder), folder, details)
