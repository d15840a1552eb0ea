"""`orpose card`: the card of a student."""

from pathlib import Path
from typing import Annotated

import typer

from orpose_models.cli.console import new_console
from orpose_models.vocabulary.installing import needed_for


def card(
    model: Annotated[Path, typer.Argument(help="A student's FILE.safetensors, or a folder made by orpose export.")],
    labels: Annotated[list[Path] | None, typer.Option(help="Labels that it was trained on; may be repeated.")] = None,
    results: Annotated[
        list[Path] | None,
        typer.Option(
            help="Its figures: evaluation.json, footage.json, the report of evaluate calibrate; may be repeated."
        ),
    ] = None,
    note: Annotated[list[str] | None, typer.Option(help="A further limit, one sentence; may be repeated.")] = None,
    out: Annotated[Path | None, typer.Option(help="The card (default: docs/models/NAME.md).")] = None,
) -> None:
    """Write a model card from what the model says of itself and from its figures; what is missing is said.

    A card that knows more is replaced only if --out names it.
    """
    with needed_for("a card", "train"):
        import torch  # noqa: F401
    from orpose_models.training.card_subject import read_subject
    from orpose_models.training.model_card import write_card

    written = write_card(read_subject(model), labels or [], results or [], note or [], out)
    new_console().print(f"{written}", soft_wrap=True)
