"""`orpose train`: train a student on pseudo-labels."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from orpose_models.cli.console import new_console
from orpose_models.cli.progress import progress_bar

if TYPE_CHECKING:
    import torch

console = new_console(stderr=True)


def train(
    config: Annotated[Path, typer.Argument(help="A configuration, such as config/train/light/ORPose_all.yaml.")],
    labels: Annotated[
        list[Path] | None, typer.Option(help="File of labels, made by orpose teach; may be repeated.")
    ] = None,
    person_free: Annotated[
        list[Path] | None, typer.Option(help="Folder of images in which nobody is; may be repeated.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Folder of the run (default: runs/NAME).")] = None,
    change: Annotated[
        list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="Replace a value of the configuration.")
    ] = None,
) -> None:
    """Train a student; OUT/NAME.safetensors is the model, for --model of the other commands.

    Ctrl-C writes a checkpoint; the same command goes on from it, to the same result, bit by bit. Under torchrun
    several processes train together: torchrun --nproc-per-node 2 --no-python orpose train CONFIG ...
    """
    import torch

    from orpose_models.training.distributed import join_ranks
    from orpose_models.training.train_config import DataSource, TrainConfig
    from orpose_models.training.trainer import Trainer

    chosen = TrainConfig.read(config, tuple(change or ()))
    added = [DataSource(labels=path) for path in labels or []] + [DataSource(person_free=p) for p in person_free or []]
    data = chosen.data.model_copy(update={"sources": (*chosen.data.sources, *added)})
    chosen = chosen.model_copy(update={"data": data})
    if chosen.threads is not None:
        torch.set_num_threads(chosen.threads)
    folder = out or Path("runs") / chosen.name
    with join_ranks() as ranks:
        trainer = Trainer(chosen, folder, ranks)
        if ranks.rank:
            trainer.run()
            return
        images = trainer.images
        console.print(
            f"{chosen.name}: {len(images.paths)} images, {images.persons} persons; "
            f"{chosen.schedule.iterations} iterations of {chosen.batch} images, on {_device_name(ranks.device)} in "
            f"{trainer.precision.name}",
            soft_wrap=True,
        )
        if trainer.iteration:
            console.print(f"going on after iteration {trainer.iteration}")
        with progress_bar(console) as progress:
            task = progress.add_task("training", total=chosen.schedule.iterations, completed=trainer.iteration)
            try:
                trainer.run(lambda count, text: progress.update(task, advance=count, description=text))
            except KeyboardInterrupt:
                console.print(f"stopped after iteration {trainer.iteration}; the same command goes on from there")
                raise
    console.print(f"the model: {trainer.weights}; history and TensorBoard files in {folder}", soft_wrap=True)


def _device_name(device: "torch.device") -> str:
    import torch

    return torch.cuda.get_device_name(device) if device.type == "cuda" else "the processor"
