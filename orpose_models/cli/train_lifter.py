"""`orpose train-lifter`: train both lifting networks on synthetic people and write the weights file."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from orpose_models.cli.console import new_console
from orpose_models.cli.progress import progress_bar

if TYPE_CHECKING:
    from orpose_models.lifting.training import TrainingSettings


def train_lifter(
    out: Annotated[Path, typer.Option(help="Folder for checkpoints and weights.")] = Path("runs/lifter"),
    seed: Annotated[int, typer.Option(min=0, help="Seed of samples, initial weights and dropout.")] = 0,
    chunks: Annotated[int, typer.Option(min=1, help="How long to train: every chunk is of new samples.")] = 32,
    chunk: Annotated[int, typer.Option(min=512, help="Samples in a chunk.")] = 65_536,
    hidden: Annotated[int, typer.Option(min=1, help="Width of the layers; light students have 256.")] = 512,
    threads: Annotated[int, typer.Option(min=1, help="Threads; the result depends on them in the last bits.")] = 1,
) -> None:
    """Train the lifters from nothing: synthetic people in, OUT/lifter.safetensors and its model card out.

    An interrupted run continues from its last chunk when the same command is given again.
    """
    import torch

    from orpose_models.files.disk import sha256
    from orpose_models.lifting.features import FORMS
    from orpose_models.lifting.lifter_card import write_card
    from orpose_models.lifting.training import TrainingSettings
    from orpose_models.lifting.weights import LifterWeights, save_weights

    torch.set_num_threads(threads)
    console = new_console()
    networks, info = {}, {}
    for form in FORMS:
        settings = TrainingSettings(form=form, seed=seed, chunks=chunks, chunk=chunk, hidden=hidden)
        networks[form], info[form] = _train(settings, out / f"{form}.checkpoint", console)
    path = out / "lifter.safetensors"
    save_weights(path, LifterWeights(networks, info))
    write_card(path.with_suffix(".md"), path, info)
    console.print(f"wrote {path} ({path.stat().st_size / 1e6:.1f} MB, SHA-256 {sha256(path)}) and its card")


def _train(settings: "TrainingSettings", checkpoint: Path, console: Console) -> tuple[dict[str, Any], dict[str, Any]]:
    from dataclasses import asdict

    from orpose_models.lifting.training import LifterTraining, synthetic_error, validation_samples

    run = LifterTraining(settings)
    if checkpoint.exists():
        run.load_checkpoint(checkpoint)
        console.print(f"{settings.form}: continuing after chunk {run.done} of {settings.chunks}")
    with progress_bar(new_console(stderr=True)) as progress:
        task = progress.add_task(settings.form, total=settings.chunks, completed=run.done)
        for step in run:
            run.save_checkpoint(checkpoint)
            progress.update(task, advance=1, description=f"{settings.form}, loss {step.loss * 1000:.0f} mm")
    arrays = run.arrays()
    errors = {}
    for cameras, raised in (("raised", True), ("general", False)):
        samples = validation_samples(settings, raised, n=min(20_000, settings.chunk))
        per_joint = synthetic_error(arrays, settings.form, samples) * 1000
        errors[cameras] = [round(float(error), 1) for error in per_joint]
        mean = float(per_joint[1:].mean())
        console.print(
            f"{settings.form}: {mean:.1f} mm on {len(samples):,} held-out synthetic people, {cameras} cameras"
        )
    return arrays, {"settings": asdict(settings), "synthetic_error_mm": errors}
