import pytest
import torch
from support.training_rig import tiny

from orpose_models.student.lifters import PixelLifter
from orpose_models.training.averaging import moving_average
from orpose_models.training.optimising import make_optimiser, set_learning_rate
from orpose_models.training.precision import precision_of
from orpose_models.training.region_objective import RegionObjective
from orpose_models.training.start import start_student
from orpose_models.training.training_images import TrainingImages

pytestmark = pytest.mark.usefixtures("one_thread")

DETECTION = {"loss_proposal", "loss_proposal_box", "loss_class", "loss_box"}


def objective(label_file, **changes):
    config = tiny(label_file, "paper", **changes)
    images = TrainingImages(config)
    student, _ = start_student(config, images)
    return RegionObjective(student, config.regions, precision_of(config.bfloat16, torch.device("cpu")).mixed), images


@pytest.mark.parametrize(
    ("branches", "sets"),
    [(["soft", "hard"], {"soft", "hard"}), (["soft"], {"soft"}), (["hard"], {"hard"}), (["both"], {"soft", "hard"})],
)
def test_each_set_of_branches_learns_its_labels(label_file, branches, sets):
    network, images = objective(label_file, model__settings__branches=branches)
    losses = network([images.sample(i) for i in range(4)])
    assert set(losses) == DETECTION | {f"loss_{d}_{s}" for d in ("2d", "3d") for s in sets}
    assert all(torch.isfinite(loss) and loss > 0 for loss in losses.values())
    sum(losses.values()).backward()
    assert all(p.grad is not None for p in network.parameters() if p.requires_grad)


def test_images_of_nobody_only(label_file):
    network, images = objective(label_file)
    nobody = next(i for i in range(4) if images.image_at(i) == 2)
    losses = network([images.sample(nobody)] * 2)
    zero = {name for name, loss in losses.items() if loss.item() == 0}
    assert zero == {"loss_proposal_box", "loss_box", "loss_2d_soft", "loss_2d_hard", "loss_3d_soft", "loss_3d_hard"}
    sum(losses.values()).backward()
    assert all(torch.isfinite(p.grad).all() for p in network.parameters() if p.grad is not None)
    # Every parameter has a gradient all the same: processes that train together wait for each other's.
    assert all(p.grad is not None for p in network.parameters() if p.requires_grad)


def test_the_papers_lifters_know_the_statistics_of_the_labels(label_file):
    network, images = objective(label_file)
    lifter = network.student.lifters["soft"]
    assert isinstance(lifter, PixelLifter)
    persons = torch.cat(
        [torch.from_numpy(image.soft.keypoints[image.soft.box_scores > 0.3]) for image in images.labels]
    )
    expected = lifter.inputs(persons * torch.tensor([85 / 128, 64 / 96])).mean(dim=0)
    torch.testing.assert_close(lifter.input_mean, expected)
    joints = torch.cat([torch.from_numpy(image.soft.joints3d[image.soft.box_scores > 0.3]) for image in images.labels])
    torch.testing.assert_close(lifter.output_mean, joints[:, 1:].flatten(1).mean(dim=0))


def test_bfloat16_gives_nearly_the_same(label_file):
    network, images = objective(label_file)
    samples = [images.sample(i) for i in range(4)]
    torch.manual_seed(0)  # of the lifters' dropout
    exact = network(samples)
    network.mixed = torch.bfloat16
    torch.manual_seed(0)
    rough = network(samples)
    # Other proposals, however little they differ, are other regions to learn from.
    for name in ("loss_proposal", "loss_proposal_box", "loss_3d_soft", "loss_3d_hard"):
        assert rough[name].item() == pytest.approx(exact[name].item(), rel=0.1, abs=0.02), name
    assert all(torch.isfinite(loss) for loss in rough.values())


def test_parts_have_learning_rates_of_their_own(label_file):
    network, _ = objective(label_file)
    settings = tiny(label_file, "paper", optimiser__backbone_factor=0.25).optimiser
    student = network.student
    student.requires_grad_(True)
    optimiser = make_optimiser(student, settings)
    set_learning_rate(optimiser, settings, 0.5)
    rates = {group["name"]: group["lr"] for group in optimiser.param_groups}
    assert rates == pytest.approx({"body": 1.25e-4, "lifters": 5e-5, "rest": 5e-4})
    count = sum(len(group["params"]) for group in optimiser.param_groups)
    assert count == len(list(student.parameters()))


def test_the_average_follows_quickly_at_first(label_file):
    student = objective(label_file)[0].student
    average = moving_average(student, 0.9)
    bias = student.box_head.fc1.bias
    values = []
    for value in (1.0, 2.0, 2.0):
        with torch.no_grad():
            bias.fill_(value)
        average.update_parameters(student)
        values.append(float(average.module.box_head.fc1.bias[0]))
    # The first is taken as it is, then decays of 2/21 and 3/22.
    assert values == pytest.approx([1, 2 - 2 / 21, 2 - 2 / 21 * 3 / 22])
    assert not average.module.training


def test_frozen_stages_are_not_trained(label_file):
    network, images = objective(label_file, model__frozen_stages=2, optimiser__kind="sgd")
    losses = network([images.sample(i) for i in range(4)])
    assert all(torch.isfinite(loss) and loss > 0 for loss in losses.values())
    sum(losses.values()).backward()
    body = network.student.backbone.body
    assert all(p.grad is None for p in (*body.conv1.parameters(), *body.layer1.parameters()))
    assert all(p.grad is not None for p in body.layer2.parameters())
