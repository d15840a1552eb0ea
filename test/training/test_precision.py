"""Mixed precision, images in parts, and how many processes prepare them."""

import pytest
import torch
from support.training_rig import tiny

from orpose_models.training.checkpoint import identity
from orpose_models.training.distributed import Ranks
from orpose_models.training.precision import precision_of
from orpose_models.training.trainer import Trainer
from orpose_models.training.training_images import workers_of

pytestmark = pytest.mark.usefixtures("one_thread")

CPU = torch.device("cpu")


def test_precision_of_a_processor() -> None:
    single, mixed = precision_of(False, CPU), precision_of(True, CPU)
    assert (single.mixed, single.name) == (None, "float32")
    assert (mixed.mixed, mixed.name) == (torch.bfloat16, "bfloat16")
    assert not single.scaler.is_enabled()
    assert not mixed.scaler.is_enabled()


def test_processes_that_prepare_images() -> None:
    assert workers_of(0, 1) == 0
    assert workers_of(5, 2) == 5
    if not torch.cuda.is_available():
        assert workers_of(None, 1) == 1


def gradients(trainer: Trainer, samples: list) -> dict[str, torch.Tensor]:
    trainer.student.zero_grad()  # of those too that the optimiser does not know
    trainer._gradients(trainer._objective, samples)
    return {name: p.grad.clone() for name, p in trainer.student.named_parameters() if p.grad is not None}


def test_images_in_parts_give_the_mean_of_their_gradients(label_file, tmp_path) -> None:
    whole, parted = (
        Trainer(tiny(label_file, batch=2, accumulate=count), tmp_path / str(count), Ranks(0, 1, CPU))
        for count in (1, 2)
    )
    for trainer in (whole, parted):
        trainer.student.eval()  # without dropout
    samples = [whole.images.sample(place) for place in range(2)]
    first, second = (gradients(whole, [sample]) for sample in samples)
    both = gradients(parted, samples)
    assert both.keys() == first.keys() == second.keys()
    for name, gradient in both.items():
        torch.testing.assert_close(gradient, (first[name] + second[name]) / 2, rtol=1e-3, atol=1e-6)
    losses = parted._gradients(parted._objective, samples)
    assert all(not loss.requires_grad for loss in losses.values())


def test_runs_of_before_go_on(label_file) -> None:
    assert "accumulate" not in identity(tiny(label_file))
    assert identity(tiny(label_file, accumulate=2))["accumulate"] == 2
