import math

import pytest
import torch

from orpose_models.student.detection_losses import Regions, box_losses, draw_regions, proposal_losses
from orpose_models.student.heads import RawProposals

PERSONS = torch.tensor([[0.0, 0, 10, 20]])
NOBODY = torch.zeros(0, 4)


def test_nobody_in_view():
    anchors = torch.tensor([[0.0, 0, 10, 20], [50, 50, 60, 60]])
    raw = RawProposals([anchors], [torch.zeros(1, 2)], [torch.zeros(1, 2, 4)])
    losses = proposal_losses(raw, [NOBODY], samples=4)
    assert float(losses["loss_proposal"]) == pytest.approx(2 * math.log(2) / 4)
    assert float(losses["loss_proposal_box"]) == 0
    (regions,) = draw_regions([anchors], [NOBODY])
    assert regions.person.tolist() == [-1, -1]
    losses = box_losses(torch.zeros(2, 2), torch.ones(2, 4), [regions], [NOBODY])
    assert {name: float(loss) for name, loss in losses.items()} == pytest.approx(
        {"loss_class": math.log(2), "loss_box": 0.0}
    )


def test_no_region_at_all():
    (regions,) = draw_regions([NOBODY], [NOBODY])
    assert regions.boxes.shape == (0, 4)
    losses = box_losses(torch.zeros(0, 2), torch.zeros(0, 4), [regions], [NOBODY])
    assert {name: float(loss) for name, loss in losses.items()} == {"loss_class": 0, "loss_box": 0}


def test_proposals_between_the_thresholds_are_not_learned():
    anchors = torch.tensor([[0.0, 0, 10, 20], [0, 0, 10, 10], [30, 30, 40, 40]])  # overlaps 1, 0.5, 0
    logits = torch.tensor([[math.log(3), 100.0, 0.0]])  # probabilities 3/4, not looked at, 1/2
    deltas = torch.zeros(1, 3, 4)
    deltas[0, 0] = torch.tensor([0.5, 0, 0, -0.25])
    losses = proposal_losses(RawProposals([anchors], [logits], [deltas]), [PERSONS], samples=2)
    assert float(losses["loss_proposal"]) == pytest.approx((math.log(4 / 3) + math.log(2)) / 2)
    assert float(losses["loss_proposal_box"]) == pytest.approx(0.75 / 2)


def test_the_anchor_that_overlaps_most_is_learned_however_little():
    anchors = torch.tensor([[0.0, 0, 10, 5], [30, 30, 40, 40]])  # overlaps 0.25, 0
    raw = RawProposals([anchors], [torch.full((1, 2), math.log(3))], [torch.zeros(1, 2, 4)])
    losses = proposal_losses(raw, [PERSONS], samples=2)
    assert float(losses["loss_proposal"]) == pytest.approx((math.log(4 / 3) + math.log(4)) / 2)


def test_persons_own_boxes_are_regions_and_a_quarter_is_positive():
    torch.manual_seed(0)
    proposals = torch.cat([PERSONS + 0.1 * i for i in range(10)] + [PERSONS + 100 + i for i in range(10)])
    (regions,) = draw_regions([proposals], [PERSONS], samples=8)
    assert (regions.person == 0).sum() == 2
    assert (regions.person == -1).sum() == 6
    (alone,) = draw_regions([NOBODY], [PERSONS])
    assert alone.boxes.tolist() == PERSONS.tolist()
    assert alone.person.tolist() == [0]


def test_box_loss_by_hand():
    regions = Regions(torch.tensor([[0.0, 0, 10, 20], [50, 50, 60, 60]]), torch.tensor([0, -1]))
    logits = torch.tensor([[math.log(3), 0.0], [0.0, math.log(7)]])
    deltas = torch.tensor([[0.25, 2.0, 0, 0], [9, 9, 9, 9]])
    losses = box_losses(logits, deltas, [regions], [PERSONS])
    assert float(losses["loss_class"]) == pytest.approx((math.log(4 / 3) + math.log(8 / 7)) / 2)
    assert float(losses["loss_box"]) == pytest.approx((0.25**2 / (2 * 0.5) + 2 - 0.25) / 2)


def test_nothing_is_learned_of_ignored_regions():
    anchors = torch.tensor([[0.0, 0, 10, 20], [50, 50, 60, 60], [54, 50, 64, 60], [56, 50, 66, 60]])
    ignored = torch.tensor([[40.0, 40, 60, 70]])  # covers all, 6/10 and 4/10 of the others
    logits = torch.tensor([[math.log(3), 100.0, 100.0, 0.0]])
    raw = RawProposals([anchors], [logits], [torch.zeros(1, 4, 4)])
    losses = proposal_losses(raw, [PERSONS], samples=4, ignored=[ignored])
    assert float(losses["loss_proposal"]) == pytest.approx((math.log(4 / 3) + math.log(2)) / 4)
    (regions,) = draw_regions([anchors], [PERSONS], samples=8, ignored=[ignored])
    assert sorted(regions.boxes[:, 0].tolist()) == [0, 0, 56]
    (regions,) = draw_regions([anchors], [NOBODY], samples=8, ignored=[ignored])
    assert sorted(regions.boxes[:, 0].tolist()) == [0, 56]


def test_what_is_drawn_depends_on_the_generator_alone():
    proposals = torch.rand(50, 4, generator=torch.Generator().manual_seed(5)) + torch.tensor([0.0, 0, 5, 5])
    drawn = []
    for seed in (1, 1, 2):
        torch.rand(seed)
        generators = [torch.Generator().manual_seed(seed)]
        drawn.append(draw_regions([proposals], [NOBODY], samples=8, generators=generators)[0].boxes)
    assert torch.equal(drawn[0], drawn[1])
    assert not torch.equal(drawn[0], drawn[2])
