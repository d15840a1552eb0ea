"""The student's heads: proposals, boxes, and the keypoint head with its two branches."""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torchvision.models.detection.rpn import RPNHead
from torchvision.ops import batched_nms

from orpose_models.model_format.student_config import STRIDES, StudentConfig
from orpose_models.student.boxes import (
    BOX_WEIGHTS,
    PROPOSAL_WEIGHTS,
    clip_boxes,
    decode_boxes,
    grid_anchors,
    not_empty,
)
from orpose_models.student.heatmaps import HeatmapCodec
from orpose_models.vocabulary.resolution import Size
from orpose_models.vocabulary.skeletons import COCO17

BOX_CELLS, KEYPOINT_CELLS = 7, 14
HEATMAPS = HeatmapCodec(4 * KEYPOINT_CELLS)
PERSON = 0  # index of the class score; 1 is the background


class RawProposals(NamedTuple):
    """What the proposal head says of every anchor, level by level.

    Attributes:
        anchors: (a_l, 4) of each level.
        logits: (n, a_l).
        deltas: (n, a_l, 4).
    """

    anchors: list[Tensor]
    logits: list[Tensor]
    deltas: list[Tensor]


class ProposalHead(nn.Module):
    """Proposes regions that may hold a person (Ren et al. 2015)."""

    def __init__(self, config: StudentConfig) -> None:
        super().__init__()
        self.config = config
        self.head = RPNHead(config.fpn_channels, len(config.aspect_ratios))

    def forward(self, features: Sequence[Tensor]) -> RawProposals:
        """Objectness and box deltas of all anchors, from all maps (n, c, h_l, w_l)."""
        logits, deltas = self.head(list(features))
        n = features[0].shape[0]
        return RawProposals(
            [
                grid_anchors(feature.shape[2], feature.shape[3], stride, size, self.config.aspect_ratios).to(feature)
                for feature, stride, size in zip(features, STRIDES, self.config.anchor_sizes, strict=True)
            ],
            [level.permute(0, 2, 3, 1).flatten(1) for level in logits],
            [level.unflatten(1, (-1, 4)).permute(0, 3, 4, 1, 2).reshape(n, -1, 4) for level in deltas],
        )

    @torch.no_grad()
    def select(self, raw: RawProposals, sizes: Sequence[Size]) -> list[Tensor]:
        """The best proposals (m_i, 4) of each image of width, height, best first, at most as many as configured."""
        before, after = (
            pair[0 if self.training else 1]
            for pair in (self.config.proposals_before_nms, self.config.proposals_after_nms)
        )
        selected = []
        for i, size in enumerate(sizes):
            boxes, scores, levels = [], [], []
            for level, (anchors, logits, deltas) in enumerate(zip(*raw, strict=True)):
                best, index = logits[i].topk(min(before, logits.shape[1]))
                boxes.append(decode_boxes(deltas[i, index], anchors[index], PROPOSAL_WEIGHTS))
                scores.append(best)
                levels.append(torch.full_like(index, level))
            box, score, level_of = torch.cat(boxes), torch.cat(scores), torch.cat(levels)
            finite = box.isfinite().all(dim=1) & score.isfinite()
            box = clip_boxes(box, size)
            kept = finite & not_empty(box)
            box, score, level_of = box[kept], score[kept], level_of[kept]
            selected.append(box[batched_nms(box, score, level_of, self.config.proposal_nms)[:after]])
        return selected


class BoxHead(nn.Module):
    """Tells persons from background and corrects the region to the person's box."""

    def __init__(self, config: StudentConfig) -> None:
        super().__init__()
        self.config = config
        self.fc1 = nn.Linear(config.fpn_channels * BOX_CELLS**2, config.box_hidden)
        self.fc2 = nn.Linear(config.box_hidden, config.box_hidden)
        self.cls_score = nn.Linear(config.box_hidden, 2)
        self.bbox_pred = nn.Linear(config.box_hidden, 4)
        nn.init.normal_(self.cls_score.weight, std=0.01)
        nn.init.normal_(self.bbox_pred.weight, std=0.001)
        for layer in (self.cls_score, self.bbox_pred):
            nn.init.zeros_(layer.bias)

    def forward(self, pooled: Tensor) -> tuple[Tensor, Tensor]:
        """Class logits (r, 2), person and background, and deltas (r, 4) from pooled features (r, c, 7, 7)."""
        x = F.relu(self.fc1(pooled.flatten(1)))
        x = F.relu(self.fc2(x))
        return self.cls_score(x), self.bbox_pred(x)

    def select(self, logits: Tensor, deltas: Tensor, proposals: Tensor, size: Size) -> tuple[Tensor, Tensor]:
        """The persons of one image: boxes (n, 4) and scores (n,), best first."""
        score = logits.softmax(dim=1)[:, PERSON]
        boxes = decode_boxes(deltas, proposals, BOX_WEIGHTS)
        valid = boxes.isfinite().all(dim=1) & score.isfinite() & (score > self.config.score_threshold)
        boxes, score = clip_boxes(boxes[valid], size), score[valid]
        kept = batched_nms(boxes, score, torch.zeros_like(score), self.config.box_nms)[: self.config.max_persons]
        return boxes[kept], score[kept]


class KeypointHead(nn.Module):
    """Convolutions shared by the branches, then for each branch its heatmaps (paper, figure 1 and section 2.3)."""

    def __init__(self, config: StudentConfig) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        channels = config.fpn_channels
        for _ in range(config.keypoint_layers):
            layers += [nn.Conv2d(channels, config.keypoint_channels, 3, padding=1), nn.ReLU()]
            channels = config.keypoint_channels
        self.layers = nn.Sequential(*layers)
        self.heatmaps = nn.ModuleDict(
            {branch: nn.ConvTranspose2d(channels, len(COCO17), 4, stride=2, padding=1) for branch in config.branches}
        )
        for module in self.modules():
            if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
                nn.init.zeros_(module.bias)  # type: ignore[arg-type]

    def forward(self, pooled: Tensor) -> dict[str, Tensor]:
        """Heatmap logits (r, 17, 56, 56) of each branch from pooled features (r, c, 14, 14)."""
        x = self.layers(pooled)
        return {
            branch: F.interpolate(deconvolution(x), scale_factor=2.0, mode="bilinear", align_corners=False)
            for branch, deconvolution in self.heatmaps.items()
        }
