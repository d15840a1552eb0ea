"""`orpose train-lifter`: train both lifting networks on synthetic people and write the weights file."""

from pathlib import Path
from typing import Annotated

import typer

from orpose_models.cli.console import new_console
from orpose_models.cli.progress import shown_work


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
    from orpose_models.lifting.training_run import train_lifters

    torch.set_num_threads(threads)
    console = new_console()
    with shown_work(new_console(stderr=True)) as show:
        path = train_lifters(out, seed, chunks, chunk, hidden, console.print, show)
    console.print(f"wrote {path} ({path.stat().st_size / 1e6:.1f} MB, SHA-256 {sha256(path)}) and its card")
