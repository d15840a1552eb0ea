"""`orpose benchmark`: how fast models are on this machine, beside what others use."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from orpose_models.cli.console import new_console, say
from orpose_models.registry.models import DEFAULT_MODEL
from orpose_models.vocabulary.errors import OrposeError
from orpose_models.vocabulary.resolution import MAX_FACTOR, MIN_FACTOR

if TYPE_CHECKING:
    from orpose_models.lab.benchmark.benchmark_run import Plan

console = new_console(stderr=True)


def benchmark(
    model: Annotated[
        list[str] | None, typer.Option(help="Which model; may be given several times (default: the shipped student).")
    ] = None,
    engine: Annotated[
        list[str] | None, typer.Option(help="Which engine; may be given several times (default: all installed).")
    ] = None,
    threads: Annotated[str, typer.Option(help="Numbers of threads, separated by commas.")] = "1,2",
    persons: Annotated[str, typer.Option(help="Numbers of persons in the pictures.")] = "1,3,5,10",
    downsample: Annotated[str, typer.Option(help="Factors by which the pictures are reduced.")] = "1,8,12",
    repeat: Annotated[int, typer.Option(min=1, help="Timed calls of each configuration.")] = 30,
    peers: Annotated[
        bool, typer.Option(help="Measure torchvision's Keypoint R-CNN and the paper's student, too.")
    ] = False,
    yolo_onnx: Annotated[
        list[Path] | None,
        typer.Option(
            help="An Ultralytics pose graph to measure, too (docs/performance.md); may be given several times."
        ),
    ] = None,
    mediapipe: Annotated[
        str | None, typer.Option(help="Python of an environment with mediapipe, to measure that, too.")
    ] = None,
    robustness: Annotated[bool, typer.Option(help="Measure the model beside busy processes, too.")] = True,
    out: Annotated[Path, typer.Option(help="Folder for the results.")] = Path("out/benchmark"),
    documents: Annotated[
        Path | None, typer.Option(help="Measure nothing; write FOLDER/performance.md from FOLDER/performance/*.json.")
    ] = None,
) -> None:
    """Measure the time of every stage, memory and start-up, all contenders in turn, on pictures with known persons.

    Writes `benchmark.json` and `benchmark.png`. The machine should have nothing else to do.
    """
    if documents is not None:
        from orpose_models.lab.benchmark.performance_page import write_document

        console.print(f"-> {write_document(documents)}", soft_wrap=True)
        return
    from orpose_models.lab.benchmark.benchmark_run import Plan
    from orpose_models.lab.benchmark.contenders import own_contenders, rivals
    from orpose_models.lab.benchmark.staged_pictures import MAX_PERSONS

    counts = _whole_numbers("--threads", threads, 1, 256)
    plan = Plan(
        own_contenders(model or [DEFAULT_MODEL], engine, counts),
        rivals(peers, yolo_onnx or [], engine, mediapipe, max(counts)),
        _whole_numbers("--persons", persons, 0, MAX_PERSONS),
        _numbers("--downsample", downsample, MIN_FACTOR, MAX_FACTOR),
        repeat,
        robustness,
    )
    # Names only: where things lie on this machine is nobody's business.
    named = {"--model": model, "--engine": engine, "--yolo-onnx": yolo_onnx, "--mediapipe": [mediapipe or ""]}
    given = [f"{name} {Path(value).name}" for name, values in named.items() for value in values or [] if value]
    given += [f"--threads {threads} --persons {persons} --downsample {downsample} --repeat {repeat}"]
    given += ["--peers"] * peers + ["--no-robustness"] * (not robustness)
    _run(plan, " ".join(["orpose benchmark", *given]), out)


def _run(plan: "Plan", command: str, out: Path) -> None:
    from orpose_models.files.disk import atomic_path
    from orpose_models.lab.benchmark.benchmark_run import Run
    from orpose_models.lab.benchmark.machine import IDLE_SHARE
    from orpose_models.lab.benchmark.timing_plot import draw
    from orpose_models.lab.benchmark.timing_tables import runtime_sheets

    with _bar() as bar:
        task = bar.add_task("", total=1.0)
        result = Run(
            plan,
            lambda text: say(console, "note", text),
            lambda share, text: bar.update(task, completed=share, description=text),
        )(command)
    persons = plan.reference_case.persons
    result.save(out / "benchmark.json")
    with atomic_path(out / "benchmark.png") as temporary:
        temporary.write_bytes(draw(result, persons))
    output = new_console()
    for sheet in runtime_sheets(result, persons):
        output.print(sheet.rich())
    others = max(result.quiet.others_before, result.quiet.others_during)
    if others > IDLE_SHARE:
        say(console, "warning", f"other processes used {others:.0%} of the processors: these figures say little")
    console.print(f"{result.seconds:.0f} s -> {out / 'benchmark.json'}, {out / 'benchmark.png'}", soft_wrap=True)


def _bar() -> Progress:
    columns = BarColumn(), TimeElapsedColumn(), TimeRemainingColumn(), TextColumn("{task.description}", markup=False)
    return Progress(*columns, console=console, transient=True)


def _numbers(option: str, text: str, low: float, high: float) -> list[float]:
    """Numbers separated by commas, each once, ascending."""
    try:
        numbers = sorted({float(part) for part in text.split(",")})
    except ValueError:
        raise OrposeError(f"{option} takes numbers separated by commas, not {text!r}") from None
    if not all(low <= number <= high for number in numbers):
        raise OrposeError(f"{option} takes numbers from {low:g} to {high:g}, not {text!r}")
    return numbers


def _whole_numbers(option: str, text: str, low: int, high: int) -> list[int]:
    numbers = _numbers(option, text, low, high)
    if not all(number.is_integer() for number in numbers):
        raise OrposeError(f"{option} takes whole numbers, not {text!r}")
    return [int(number) for number in numbers]
