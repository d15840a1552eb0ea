"""Training the lifters of both forms, to a file of weights and its card."""

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from orpose_models.lifting.features import FORMS
from orpose_models.lifting.lifter_card import write_card
from orpose_models.lifting.lifter_weights import LifterWeights, save_weights
from orpose_models.lifting.training import LifterTraining, TrainingSettings, synthetic_error, validation_samples

Say = Callable[[str], None]
Show = Callable[[str, int, int, str], None]  # what is trained, how many chunks are done, of how many, a remark


def train_lifters(out: Path, seed: int, chunks: int, chunk: int, hidden: int, say: Say, show: Show) -> Path:
    """Train what is not trained yet, and write `lifter.safetensors` and its card.

    Args:
        out: folder of checkpoints, weights and card.
        seed, chunks, chunk, hidden: see `TrainingSettings`.
        say: called with a sentence.
        show: called after each chunk.

    Returns:
        The file of weights.

    Raises:
        OrposeError: a checkpoint is of other settings, or unreadable.
    """
    networks, info = {}, {}
    for form in FORMS:
        settings = TrainingSettings(form=form, seed=seed, chunks=chunks, chunk=chunk, hidden=hidden)
        networks[form], info[form] = _train(settings, out / f"{form}.checkpoint", say, show)
    path = out / "lifter.safetensors"
    save_weights(path, LifterWeights(networks, info))
    write_card(path.with_suffix(".md"), path, info)
    return path


def _train(settings: TrainingSettings, checkpoint: Path, say: Say, show: Show) -> tuple[dict[str, Any], dict[str, Any]]:
    """Arrays of a network, and what is known of it."""
    run = LifterTraining(settings)
    if checkpoint.exists():
        run.load_checkpoint(checkpoint)
        say(f"{settings.form}: continuing after chunk {run.done} of {settings.chunks}")
    show(settings.form, run.done, settings.chunks, "")
    for step in run:
        run.save_checkpoint(checkpoint)
        show(settings.form, run.done, settings.chunks, f"loss {step.loss * 1000:.0f} mm")
    arrays = run.arrays()
    errors = {}
    for cameras, raised in (("raised", True), ("general", False)):
        samples = validation_samples(settings, raised, n=min(20_000, settings.chunk))
        per_joint = synthetic_error(arrays, settings.form, samples) * 1000
        errors[cameras] = [round(float(error), 1) for error in per_joint]
        mean = float(per_joint[1:].mean())
        say(f"{settings.form}: {mean:.1f} mm on {len(samples):,} held-out synthetic people, {cameras} cameras")
    return arrays, {"settings": asdict(settings), "synthetic_error_mm": errors}
