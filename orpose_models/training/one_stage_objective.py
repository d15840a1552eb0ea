"""All losses of a batch of the one-stage student: its maps against targets, its lifters against the teacher's 3D.

Every loss is the mean over what all processes of a distributed run learn from in this step.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from orpose_models.model_format.student_config import LEARNS
from orpose_models.student.lifters import ViewLifter
from orpose_models.student.one_stage import Maps, OneStageStudent
from orpose_models.training.dense_targets import Targets, answers, make_targets
from orpose_models.training.lifting_samples import lifting_losses
from orpose_models.training.means import over_all_ranks
from orpose_models.training.scale_pairs import Scene

# A cell that is wrong by e counts e times, and one in which something is, as much as that.
_CELLS = 4.0
_SMALLEST_SIDE = 4.0
_EPS = 1e-4


class OneStageObjective(nn.Module):
    """From scenes to losses by name; what a distributed run wraps.

    Args:
        student: the network, in training mode.
        start: the frozen network that answers for unreduced pictures.
        mixed: type of the networks' numbers, None for single precision; losses are in single precision.
    """

    def __init__(self, student: OneStageStudent, start: OneStageStudent, mixed: torch.dtype | None = None) -> None:
        super().__init__()
        self.student, self.mixed = student, mixed
        self._start = [start.eval().requires_grad_(False)]  # in a list: no part of what is trained and saved

    def forward(self, scenes: Sequence[Scene]) -> dict[str, Tensor]:
        """Unweighted losses of some scenes of one `augmentation_config.InputKind`."""
        device = next(self.student.parameters()).device
        start = self._start[0].to(device)
        with torch.no_grad():
            clear = answers(self._maps(start, [scene.clear for scene in scenes], device))
        targets = make_targets(clear, scenes)
        maps = self._maps(self.student, [scene.image for scene in scenes], device, scenes[0].small)
        losses, learned = map_losses(maps, targets)
        for branch, lifter in self.student.lifters.items():
            assert isinstance(lifter, ViewLifter)
            for name in LEARNS[branch]:
                loss, count = lifting_losses(lifter, [scene.lifting[name] for scene in scenes])
                losses[f"loss_3d_{name}"], learned[f"loss_3d_{name}"] = loss, count
        return over_all_ranks(losses, learned)

    def _maps(self, network: OneStageStudent, images: Sequence, device: torch.device, small: bool = False) -> Maps:
        batch = torch.stack([torch.from_numpy(image) for image in images]).to(device).float()
        with torch.autocast(device.type, self.mixed or torch.bfloat16, enabled=self.mixed is not None):
            return network(network.normalise(batch), small)


def map_losses(maps: Maps, targets: Targets) -> tuple[dict[str, Tensor], dict[str, float]]:
    """Means of each kind over what is learned of it, and how much that is."""
    side = targets.sizes.clamp(min=_SMALLEST_SIDE)
    losses, learned = {}, {}

    def note(name: str, loss: Tensor, count: Tensor) -> None:
        losses[f"loss_{name}"], learned[f"loss_{name}"] = loss / count.clamp(min=1), float(count.clamp(min=1))

    centre = cell_loss(maps.centre.float(), targets.centre, targets.centre_weight)
    note("centre", centre, targets.centre.sum() * _CELLS)
    apart = (torch.cat([maps.box_sizes, maps.box_offsets], dim=1).float() - targets.boxes).abs()
    apart = apart / side * targets.box_weight
    note("box", apart.sum(), targets.box_weight.sum())
    apart = (maps.regression.float().unflatten(1, (17, 2)) - targets.regression).abs()
    apart = apart / side[:, None] * targets.regression_weight
    note("regression", apart.sum(), targets.regression_weight.sum())
    for branch, heat in maps.heatmaps.items():
        for name in LEARNS[branch]:
            target, weight = targets.heatmaps[name], targets.heat_weights[name]
            note(f"2d_{name}", cell_loss(heat.float(), target, weight), target.sum() * _CELLS)
        offsets = (maps.offsets[branch].float().unflatten(1, (17, 2)) - targets.offsets).abs() * targets.offset_weight
        note(f"offset_{branch}", offsets.sum(), targets.offset_weight.sum())
    return losses, learned


def cell_loss(logits: Tensor, target: Tensor, weight: Tensor) -> Tensor:
    """Summed cross-entropy beyond the target's own, of cells by how wrong they are and by what is in them.

    Args:
        logits, target, weight: of one shape; targets are probabilities.
    """
    counts = ((logits.sigmoid() - target).abs() + target).detach() * weight
    own = F.binary_cross_entropy(target.clamp(_EPS, 1 - _EPS), target, reduction="none")
    return ((F.binary_cross_entropy_with_logits(logits, target, reduction="none") - own) * counts).sum()
