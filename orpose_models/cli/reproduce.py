"""`orpose reproduce`: the paper's tables on the simulated operating room."""

from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from orpose_models.cli.console import new_console, say
from orpose_models.cli.progress import shown_work
from orpose_models.vocabulary.errors import OrposeError

console = new_console(stderr=True)
_SAY_EVERY = 60.0  # seconds, where there is no terminal


def reproduce(
    config: Annotated[Path, typer.Option(help="The experiment: sizes, budget, scales.")] = Path(
        "config/reproduce/light.yaml"
    ),
    out: Annotated[Path, typer.Option(help="Folder of data, labels, checkpoints and predictions.")] = Path(
        "out/reproduce"
    ),
    results: Annotated[Path, typer.Option(help="Folder of the rows' files of results.")] = Path("docs/results"),
    row: Annotated[list[str] | None, typer.Option(help="Only this row; may be repeated.")] = None,
    data: Annotated[
        Path | None, typer.Option(help="Folder with the splits train and test, to be taken as they are.")
    ] = None,
    labels: Annotated[Path | None, typer.Option(help="The teacher's labels of the train split.")] = None,
    everyday: Annotated[Path | None, typer.Option(help="Labels of images that are not of an operating room.")] = None,
    documents: Annotated[
        bool, typer.Option("--documents", help="Only make RESULTS.md and its pictures anew of what is there.")
    ] = False,
    list_: Annotated[bool, typer.Option("--list", help="Say what is done, and do nothing.")] = False,
) -> None:
    """Make the paper's tables 1, 2 and 3 on the simulated operating room's test split.

    Simulates, labels, trains and measures, each once. Every row that is done is kept in RESULTS/ROW.json; the document
    made of them is RESULTS.md. Interrupted in any way, the same command goes on where it stopped.
    """
    from orpose_models.lab.reproduction.reproduce_config import ReproduceConfig
    from orpose_models.lab.reproduction.results_page import write_documents
    from orpose_models.lab.reproduction.row_making import make_rows
    from orpose_models.lab.reproduction.row_plan import Workplace, state_of
    from orpose_models.lab.reproduction.rows import choose

    chosen = ReproduceConfig.read(config)
    given = {"data": data, "labels": labels, "everyday": everyday}
    chosen = chosen.model_copy(update={name: path for name, path in given.items() if path is not None})
    place = Workplace(chosen, out, results)
    rows = choose(row or [])
    if list_:
        for one in rows:
            console.print(f"{one.name}: {state_of(place, one)}", soft_wrap=True)
        return
    failed = (
        [] if documents else make_rows(place, rows, partial(say, console), partial(shown_work, console, _SAY_EVERY))
    )
    document = write_documents(place, lambda text: say(console, "documents", text))
    console.print(f"tables, curves and pictures -> {document}", soft_wrap=True)
    if failed:
        raise OrposeError(f"not made: {', '.join(failed)}; the same command tries again")
