"""`orpose models`: what `--model` can be."""

from rich.table import Table

from orpose_models.cli.console import new_console


def models() -> None:
    """List the models by name."""
    from orpose_models.registry.models import MODELS, shipped_models
    from orpose_models.registry.own_models import own_models, proof_of

    table = Table("name", "what it is")
    for name in shipped_models():
        table.add_row(name, "light student, trained on simulated and real recordings: for real time on processors")
    for name, folder in own_models().items():
        said = proof_of(folder).get("summary")
        table.add_row(name, f"your own: {said}" if said else "your own; nothing was measured of it")
    for name, (description, _) in MODELS.items():
        table.add_row(name, description)
    new_console().print(table)
