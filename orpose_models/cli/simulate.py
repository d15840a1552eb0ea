"""`orpose simulate`: images of a simulated operating room with exact ground truth."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from orpose_models.cli.console import new_console
from orpose_models.cli.progress import progress_bar
from orpose_models.vocabulary.errors import OrposeError

if TYPE_CHECKING:
    from orpose_models.lab.simulation.dataset import Layout

console = new_console(stderr=True)


def simulate(
    out: Annotated[Path, typer.Argument(help="Folder for all splits.")],
    split: Annotated[
        str,
        typer.Option(
            help="train, val, test, everyday or difficult; they share no room, body, outfit, motion or light."
        ),
    ],
    images: Annotated[
        int,
        typer.Option(
            min=1,
            help="How many images at least: whole scenes are rendered, each with 4 images of each camera (12 of three "
            "cameras), some without anybody.",
        ),
    ],
    seed: Annotated[int, typer.Option(help="Decides every byte.")] = 0,
    workers: Annotated[int, typer.Option(min=1, help="Processes, each of which keeps one core busy.")] = 2,
    bag: Annotated[
        bool, typer.Option("--bag", help="Also write OUT/SPLIT/bag: synchronised cameras with camera_info.")
    ] = False,
    room: Annotated[
        int | None,
        typer.Option(
            help="All scenes in the room and light of this number, by the same cameras: as a recording of it."
        ),
    ] = None,
    cameras: Annotated[int, typer.Option(min=3, max=8, help="How many cameras a room has.")] = 3,
    sheet: Annotated[bool, typer.Option("--sheet", help="Also write OUT/SPLIT/sheet.jpg, a look at it.")] = False,
) -> None:
    """Render multi-person scenes, annotate them and write COCO-style files.

    An interrupted run goes on where it stopped when the same command is given again; a larger number of
    images adds scenes to those that are there. The ground truth of `train` and `difficult`, more people
    from above and near by, pale on pale, goes to OUT/hidden; that of `everyday`,
    scenes of ordinary life for training what is to be adapted, also to OUT/everyday/labels.json, for orpose train.
    """
    from orpose_models.lab.simulation.dataset import Layout
    from orpose_models.lab.simulation.split_run import scenes_for
    from orpose_models.lab.simulation.split_run import simulate as render
    from orpose_models.lab.simulation.splits import SPLITS, pool

    chosen = next((name for name in SPLITS if name == split), None)
    if chosen is None:
        raise OrposeError(f"split {split!r} is not known; choose one of: {', '.join(SPLITS)}")
    if room is not None and (chosen in ("everyday", "difficult") or room not in pool(chosen)):
        raise OrposeError(f"{room} is no room of the split {chosen}; train, val and test have rooms of their own")
    if cameras > 3 and chosen in ("everyday", "difficult"):
        raise OrposeError(f"the split {chosen} has three cameras of its own; train, val and test have rooms with more")
    layout = Layout(out, chosen, room, cameras)
    scenes = scenes_for(images, layout)
    total = scenes * layout.images_per_scene
    many = f"{scenes} whole scene{'s' if scenes > 1 else ''} of {layout.views} cameras"
    console.print(f"{total} images: {many}; a scene may be without anybody", soft_wrap=True)
    with progress_bar(console) as progress:
        task = progress.add_task(f"{chosen} images", total=total)
        advance = partial(progress.advance, task)
        document = render(out, chosen, images, seed, workers, advance, room, cameras)
    _tell(layout, document, bag, sheet)


def _tell(layout: "Layout", document: dict[str, Any], bag: bool, sheet: bool) -> None:
    """Say what was made, and make what is to be beside it."""
    console.print(f"{_summary(document)} -> {layout.root}", soft_wrap=True)
    if layout.truth_root != layout.root:
        console.print(f"ground truth, not for training -> {layout.annotations}", soft_wrap=True)
    if layout.split == "everyday":
        from orpose_models.lab.simulation.simulated_labels import write_labels

        console.print(f"labels, for orpose train --labels -> {write_labels(layout)}", soft_wrap=True)
    if bag:
        from orpose_models.lab.simulation.simulated_bag import write_bag

        write_bag(layout, layout.root / "bag")
        console.print(f"bag -> {layout.root / 'bag'}", soft_wrap=True)
    if sheet:
        from orpose_models.lab.simulation.contact_sheet import write_contact_sheet

        write_contact_sheet(layout, layout.root / "sheet.jpg")
        console.print(f"contact sheet -> {layout.root / 'sheet.jpg'}", soft_wrap=True)


def _summary(document: dict[str, Any]) -> str:
    persons = sum(not a["iscrowd"] for a in document["annotations"])
    return f"{persons} persons in {len(document['images'])} images"
