"""The student: image to boxes, 2D keypoints and 3D joints in one network (paper, section 2.3)."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from orpose_models.model_format.student_config import MULTIPLE, PAPER, SETS, STRIDES, StudentConfig
from orpose_models.student.backbone import ResNetFPN
from orpose_models.student.boxes import pool_regions
from orpose_models.student.heads import BOX_CELLS, HEATMAPS, KEYPOINT_CELLS, BoxHead, KeypointHead, ProposalHead
from orpose_models.student.lifters import PixelLifter
from orpose_models.vocabulary.cameras import Camera
from orpose_models.vocabulary.resolution import Size


class Found(NamedTuple):
    """The n persons of one image, in pixels of the image that the network was given.

    Attributes:
        boxes: (n, 4). box_scores: (n,).
        keypoints: (n, 17, 2). keypoint_scores: (n, 17), from the mean of the branches' heatmaps.
        scores_soft, scores_hard: (n, 17), of each branch at its own highest cell; the same if there is one only.
        joints3d: (n, 17, 3) metres, Human3.6M-17 order, relative to joint 0: mean of the lifters that have an
            answer; NaN if none has.
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

    def __init__(self, config: StudentConfig = PAPER) -> None:
        super().__init__()
        self.config = config
        self.backbone = ResNetFPN(config.fpn_channels)
        self.proposals = ProposalHead(config)
        self.box_head = BoxHead(config)
        self.keypoint_head = KeypointHead(config)
        self.lifters = nn.ModuleDict({branch: PixelLifter(config.lifter_hidden) for branch in config.branches})

    def features(self, images: Sequence[Tensor]) -> list[Tensor]:
        """Maps (n, c, h_l, w_l) of images (3, h_i, w_i), BGR 0..255, padded at right and bottom to one size."""
        return self.backbone(self.batch(images))

    def batch(self, images: Sequence[Tensor]) -> Tensor:
        """Normalised images (n, 3, h, w), h and w multiples of 32."""
        height, width = (-(-max(image.shape[d] for image in images) // MULTIPLE) * MULTIPLE for d in (1, 2))
        padded = [
            F.pad(self.backbone.normalise(image), (0, width - image.shape[2], 0, height - image.shape[1]))
            for image in images
        ]
        return torch.stack(padded)

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
        return pool_regions(features[:-1], STRIDES[:-1], boxes, cells)

    @torch.inference_mode()
    def predict(
        self, images: Sequence[Tensor], cameras: Sequence[Camera | None] | None = None, min_score: float = 0.0
    ) -> list[Found]:
        """Find the persons of images (3, h_i, w_i), BGR 0..255, by the paper's rule.

        2D is where the mean of the branches' heatmaps is highest; 3D is the mean of the lifters' answers, each
        given the keypoints of its own branch.

        Args:
            images: as the network is given them.
            cameras: intrinsics of these images, not of the originals; guessed where None.
            min_score: persons of lower box scores are left out.
        """
        sizes = [(image.shape[2], image.shape[1]) for image in images]
        features = self.features(images)
        found = [(b[s >= min_score], s[s >= min_score]) for b, s in self.find_boxes(features, sizes)]
        boxes = [b for b, _ in found]
        maps = self.heatmaps(features, boxes)
        config = self.config
        branches = config.branches
        everybody, counts = torch.cat(boxes), [len(b) for b in boxes]
        mean = torch.stack([maps[branch] for branch in branches]).mean(dim=0)
        keypoints, scores = HEATMAPS.decode(mean, everybody)
        own = {b: HEATMAPS.decode(maps[b], everybody) for b in branches}
        lifted = []
        for branch in branches:
            parts = zip(own[branch][0].split(counts), own[branch][1].split(counts), strict=True)
            known = zip(parts, cameras or [None] * len(sizes), sizes, strict=True)
            lifter: Any = self.lifters[branch]
            lifted.append(torch.cat([lifter.lift(k, s, c or Camera.from_fov(*size)) for (k, s), c, size in known]))
        joints = torch.stack(lifted).nanmean(dim=0)
        soft, hard = (own[name if name in own else branches[0]][1] for name in SETS)
        split = zip(*(values.split(counts) for values in (keypoints, scores, soft, hard, joints)), strict=True)
        return [Found(*one, *rest) for one, rest in zip(found, split, strict=True)]
