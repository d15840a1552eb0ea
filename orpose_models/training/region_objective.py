"""All losses of a batch: Faster R-CNN's, and those of the keypoint branches and lifters (paper, section 2.3).

Every loss is the mean over what all processes of a distributed run learn from in this step, so that their number
does not matter.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from orpose_models.model_format.student_config import LEARNS
from orpose_models.student.detection_losses import box_losses, draw_regions, proposal_losses
from orpose_models.student.heads import BOX_CELLS, HEATMAPS
from orpose_models.student.lifters import PixelLifter
from orpose_models.student.losses import KeypointLabels, joints_loss, keypoint_losses
from orpose_models.student.network import Student
from orpose_models.training.means import over_all_ranks
from orpose_models.training.region_samples import Sample
from orpose_models.training.train_config import Regions


class RegionObjective(nn.Module):
    """From samples to losses by name; what a distributed run wraps.

    Args:
        student: the network, in training mode.
        regions: how many of an image are learned from.
        mixed: type of the numbers in backbone and keypoint head; None for single precision.
    """

    def __init__(self, student: Student, regions: Regions, mixed: torch.dtype | None = None) -> None:
        super().__init__()
        self.student, self.regions, self.mixed = student, regions, mixed

    def forward(self, samples: Sequence[Sample]) -> dict[str, Tensor]:
        """Unweighted losses of some images."""
        student, counts = self.student, self.regions
        device = next(student.parameters()).device
        images = [torch.from_numpy(sample.image).to(device).float() for sample in samples]
        sizes = [(image.shape[2], image.shape[1]) for image in images]
        boxes = [torch.from_numpy(sample.boxes).to(device) for sample in samples]
        ignored = [torch.from_numpy(sample.ignored).to(device) for sample in samples]
        generators = [torch.Generator().manual_seed(sample.seed) for sample in samples]
        with torch.autocast(device.type, self.mixed or torch.bfloat16, enabled=self.mixed is not None):
            maps = student.features(images)
        features = [level.float() for level in maps]
        raw = student.proposals(features)
        losses = proposal_losses(raw, boxes, counts.proposals, ignored, generators)
        proposals = student.proposals.select(raw, sizes)
        drawn = draw_regions(proposals, boxes, counts.boxes, ignored, generators)
        logits, deltas = student.box_head(student.pool(features, [r.boxes for r in drawn], BOX_CELLS))
        learned = {"loss_class": len(logits), "loss_box": len(logits)}
        losses |= box_losses(logits, deltas, drawn, boxes)
        persons = [
            (region.boxes[index], region.person[index])
            for region, generator in zip(drawn, generators, strict=True)
            for index in (self._positives(region.person, generator),)
        ]
        losses |= self._keypoints(features, samples, persons, learned)
        losses |= self._joints(samples, learned)
        return over_all_ranks(losses, learned)

    def _positives(self, person: Tensor, generator: torch.Generator) -> Tensor:
        found = torch.nonzero(person >= 0)[:, 0]
        return found[torch.randperm(len(found), generator=generator)[: self.regions.keypoints].to(found.device)]

    def _keypoints(
        self,
        features: Sequence[Tensor],
        samples: Sequence[Sample],
        persons: Sequence[tuple[Tensor, Tensor]],
        learned: dict[str, int],
    ) -> dict[str, Tensor]:
        device = features[0].device
        regions = [boxes for boxes, _ in persons]
        with torch.autocast(device.type, self.mixed or torch.bfloat16, enabled=self.mixed is not None):
            heatmaps = {branch: maps.float() for branch, maps in self.student.heatmaps(features, regions).items()}
        everywhere = torch.cat(regions)

        def of_regions(values: Sequence[torch.Tensor]) -> Tensor:
            parts = zip(values, persons, strict=True)
            return torch.cat([value.to(device)[person] for value, (_, person) in parts])

        keypoints = of_regions([torch.from_numpy(sample.keypoints) for sample in samples])
        labels: dict[str, dict[str, KeypointLabels]] = {}
        for branch in self.student.config.branches:
            labels[branch] = {}
            for name in LEARNS[branch]:
                confidence = of_regions([torch.from_numpy(sample.scores[name]) for sample in samples])
                cells, inside = HEATMAPS.encode(keypoints, confidence > 0, everywhere)
                labels[branch][name] = KeypointLabels(cells, inside, confidence)
                learned[f"loss_2d_{name}"] = int(inside.sum())
        return keypoint_losses(heatmaps, labels)

    def _joints(self, samples: Sequence[Sample], learned: dict[str, int]) -> dict[str, Tensor]:
        """The lifters' losses, for persons rather than regions: what they are given does not depend on the region."""
        losses = {}
        for branch, lifter in self.student.lifters.items():
            for name in LEARNS[branch]:
                assert isinstance(lifter, PixelLifter)
                joints, target = _lift_pixels(lifter, samples, name)
                losses[f"loss_3d_{name}"] = joints_loss(joints, target)
                learned[f"loss_3d_{name}"] = int(torch.isfinite(target[:, 1:]).sum())
        return losses


def _lift_pixels(lifter: PixelLifter, samples: Sequence[Sample], name: str) -> tuple[Tensor, Tensor]:
    """Answers and targets (n, 17, 3) for all persons whose keypoints are known, by whatever score."""
    device = lifter.joints.device
    keypoints = torch.cat([torch.from_numpy(sample.keypoints) for sample in samples]).to(device)
    target = torch.cat([torch.from_numpy(sample.joints3d[name]) for sample in samples]).to(device)
    return lifter(keypoints), target
