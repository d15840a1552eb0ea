"""`orpose simulate-encounters`: long simulated scenes of people who cross each other's way, for measuring ids."""

from pathlib import Path
from typing import Annotated

import typer

from orpose_models.cli.console import new_console
from orpose_models.cli.progress import progress_bar
from orpose_models.vocabulary.errors import OrposeError


def simulate_encounters(
    out: Annotated[Path, typer.Argument(help="Folder for all scenes.")],
    scenes: Annotated[int, typer.Option(min=1, help="How many scenes, of three to six people.")] = 10,
    seconds: Annotated[float, typer.Option(min=1, max=600, help="How long each is.")] = 60.0,
    rate: Annotated[float, typer.Option(min=1, max=60, help="Moments a second.")] = 10.0,
    cameras: Annotated[int, typer.Option(min=1, max=3, help="How many cameras look on.")] = 1,
    split: Annotated[str, typer.Option(help="Whose rooms, bodies, outfits and motions: train, val or test.")] = "test",
    seed: Annotated[int, typer.Option(help="Decides every byte.")] = 0,
) -> None:
    """Render scenes in which people walk about, stop, and pass before and behind each other.

    Each scene is a folder with pictures, depth, annotations with lasting person_id, the cameras' places, and a bag. One
    that is there already is left alone, so that an interrupted run goes on with the next.
    """
    from orpose_models.lab.simulation.encounter_run import render_encounter
    from orpose_models.lab.simulation.rendering import Renderer, prepare_environment
    from orpose_models.lab.simulation.splits import SPLITS

    chosen = next((name for name in SPLITS[:3] if name == split), None)
    if chosen is None:
        raise OrposeError(f"split {split!r} has no operating rooms; choose one of: {', '.join(SPLITS[:3])}")
    prepare_environment()
    console = new_console(stderr=True)
    renderer = Renderer()
    with progress_bar(console) as progress:
        task = progress.add_task("moments", total=scenes * round(seconds * rate))
        for number in range(scenes):
            render_encounter(
                out, chosen, seed, number, seconds, rate, cameras, renderer, lambda: progress.advance(task, 1)
            )
            progress.update(task, completed=(number + 1) * round(seconds * rate))
    renderer.close()
    console.print(f"{scenes} scenes -> {out}", soft_wrap=True)
