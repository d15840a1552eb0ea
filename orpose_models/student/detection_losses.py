"""The losses of proposals and boxes: Faster R-CNN's (Ren et al. 2015), with detectron2's settings."""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F
from torchvision.models.detection._utils import Matcher
from torchvision.ops import box_iou

from orpose_models.student.boxes import BOX_WEIGHTS, PROPOSAL_WEIGHTS, encode_boxes
from orpose_models.student.heads import PERSON, RawProposals

PROPOSAL_SAMPLES, PROPOSAL_POSITIVES = 256, 0.5
REGION_SAMPLES, REGION_POSITIVES = 512, 0.25
BOX_BETA = 0.5
# Of what lies in an ignored region by more than this share of its own area nothing is learned.
_IGNORED = 0.5

Generators = Sequence[torch.Generator] | None


class Regions(NamedTuple):
    """Regions of one image, drawn for training.

    Attributes:
        boxes: (r, 4).
        person: (r,) int64, index of the person that a region belongs to; -1 for background. Persons come first.
    """

    boxes: Tensor
    person: Tensor


def proposal_losses(
    raw: RawProposals,
    persons: Sequence[Tensor],
    samples: int = PROPOSAL_SAMPLES,
    ignored: Sequence[Tensor] | None = None,
    generators: Generators = None,
) -> dict[str, Tensor]:
    """Losses of the proposal head.

    Anchors overlapping a person by 0.7, and those that overlap it most, are to be found, those below 0.3 are not;
    `samples` of them are drawn from each image, half of them positive where there are as many.

    Args:
        raw: what the head says.
        persons: boxes (p_i, 4) of each image, which may be none.
        samples: how many anchors of an image count.
        ignored: regions (q_i, 4) of each image of which it is not known whether somebody is there.
        generators: what draws the anchors of each image; torch's own if None.
    """
    anchors = torch.cat(raw.anchors)
    logits, deltas = torch.cat(raw.logits, dim=1), torch.cat(raw.deltas, dim=1)
    matcher = Matcher(0.7, 0.3, allow_low_quality_matches=True)
    nowhere = [None] * len(persons)
    matches = [
        _match(matcher, boxes, anchors, region) for boxes, region in zip(persons, ignored or nowhere, strict=True)
    ]
    labels = [torch.where(match >= 0, 1, match + 1) for match in matches]
    positive, negative = _draw(labels, samples, PROPOSAL_POSITIVES, generators)
    objectness, regression = logits.new_zeros(()), logits.new_zeros(())
    for i, (match, boxes) in enumerate(zip(matches, persons, strict=True)):
        drawn = torch.cat([positive[i], negative[i]])
        target = (torch.arange(len(drawn), device=drawn.device) < len(positive[i])).to(logits)
        objectness = objectness + F.binary_cross_entropy_with_logits(logits[i, drawn], target, reduction="sum")
        wanted = encode_boxes(boxes[match[positive[i]]], anchors[positive[i]], PROPOSAL_WEIGHTS)
        regression = regression + F.l1_loss(deltas[i, positive[i]], wanted, reduction="sum")
    count = samples * len(persons)
    return {"loss_proposal": objectness / count, "loss_proposal_box": regression / count}


def draw_regions(
    proposals: Sequence[Tensor],
    persons: Sequence[Tensor],
    samples: int = REGION_SAMPLES,
    ignored: Sequence[Tensor] | None = None,
    generators: Generators = None,
) -> list[Regions]:
    """Draw regions for the box head: a quarter of them overlap a person by half or more, where there are as many.

    Args:
        proposals: (m_i, 4) of each image; the persons' own boxes are added.
        persons: (p_i, 4) of each image.
        samples: how many regions of an image are drawn.
        ignored, generators: as in `proposal_losses`.
    """
    pools = [torch.cat([p, boxes]) for p, boxes in zip(proposals, persons, strict=True)]
    matcher = Matcher(0.5, 0.5, allow_low_quality_matches=False)
    nowhere = [None] * len(persons)
    parts = zip(persons, pools, ignored or nowhere, strict=True)
    matches = [_match(matcher, boxes, pool, region) for boxes, pool, region in parts]
    labels = [torch.where(match >= 0, 1, match + 1) for match in matches]
    positive, negative = _draw(labels, samples, REGION_POSITIVES, generators)
    drawn = [torch.cat(both) for both in zip(positive, negative, strict=True)]
    return [Regions(pool[d], match[d]) for pool, match, d in zip(pools, matches, drawn, strict=True)]


def box_losses(
    logits: Tensor, deltas: Tensor, regions: Sequence[Regions], persons: Sequence[Tensor]
) -> dict[str, Tensor]:
    """Losses of the box head, for its answers (r, 2) and (r, 4) to the regions of all images in order."""
    is_person = torch.cat([region.person for region in regions]) >= 0
    if len(is_person) == 0:
        return {"loss_class": logits.sum() * 0, "loss_box": deltas.sum() * 0}
    target = torch.where(is_person, PERSON, 1 - PERSON)
    references = torch.cat([region.boxes for region in regions])[is_person]
    boxes = torch.cat(
        [boxes[region.person[region.person >= 0]] for region, boxes in zip(regions, persons, strict=True)]
    )
    wanted = encode_boxes(boxes, references, BOX_WEIGHTS)
    regression = F.smooth_l1_loss(deltas[is_person], wanted, beta=BOX_BETA, reduction="sum")
    return {"loss_class": F.cross_entropy(logits, target), "loss_box": regression / len(is_person)}


def _match(matcher: Matcher, persons: Tensor, boxes: Tensor, ignored: Tensor | None) -> Tensor:
    """(n,) for each box the index of its person, -1 for background, -2 for neither."""
    if len(persons) == 0 or len(boxes) == 0:
        match = torch.full((len(boxes),), -1, dtype=torch.int64, device=boxes.device)
    else:
        match = matcher(box_iou(persons, boxes))
    if ignored is None or len(ignored) == 0:
        return match
    low, high = torch.maximum(boxes[:, None, :2], ignored[:, :2]), torch.minimum(boxes[:, None, 2:], ignored[:, 2:])
    area = (boxes[:, 2:] - boxes[:, :2]).prod(dim=1).clamp(min=1e-6)
    covered = ((high - low).clamp(min=0).prod(dim=2) / area[:, None]).amax(dim=1)
    return torch.where((match == -1) & (covered > _IGNORED), -2, match)


def _draw(
    labels: list[Tensor], samples: int, positives: float, generators: Generators
) -> tuple[list[Tensor], list[Tensor]]:
    """Indices of the drawn positives (label 1) and negatives (label 0; -1 is drawn never) of each image."""
    drawn: tuple[list[Tensor], list[Tensor]] = [], []
    for i, label in enumerate(labels):
        generator = generators[i] if generators else None
        limit = int(samples * positives)
        for value, chosen in zip((1, 0), drawn, strict=True):
            index = torch.nonzero(label == value)[:, 0]
            chosen.append(index[torch.randperm(len(index), generator=generator)[:limit].to(index.device)])
            limit = samples - len(drawn[0][-1])
    return drawn
