"""`orpose models`: what `--model` and `--engine` can be."""

from typing import Annotated

import typer
from rich.table import Table

from orpose_models.cli.console import new_console


def models(
    check: Annotated[
        bool, typer.Option("--auto", help="Load the shipped student as engine auto does, and say what it takes.")
    ] = False,
) -> None:
    """List the models and the engines by name, and which engines can be used here."""
    from orpose_models.model_format.engines import ENGINES
    from orpose_models.registry.models import DEFAULT_MODEL, MODELS, load_model, shipped_models
    from orpose_models.registry.own_models import own_models, proof_of
    from orpose_models.runtime.engine_loading import why_not

    output = new_console()
    table = Table("model", "what it is")
    for name in shipped_models():
        table.add_row(name, "light student, trained on simulated and real recordings: for real time on processors")
    for name, folder in own_models().items():
        said = proof_of(folder).get("summary")
        table.add_row(name, f"your own: {said}" if said else "your own; nothing was measured of it")
    for name, (description, _) in MODELS.items():
        table.add_row(name, description)
    output.print(table)
    table = Table("engine", "runs on", "numbers", "here")
    missing = {name: reason for name in ENGINES if (reason := why_not(name)) is not None}
    for name, engine in ENGINES.items():
        table.add_row(name, engine.device, engine.precision, "no" if name in missing else "yes")
    output.print(table)
    for reason in missing.values():
        output.print(reason, soft_wrap=True)
    if check:
        load_model(DEFAULT_MODEL, engine="auto")  # which says what it takes
