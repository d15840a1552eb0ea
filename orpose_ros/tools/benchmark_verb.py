"""`orpose benchmark-node`: what the ROS node adds to its model."""

from pathlib import Path
from typing import Annotated

import typer

from orpose_models.cli.console import new_console
from orpose_models.registry.models import DEFAULT_MODEL
from orpose_models.vocabulary.errors import OrposeError

console = new_console(stderr=True)


def benchmark_node(
    model: Annotated[str, typer.Option(help="Which model.")] = DEFAULT_MODEL,
    threads: Annotated[int, typer.Option(min=1, max=256, help="How many threads the model may use.")] = 2,
    out: Annotated[Path, typer.Option(help="Folder for the results.")] = Path("out/benchmark"),
) -> None:
    """Measure the ROS node: latency, rate, drops and memory, beside its model alone. Writes `node.json`."""
    try:
        from orpose_ros.tools.node_benchmark import measure_node
    except ImportError as error:
        raise OrposeError(
            f"the node's benchmark needs ROS 2 and the built packages ({error}); run: make build; "
            "source tools/ros_env.sh"
        ) from None
    from orpose_models.lab.benchmark.goals import node_verdicts
    from orpose_models.lab.benchmark.timing_tables import goals_sheet, node_sheets

    result = measure_node(model, threads, report=console.print)
    result.save(out / "node.json")
    output = new_console()
    for sheet in (*node_sheets(result), goals_sheet(node_verdicts(result))):
        output.print(sheet.rich())
    console.print(f"{result.seconds:.0f} s -> {out / 'node.json'}", soft_wrap=True)
