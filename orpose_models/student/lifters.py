"""The student's lifters: 2D keypoints in, 3D joints out, in the paper's form and in that of the project's own lifter.

Both have `lift(keypoints, scores, camera)`; what they are trained with differs.
"""

from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from orpose_models.lifting.features import FORMS, LENGTHS
from orpose_models.lifting.lifter_network import LiftingConfig, LiftingNetwork
from orpose_models.lifting.lifter_weights import OUTPUTS, LifterWeights
from orpose_models.lifting.runtime import Lifter
from orpose_models.vocabulary.cameras import Camera
from orpose_models.vocabulary.errors import OrposeError
from orpose_models.vocabulary.skeletons import COCO17_TO_H36M17, H36M17

_NECK, _HEAD = H36M17.index("neck"), H36M17.index("head")


class PixelLifter(nn.Module):
    """The paper's: Martinez' network, given pixels of the network's input and nothing else.

    Buffers: `input_mean`, `input_std` (32,) in pixels, `output_mean`, `output_std` (48,) in metres.
    """

    joints: Tensor
    input_mean: Tensor
    input_std: Tensor
    output_mean: Tensor
    output_std: Tensor

    def __init__(self, hidden: int) -> None:
        super().__init__()
        self.network = LiftingNetwork(LiftingConfig(hidden=hidden))
        # Joint 9 is, in the map from COCO, the same point as joint 10.
        joints = torch.from_numpy(np.delete(COCO17_TO_H36M17.matrix, 9, axis=0)).float()
        self.register_buffer("joints", joints, persistent=False)
        for name, length in (("input", 32), ("output", OUTPUTS)):
            self.register_buffer(f"{name}_mean", torch.zeros(length))
            self.register_buffer(f"{name}_std", torch.ones(length))

    def forward(self, keypoints: Tensor) -> Tensor:
        """Joints (n, 17, 3), metres, Human3.6M-17 order, relative to joint 0, from keypoints (n, 17, 2)."""
        inputs = (self.inputs(keypoints) - self.input_mean) / self.input_std
        training = self.network.training
        if len(keypoints) < 2:
            self.network.eval()  # fewer persons have no batch statistics
        outputs = self.network(inputs) * self.output_std + self.output_mean
        self.network.train(training)
        return _with_root(outputs.unflatten(1, (len(H36M17) - 1, 3)))

    def inputs(self, keypoints: Tensor) -> Tensor:
        """What the network is given (n, 32), before it is standardised."""
        return torch.einsum("jk,nkd->njd", self.joints, keypoints).flatten(1)

    def lift(self, keypoints: Tensor, scores: Tensor, camera: Camera) -> Tensor:
        """Joints as `forward` gives them; neither scores nor camera are used."""
        return self(keypoints)


class ViewLifter(nn.Module):
    """The project's own lifter in both its forms (see `lifting.features`), to be trained further.

    Its batch norms keep the statistics they come with, and nothing is dropped out: the few persons of a step say
    little about the mean of all.
    """

    def __init__(self, hidden: int) -> None:
        super().__init__()
        self.hidden = hidden
        self.networks = nn.ModuleDict(
            {form: LiftingNetwork(LiftingConfig(LENGTHS[form], OUTPUTS, hidden)) for form in FORMS}
        )
        for form in FORMS:
            for name, length in (("input", LENGTHS[form]), ("output", OUTPUTS)):
                self.register_buffer(f"{form}_{name}_mean", torch.zeros(length))
                self.register_buffer(f"{form}_{name}_std", torch.ones(length))
        self.train()

    def train(self, mode: bool = True) -> "ViewLifter":
        super().train(mode)
        self.networks.eval()
        return self

    def load(self, weights: LifterWeights) -> None:
        """Take over the weights and statistics of a trained lifter.

        Raises:
            OrposeError: it is of another width.
        """
        mine, theirs = self.hidden, len(weights.networks[FORMS[0]]["input.0.weight"])
        if mine != theirs:
            raise OrposeError(f"lifter_hidden is {mine}, but the trained lifter is {theirs} wide; set it to {theirs}")
        for form in FORMS:
            arrays = {name: torch.from_numpy(array) for name, array in weights.networks[form].items()}
            for name in ("input_mean", "input_std", "output_mean", "output_std"):
                getattr(self, f"{form}_{name}").copy_(arrays.pop(name))
            state = self.networks[form].state_dict()
            self.networks[form].load_state_dict({**state, **arrays})

    def forward(self, form: str, values: Tensor, axes: Tensor) -> Tensor:
        """Joints (n, 17, 3), metres, Human3.6M-17 order, relative to joint 0, in the camera's optical axes.

        Args:
            form: 'gravity' or 'intrinsics'.
            values, axes: (n, LENGTHS[form]) and (n, 3, 3), float32, of `lifting.features.Features`.
        """
        joints = self.answer(form, values) @ axes
        joints = joints.index_copy(1, torch.tensor([_NECK - 1], device=joints.device), joints[:, _HEAD - 1 : _HEAD])
        return _with_root(joints)

    def answer(self, form: str, values: Tensor) -> Tensor:
        """Joints 1..16 (n, 16, 3) in the level axes of the features."""
        mean, std = getattr(self, f"{form}_input_mean"), getattr(self, f"{form}_input_std")
        inputs = ((values - mean) / std).clamp(-8, 8).nan_to_num()
        mean, std = getattr(self, f"{form}_output_mean"), getattr(self, f"{form}_output_std")
        return (self.networks[form](inputs) * std + mean).unflatten(1, (len(H36M17) - 1, 3))

    @torch.no_grad()
    def lift(self, keypoints: Tensor, scores: Tensor, camera: Camera) -> Tensor:
        """As `lifting.runtime.Lifter.lift`: both ways round, by gravity where the camera knows it, NaN if too few."""

        def network(form: str, values: NDArray[np.float64]) -> NDArray[np.float32]:
            return self.answer(form, torch.from_numpy(values).float().to(keypoints.device)).cpu().numpy()

        lifter = Lifter({form: partial(network, form) for form in FORMS}, "")
        joints = lifter.lift(keypoints.cpu().numpy(), scores.cpu().numpy(), camera)
        return torch.from_numpy(joints).to(keypoints.device)


def _with_root(joints: Tensor) -> Tensor:
    return torch.cat([torch.zeros_like(joints[:, :1]), joints], dim=1)
