"""`orpose fuse`: several calibrated cameras of one room, from recordings."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from orpose_models.cli.console import new_console, say
from orpose_models.cli.options import Downsample, Engine, MaxInputPixels, Model, ScoreThreshold, Threads
from orpose_models.cli.progress import reporting
from orpose_models.files.disk import require_new
from orpose_models.registry.models import DEFAULT_MODEL
from orpose_models.vocabulary.errors import OrposeError

if TYPE_CHECKING:
    from orpose_models.runs.fuse_run import FuseRun

_Rig = Annotated[
    Path | None,
    typer.Option(help="Where the cameras are: YAML (docs/room.md) or .qca.txt (default: the bag's transforms)."),
]


def fuse(
    inputs: Annotated[
        list[Path], typer.Argument(metavar="INPUT...", help="A bag with the images of all cameras, or a video of each.")
    ],
    out: Annotated[Path, typer.Option(help="Folder of the new bag.")] = Path("out/room"),
    rig: _Rig = None,
    frame: Annotated[str, typer.Option(help="The room's frame, z up, among the bag's transforms.")] = "room",
    topic: Annotated[
        list[str] | None, typer.Option(help="Which image topics of the bag; may be repeated (default: all but depth).")
    ] = None,
    tolerance: Annotated[
        float, typer.Option(min=0.0, max=1.0, help="By how many seconds the images of one moment may differ.")
    ] = 0.05,
    single_views: Annotated[bool, typer.Option(help="Keep persons whom one camera alone sees.")] = True,
    zones: Annotated[str, typer.Option(help="Named boxes: YAML or a .yaml file (docs/outputs.md).")] = "",
    zone_distance: Annotated[float, typer.Option(min=0.0, max=20.0, help="Metres that are near a zone.")] = 0.0,
    stride: Annotated[int, typer.Option(min=1, help="Take every n-th image.")] = 1,
    model: Model = DEFAULT_MODEL,
    downsample: Downsample = 1.0,
    max_input_pixels: MaxInputPixels = None,
    score_threshold: ScoreThreshold = 0.3,
    storage: Annotated[str, typer.Option(help="Kind of bag: mcap or sqlite3.")] = "mcap",
    threads: Threads = None,
    engine: Engine = None,
) -> None:
    """Find everybody in a room that several calibrated cameras see, and write poses3d, persons and markers into a bag.

    Positions are metres in the room's frame; ids last over all cameras. No ROS: the same input and model give the same
    bag. Says of each camera how well it agrees with the others, and which was moved.
    Exit code 1 means that some images could not be read, or that a camera is not where the rig says.
    """
    from orpose_models.datasets.bags.writer import chosen_storage
    from orpose_models.datasets.rig_file import FrameTree, read_rig
    from orpose_models.fusion.zones import read_zones
    from orpose_models.registry.pipelines import load_pipeline
    from orpose_models.runs.fuse_run import FusePlan, fuse_recordings
    from orpose_models.runs.recordings import open_recordings, transforms

    kind = chosen_storage(storage)
    require_new(out)
    recordings, bag = open_recordings(inputs, topic or ())
    if rig is None and bag is None:
        raise OrposeError("videos do not say where their cameras are: give --rig, a rig file or a .qca.txt")
    known = read_rig(rig) if rig is not None else None
    tree = transforms(bag) if bag is not None and known is None else FrameTree()
    pipeline = load_pipeline(
        model,
        downsample=downsample,
        max_input_pixels=max_input_pixels,
        score_threshold=score_threshold,
        threads=threads,
        engine=engine,
    )
    plan = FusePlan(
        known, tree, frame, round(tolerance * 1e9), single_views, stride, kind, read_zones(zones), zone_distance
    )
    with reporting(new_console(stderr=True)) as reporter:
        done = fuse_recordings(recordings, out, pipeline, plan, reporter)
    _tell(done, out)


def _tell(done: "FuseRun", out: Path) -> None:
    """Say what came of it.

    Raises:
        typer.Exit: something was left out, or a camera is not where the rig says.
    """
    console = new_console(stderr=True)
    for problem in dict.fromkeys(done.problems):
        say(console, "left out", problem)
    for verdict in done.verdicts:
        say(console, verdict.state, verdict.sentence)
    console.print(
        f"{done.ids} persons, {done.persons} at {done.moments} moments, {done.together} of them seen by several "
        f"cameras -> {out}",
        soft_wrap=True,
    )
    if done.problems or any(verdict.state in ("moved", "disagrees") for verdict in done.verdicts):
        raise typer.Exit(1)
