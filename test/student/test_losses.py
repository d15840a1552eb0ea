import math

import pytest
import torch

from orpose_models.student.losses import KeypointLabels, heatmap_loss, joints_loss, keypoint_losses


def test_nothing_to_learn_is_zero_and_differentiable():
    logits = torch.zeros(0, 17, 56, 56, requires_grad=True)
    loss = heatmap_loss(logits, torch.zeros(0, 17, dtype=torch.int64), torch.zeros(0, 17, dtype=torch.bool))
    joints = torch.zeros(2, 17, 3, requires_grad=True)
    total = loss + joints_loss(joints, torch.full((2, 17, 3), math.nan))
    assert float(total) == 0
    total.backward()
    assert torch.all(joints.grad == 0)


def test_heatmap_loss_is_the_mean_over_what_is_learned():
    logits = torch.zeros(1, 3, 2, 2)
    logits[0, 0, 1, 0] = math.log(3)  # softmax 1/6, 1/6, 1/2, 1/6
    logits[0, 2] = 50 * torch.eye(2)  # not learned
    cells = torch.tensor([[2, 3, 1]])
    learned = torch.tensor([[True, True, False]])
    expected = (math.log(2) + math.log(4)) / 2
    assert float(heatmap_loss(logits, cells, learned)) == pytest.approx(expected)


def test_joints_loss_is_smooth_l1_over_known_coordinates_without_the_root():
    joints = torch.zeros(1, 17, 3)
    target = torch.full((1, 17, 3), math.nan)
    target[0, 0] = 9  # the root says nothing
    target[0, 1] = torch.tensor([0.5, -2.0, 0.0])
    assert float(joints_loss(joints, target)) == pytest.approx((0.125 + 1.5 + 0) / 3)


def test_each_branch_learns_its_own_labels_and_soft_is_tempered_by_confidence():
    logits = torch.zeros(1, 17, 2, 2)
    logits[:, :, 0, 0] = math.log(16)
    cells = torch.zeros(1, 17, dtype=torch.int64)
    everything, nothing = torch.ones(1, 17, dtype=torch.bool), torch.zeros(1, 17, dtype=torch.bool)
    soft = KeypointLabels(cells, everything, torch.full((1, 17), 0.5))
    hard = KeypointLabels(cells, everything, torch.full((1, 17), 0.5))
    unseen = KeypointLabels(cells, nothing, torch.ones(1, 17))
    maps = {"soft": logits, "hard": logits}
    tempered, plain = math.log(7 / 4), math.log(19 / 16)  # exp(0.5 log 16) = 4 against three times 1; 16 against them
    losses = keypoint_losses(maps, {"soft": {"soft": soft}, "hard": {"hard": hard}})
    assert {k: float(v) for k, v in losses.items()} == pytest.approx({"loss_2d_soft": tempered, "loss_2d_hard": plain})
    losses = keypoint_losses(maps, {"soft": {"soft": soft}, "hard": {"hard": unseen}})
    assert float(losses["loss_2d_hard"]) == 0
    losses = keypoint_losses({"both": logits}, {"both": {"soft": soft, "hard": hard}})
    assert {k: float(v) for k, v in losses.items()} == pytest.approx({"loss_2d_soft": tempered, "loss_2d_hard": plain})
    assert set(keypoint_losses(maps, {"hard": {"hard": hard}})) == {"loss_2d_hard"}
