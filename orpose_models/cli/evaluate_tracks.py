"""`orpose evaluate tracks`: do persons keep their ids? Recorded poses against annotations with lasting numbers."""

from pathlib import Path
from typing import Annotated

import typer
from rich.box import SIMPLE
from rich.table import Table

from orpose_models.cli.console import new_console, number, say
from orpose_models.cli.evaluate_run import Threshold
from orpose_models.vocabulary.errors import OrposeError

_COLUMNS = (
    ("people", "people", 0), ("persons", "persons", 0), ("IDF1", "idf1", 3), ("IDP", "id_precision", 3),
    ("IDR", "id_recall", 3), ("switches", "switches", 0), ("missed", "misses", 0), ("false", "false_persons", 0),
)  # fmt: skip


def evaluate_tracks(
    bag: Annotated[list[Path], typer.Option(help="Bag with the poses; may be repeated, once for each --truth.")],
    truth: Annotated[
        list[str], typer.Option(help="Annotations with person_id and stamp_ns: a file in COCO's layout, or sim:FOLDER.")
    ],
    camera: Annotated[str | None, typer.Option(help="Only annotated images of this camera_name.")] = None,
    threshold: Threshold = 0.3,
    out: Annotated[Path | None, typer.Option(help="Write the figures as JSON.")] = None,
) -> None:
    """Measure lasting ids in bags, as `orpose bag run` or the node left them: IDF1 and id switches by py-motmetrics."""
    from orpose_models.datasets.bags.reader import open_bag
    from orpose_models.datasets.by_name import DATASETS, open_dataset
    from orpose_models.evaluation.identity_bags import followed_bag
    from orpose_models.evaluation.lasting_ids import CONVENTIONS, Followed, identity_figures
    from orpose_models.files.disk import write_json

    if len(bag) != len(truth):
        raise OrposeError(f"{len(bag)} bags and {len(truth)} annotations: give --truth once for each --bag, in order")
    sequences: list[Followed] = []
    for path, name in zip(bag, truth, strict=True):
        known = name.partition(":")[0] in DATASETS
        dataset = open_dataset(name if known else f"coco:{name}", None)
        dataset = dataset if camera is None else dataset.of_camera(camera)
        sequences.append(followed_bag(f"{path.parent.name}/{path.name}", dataset, open_bag(path)))
    figures = identity_figures(sequences, threshold)
    console = new_console()
    table = Table("", *(label for label, _, _ in _COLUMNS), title="lasting ids", box=SIMPLE, padding=(0, 1, 0, 0))
    for name, one in figures.items():
        table.add_row(name, *(number(one[key], digits) for _, key, digits in _COLUMNS))
    console.print(table)
    for key, text in CONVENTIONS.items():
        say(console, key, text, "bold")
    if out is not None:
        document = {"kind": "orpose-identity", "schema_version": 1, "threshold": threshold, "figures": figures}
        write_json(out, {**document, "conventions": dict(CONVENTIONS)}, indent=1)
