"""The student: image to boxes, 2D keypoints and 3D joints in one network (paper, section 2.3)."""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from orpose_models.resolution import Size
from orpose_models.student.backbone import ResNetFPN
from orpose_models.student.boxes import pool_regions
from orpose_models.student.config import PAPER, StudentConfig
from orpose_models.student.heads import (
    BOX_CELLS,
    BRANCHES,
    KEYPOINT_CELLS,
    BoxHead,
    KeypointHead,
    ProposalHead,
    StudentLifter,
)
from orpose_models.student.heatmaps import decode_keypoints

# Of COCO, BGR, subtracted from the image; detectron2's weights were trained so.
PIXEL_MEAN = (103.530, 116.280, 123.675)
_MULTIPLE = 32


class Found(NamedTuple):
    """The n persons of one image, in pixels of the image that the network was given.

    Attributes:
        boxes: (n, 4). box_scores: (n,).
        keypoints: (n, 17, 2). keypoint_scores: (n, 17), from the mean of both branches' heatmaps.
        scores_soft, scores_hard: (n, 17), of each branch at its own highest cell.
        joints3d: (n, 17, 3) metres, Human3.6M-17 order, relative to joint 0: mean of both lifters.
    """

    boxes: Tensor
    box_scores: Tensor
    keypoints: Tensor
    keypoint_scores: Tensor
    scores_soft: Tensor
    scores_hard: Tensor
    joints3d: Tensor


class Student(nn.Module):
    """The paper's student; see `StudentConfig` for its sizes."""

    pixel_mean: Tensor

    def __init__(self, config: StudentConfig = PAPER) -> None:
        super().__init__()
        self.config = config
        self.backbone = ResNetFPN(config.fpn_channels)
        self.proposals = ProposalHead(config)
        self.box_head = BoxHead(config)
        self.keypoint_head = KeypointHead(config)
        self.lifters = nn.ModuleDict({branch: StudentLifter(config.lifter_hidden) for branch in BRANCHES})
        self.register_buffer("pixel_mean", torch.tensor(PIXEL_MEAN).view(3, 1, 1), persistent=False)

    def features(self, images: Sequence[Tensor]) -> list[Tensor]:
        """Maps (n, c, h_l, w_l) of images (3, h_i, w_i), BGR 0..255, padded at right and bottom to one size."""
        height, width = (-(-max(image.shape[d] for image in images) // _MULTIPLE) * _MULTIPLE for d in (1, 2))
        padded = [
            F.pad(image - self.pixel_mean, (0, width - image.shape[2], 0, height - image.shape[1])) for image in images
        ]
        return self.backbone(torch.stack(padded))

    def find_boxes(self, features: Sequence[Tensor], sizes: Sequence[Size]) -> list[tuple[Tensor, Tensor]]:
        """Boxes (n_i, 4) and scores (n_i,) of the persons of each image of width, height."""
        proposals = self.proposals.select(self.proposals(features), sizes)
        logits, deltas = self.box_head(self.pool(features, proposals, BOX_CELLS))
        counts = [len(p) for p in proposals]
        parts = zip(logits.split(counts), deltas.split(counts), proposals, sizes, strict=True)
        return [self.box_head.select(*part) for part in parts]

    def heatmaps(self, features: Sequence[Tensor], boxes: Sequence[Tensor]) -> dict[str, Tensor]:
        """Heatmap logits (persons, 17, 56, 56) of each branch, for boxes (n_i, 4) of each image."""
        return self.keypoint_head(self.pool(features, boxes, KEYPOINT_CELLS))

    def pool(self, features: Sequence[Tensor], boxes: Sequence[Tensor], cells: int) -> Tensor:
        """Features (regions, c, cells, cells) of the boxes; the coarsest map is for proposals only."""
        return pool_regions(features[:-1], self.config.strides[:-1], boxes, cells)

    @torch.inference_mode()
    def predict(self, images: Sequence[Tensor]) -> list[Found]:
        """Find the persons of images (3, h_i, w_i), BGR 0..255, by the paper's rule.

        2D is where the mean of both branches' heatmaps is highest; 3D is the mean of the lifters' answers, each
        given the keypoints of its own branch.
        """
        features = self.features(images)
        found = self.find_boxes(features, [(image.shape[2], image.shape[1]) for image in images])
        boxes = torch.cat([b for b, _ in found])
        maps = self.heatmaps(features, [b for b, _ in found])
        keypoints, scores = decode_keypoints(torch.stack([maps[branch] for branch in BRANCHES]).mean(dim=0), boxes)
        own = {branch: decode_keypoints(maps[branch], boxes) for branch in BRANCHES}
        joints = torch.stack([self.lifters[branch](own[branch][0]) for branch in BRANCHES]).mean(dim=0)
        counts = [len(b) for b, _ in found]
        persons = (keypoints, scores, own["soft"][1], own["hard"][1], joints)
        split = zip(*(values.split(counts) for values in persons), strict=True)
        return [Found(*one, *rest) for one, rest in zip(found, split, strict=True)]
