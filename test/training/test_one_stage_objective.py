import pytest
import torch
from support.training_rig import tiny

from orpose_models.files.disk import sha256
from orpose_models.student.one_stage import Maps
from orpose_models.student.weights import save_student
from orpose_models.training.dense_targets import Targets
from orpose_models.training.one_stage_objective import OneStageObjective, cell_loss, map_losses
from orpose_models.training.precision import precision_of
from orpose_models.training.start import start_student
from orpose_models.training.training_images import TrainingImages

pytestmark = pytest.mark.usefixtures("one_thread")

SHARED = {"loss_centre", "loss_box", "loss_regression"}


def objective(label_file, **changes):
    config = tiny(label_file, **changes)
    images = TrainingImages(config)
    student, _ = start_student(config, images)
    start, _ = start_student(config, images)
    return OneStageObjective(student, start, precision_of(config.bfloat16, torch.device("cpu")).mixed), images


@pytest.mark.parametrize(
    ("branches", "sets"),
    [(["soft", "hard"], {"soft", "hard"}), (["soft"], {"soft"}), (["hard"], {"hard"}), (["both"], {"soft", "hard"})],
)
def test_each_set_of_branches_learns_its_labels(label_file, branches, sets):
    network, images = objective(label_file, model__settings__branches=branches)
    losses = network([images.sample(i) for i in range(4)])
    expected = SHARED | {f"loss_{d}_{s}" for d in ("2d", "3d") for s in sets} | {f"loss_offset_{b}" for b in branches}
    assert set(losses) == expected
    assert all(torch.isfinite(loss) and loss > 0 for loss in losses.values())
    sum(losses.values()).backward()
    assert all(p.grad is not None for p in network.parameters() if p.requires_grad)


def test_only_the_student_is_trained_and_saved(label_file):
    network, images = objective(label_file)
    assert all(name.startswith("student.") for name, _ in network.named_parameters())
    before = [p.clone() for p in network._start[0].parameters()]
    sum(network([images.sample(0), images.sample(1)]).values()).backward()
    torch.optim.SGD(network.parameters(), 0.1).step()
    assert all(torch.equal(a, b) for a, b in zip(before, network._start[0].parameters(), strict=True))


def test_images_of_nobody_only(label_file, tmp_path):
    free = [{"person_free": str(label_file.parent / "images"), "share": 1}]
    network, images = objective(label_file, data__sources=free)
    losses = network([images.sample(i) for i in range(2)])
    zero = {name for name, loss in losses.items() if loss.item() == 0}
    assert zero == {
        "loss_box",
        "loss_regression",
        "loss_offset_soft",
        "loss_offset_hard",
        "loss_3d_soft",
        "loss_3d_hard",
    }
    sum(losses.values()).backward()
    # Every parameter has a gradient all the same: processes that train together wait for each other's.
    assert all(p.grad is not None and torch.isfinite(p.grad).all() for p in network.parameters())


def maps_of(targets: Targets) -> Maps:
    """A network's maps that are just what is to be learned."""
    return Maps(
        torch.logit(targets.centre, 1e-6),
        targets.boxes[:, :2],
        targets.boxes[:, 2:],
        targets.regression.flatten(1, 2),
        {name: torch.logit(heat, 1e-6) for name, heat in targets.heatmaps.items()},
        {name: targets.offsets.flatten(1, 2) for name in targets.heatmaps},
    )


@pytest.fixture
def targets():
    draw = torch.Generator().manual_seed(0)

    def some(*shape):
        return torch.rand(1, *shape, 4, 5, generator=draw)

    return Targets(
        some(1), torch.ones(1, 1, 4, 5), {"soft": some(17), "hard": some(17)},
        {"soft": torch.ones(1, 17, 4, 5), "hard": torch.zeros(1, 17, 4, 5)},
        some(4), some(1), some(17, 2), some(17, 1), some(17, 2), some(17, 1), some(1) + 8,
    )  # fmt: skip


def test_the_right_answer_has_no_loss_and_another_has(targets):
    losses, learned = map_losses(maps_of(targets), targets)
    assert set(losses) == set(learned)
    for name, loss in losses.items():
        assert float(loss) == pytest.approx(0, abs=1e-5), name
    wrong = targets._replace(
        centre=1 - targets.centre,
        heatmaps={name: 1 - heat for name, heat in targets.heatmaps.items()},
        boxes=targets.boxes + 2,
        regression=targets.regression + 1,
        offsets=targets.offsets + 1,
    )
    losses, _ = map_losses(maps_of(wrong), targets)
    assert {name for name, loss in losses.items() if float(loss) < 0.05} == {"loss_2d_hard"}  # which counts nothing
    # Places are in shares of the person's size, two coordinates each; offsets in cells.
    assert float(losses["loss_offset_soft"]) == pytest.approx(2, rel=1e-5)
    assert 2 / 9 < float(losses["loss_regression"]) < 2 / 8


def test_what_is_wrong_or_there_counts_more(targets):
    logits = torch.logit(torch.tensor([0.5, 0.1]))
    zero = torch.zeros(1)
    half, tenth = (float(cell_loss(one[None], zero, torch.ones(1))) for one in logits)
    assert half == pytest.approx(0.5 * 0.6931, rel=1e-3)
    assert tenth == pytest.approx(0.1 * 0.1054, rel=1e-2)
    assert float(cell_loss(logits, torch.zeros(2), torch.zeros(2))) == 0


def test_bfloat16_gives_nearly_the_same(label_file):
    network, images = objective(label_file)
    scenes = [images.sample(i) for i in range(4)]
    exact = network(scenes)
    network.mixed = torch.bfloat16
    rough = network(scenes)
    for name in exact:
        assert rough[name].item() == pytest.approx(exact[name].item(), rel=0.1, abs=0.02), name


def test_images_of_few_pixels_train_layers_of_their_own(label_file):
    few = {"share": 1.0, "width": 96, "height": 64, "small": True}
    network, images = objective(
        label_file, model__settings__small_limit=96, model__small_alone=True, augmentation__inputs=[few]
    )
    sum(network([images.sample(0), images.sample(1)]).values()).backward()
    learned = {name for name, parameter in network.student.named_parameters() if parameter.grad is not None}
    assert "small.body.stem.weight" in learned
    assert {name.split(".")[0] for name in learned} == {"small"}


def test_without_layers_of_their_own_images_of_few_pixels_train_the_others(label_file):
    few = {"share": 1.0, "width": 96, "height": 64, "small": True}
    network, images = objective(label_file, augmentation__inputs=[few])
    sum(network([images.sample(0), images.sample(1)]).values()).backward()
    assert network.student.body.stem.weight.grad is not None


def test_layers_for_images_of_few_pixels_start_from_those_of_a_student_without(label_file, tmp_path):
    before, _ = start_student(tiny(label_file), TrainingImages(tiny(label_file)))
    save_student(tmp_path / "before.safetensors", before, {})
    config = tiny(label_file, model__start=str(tmp_path / "before.safetensors"), model__settings__small_limit=96)
    student, _ = start_student(config, TrainingImages(config))
    for name, tensor in student.small.state_dict().items():
        assert torch.equal(tensor, before.state_dict()[name]), name
    save_student(tmp_path / "after.safetensors", student, {})
    again = tiny(label_file, model__start=str(tmp_path / "after.safetensors"), model__settings__small_limit=96)
    assert start_student(again, TrainingImages(again))[1]["sha256"] == sha256(tmp_path / "after.safetensors")
