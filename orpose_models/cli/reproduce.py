"""`orpose reproduce`: the paper's tables on the simulated operating room."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from orpose_models.cli.console import new_console, say
from orpose_models.cli.progress import progress_bar
from orpose_models.vocabulary.errors import OrposeError

if TYPE_CHECKING:
    from rich.progress import TaskID

    from orpose_models.lab.reproduction.making import Report
    from orpose_models.lab.reproduction.rows import Row
    from orpose_models.lab.reproduction.workplace import Workplace

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
    from orpose_models.lab.reproduction.rows import choose
    from orpose_models.lab.reproduction.workplace import Workplace

    chosen = ReproduceConfig.read(config)
    given = {"data": data, "labels": labels, "everyday": everyday}
    chosen = chosen.model_copy(update={name: path for name, path in given.items() if path is not None})
    place = Workplace(chosen, out, results)
    rows = choose(row or [])
    if list_:
        for one in rows:
            console.print(f"{one.name}: {_state(place, one)}", soft_wrap=True)
        return
    failed = [] if documents else _make(place, rows)
    _document(place)
    if failed:
        raise OrposeError(f"not made: {', '.join(failed)}; the same command tries again")


def _document(place: "Workplace") -> None:
    from orpose_models.lab.reproduction.results_page import write_documents

    document = write_documents(place, lambda text: say(console, "documents", text))
    console.print(f"tables, curves and pictures -> {document}", soft_wrap=True)


def _make(place: "Workplace", rows: "tuple[Row, ...]") -> list[str]:
    """Make the rows that are missing; the names of those that could not be made."""
    from orpose_models.lab.reproduction.making import make_row
    from orpose_models.lab.reproduction.stages import prepare

    missing = [one for one in rows if not place.record(one).exists()]
    for one in rows:
        if one not in missing:
            say(console, one.name, _state(place, one), "bold")
    failed = []
    for one in missing:
        try:
            if one.trained:
                place.train_config(one)  # a mistake in it is found before rendering and labelling
            prepare(place, (one,), lambda text: console.print(text))
            with _shown() as report:
                make_row(place, one, report)
        except OrposeError as error:  # the other rows can still be made
            say(console, one.name, error, "bold red")
            failed.append(one.name)
            continue
        say(console, one.name, _state(place, one), "bold")
    return failed


def _state(place: "Workplace", row: "Row") -> str:
    """What is there of a row."""
    from orpose_models.lab.reproduction.row_record import RowRecord
    from orpose_models.lab.reproduction.workplace import unlike

    path = place.record(row)
    if not path.exists():
        begun = (place.folder(row) / "sessions.json").exists()
        return "begun, not done" if begun else "missing"
    record = RowRecord.load(path)
    figures = [
        f"{factor:g}x {value:.3f}"
        for factor in place.config.evaluation.scales
        if (value := record.value(factor, "keypoint AP")) is not None
    ]
    text = f"done; keypoint AP {', '.join(figures)}"
    if other := unlike(record, place, row):
        named = "; ".join(f"{name} was {old!r}, is {new!r} now" for name, (old, new) in other.items())
        text += f". It was made with other settings ({named}) and is kept; to make it anew, remove {path}"
    return text


@contextmanager
def _shown() -> "Iterator[Report]":
    """A progress bar per piece of work; a line a minute where there is no terminal."""
    said = 0.0
    with progress_bar(console) as progress:
        tasks: dict[str, TaskID] = {}
        shown: dict[str, int] = {}

        def report(what: str, done: int, total: int, remark: str) -> None:
            nonlocal said
            description = f"{what} {remark}".strip()
            if what not in tasks:
                tasks[what] = progress.add_task(description, total=total, completed=done)
            progress.update(tasks[what], completed=done, description=description)
            due = done != shown.get(what) and (done == total or time.monotonic() - said > _SAY_EVERY)
            shown[what] = done
            if not console.is_terminal and due:
                said = time.monotonic()
                console.print(f"{description}: {done} of {total}")

        yield report
