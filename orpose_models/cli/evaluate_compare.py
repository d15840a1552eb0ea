"""`orpose evaluate compare`: is B better than A?"""

from pathlib import Path
from typing import Annotated

import typer

from orpose_models.cli.console import new_console


def evaluate_compare(
    a: Annotated[Path, typer.Argument(metavar="A.json", help="An evaluation.json.")],
    b: Annotated[Path, typer.Argument(metavar="B.json", help="Another one, of the same dataset.")],
    bootstrap: Annotated[int, typer.Option(min=2, help="Bootstrap draws.")] = 1000,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the draws.")] = 0,
    out: Annotated[Path | None, typer.Option(help="Write the differences as JSON.")] = None,
) -> None:
    """Compare two evaluations figure by figure: difference and 95 % interval over the same images.

    'B better' is said only where the interval leaves out zero.
    """
    from dataclasses import asdict

    from orpose_models.evaluation.compare import compare
    from orpose_models.evaluation.result import Evaluation
    from orpose_models.evaluation.result_tables import comparison_table
    from orpose_models.files.disk import write_json

    comparisons = compare(Evaluation.load(a), Evaluation.load(b), bootstrap, seed)
    console = new_console()
    for comparison in comparisons:
        console.print(comparison_table(comparison))
    if out is not None:
        document = {"kind": "orpose-comparison", "schema_version": 1, "bootstrap_draws": bootstrap, "seed": seed}
        write_json(out, {**document, "comparisons": [asdict(c) for c in comparisons]}, indent=1)
