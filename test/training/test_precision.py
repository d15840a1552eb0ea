"""Mixed precision, images in parts, and how many processes prepare them."""

import platform
from pathlib import Path

import pytest
import torch
from support.training_rig import tiny

from orpose_models.lifting.processor import processor_has_bfloat16
from orpose_models.training import precision
from orpose_models.training.checkpoint import identity
from orpose_models.training.distributed import Ranks
from orpose_models.training.precision import precision_of
from orpose_models.training.trainer import Trainer
from orpose_models.training.training_images import workers_of

pytestmark = pytest.mark.usefixtures("one_thread")

CPU = torch.device("cpu")


@pytest.mark.parametrize("has", [True, False])
def test_precision_of_a_processor(has: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(precision, "processor_has_bfloat16", lambda: has)
    single, mixed = precision_of(False, CPU), precision_of(True, CPU)
    assert (single.mixed, single.name) == (None, "float32")
    assert (mixed.mixed, mixed.name) == ((torch.bfloat16, "bfloat16") if has else (None, "float32"))
    assert not single.scaler.is_enabled()
    assert not mixed.scaler.is_enabled()


def test_whether_this_processor_has_bfloat16() -> None:
    flags = Path("/proc/cpuinfo")
    if platform.machine() not in ("x86_64", "AMD64") or not flags.is_file():
        pytest.skip("only Linux on x86 says in /proc/cpuinfo what a processor has")
    text = flags.read_text()
    assert processor_has_bfloat16() or "avx512_bf16" not in text
    assert not processor_has_bfloat16() or "avx512bw" in text or "avx_ne_convert" in text


def test_torch_without_onednn_has_no_bfloat16_and_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.backends.mkldnn, "is_available", lambda: False)
    monkeypatch.setattr(torch.ops.mkldnn, "_is_mkldnn_bf16_supported", lambda: pytest.fail("asked"))
    assert not processor_has_bfloat16()


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
    few = [{"share": 1.0, "width": 96, "height": 64, "small": True}]
    before, now = identity(tiny(label_file)), identity(tiny(label_file, augmentation__inputs=few))
    assert "small" not in before["augmentation"]["inputs"][0]
    assert now["augmentation"]["inputs"][0]["small"]
