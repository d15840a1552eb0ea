"""Stage 2 of the paper's teacher: keypoints by HRNet-W48 on crops of 384 x 288 pixels."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import timm
import torch
from numpy.typing import NDArray
from torch import nn

from orpose_models.files.foreign_checkpoints import load_parameters, read_foreign_checkpoint
from orpose_models.teacher.augmentation import merge_keypoints
from orpose_models.teacher.top_down import PADDING, crop, crop_transforms, decode_heatmaps, merge_flipped, to_image
from orpose_models.vocabulary.resolution import Size
from orpose_models.vocabulary.similarity import SILHOUETTE
from orpose_models.vocabulary.skeletons import COCO17

CROP_SIZE: Size = (288, 384)
MAP_SIZE: Size = (72, 96)
# Of ImageNet, for RGB in 0..1.
_MEAN = np.array([0.485, 0.456, 0.406], np.float32)
_STD = np.array([0.229, 0.224, 0.225], np.float32)


class HRNet(nn.Module):
    """HRNet-W48 for 17 keypoints, 63,595,745 parameters, on the stages of timm.

    Parameters and buffers have the names and shapes of the official checkpoints (`pose_hrnet_w48_384x288.pth`).
    The last stage makes its finest output only, as the pose network does.
    """

    def __init__(self) -> None:
        super().__init__()
        stages: Any = timm.create_model("hrnet_w48", pretrained=False)
        self.conv1, self.bn1, self.conv2, self.bn2 = stages.conv1, stages.bn1, stages.conv2, stages.bn2
        self.layer1 = stages.layer1
        self.transition1, self.stage2 = stages.transition1, stages.stage2
        self.transition2, self.stage3 = stages.transition2, stages.stage3
        self.transition3, self.stage4 = stages.transition3, stages.stage4
        self.stage4[-1].fuse_layers = self.stage4[-1].fuse_layers[:1]
        self.final_layer = nn.Conv2d(48, len(COCO17), kernel_size=1)

    def forward(self, crops: torch.Tensor) -> torch.Tensor:
        """Heatmaps (n, 17, h / 4, w / 4) of normalised RGB crops (n, 3, h, w)."""
        x = torch.relu(self.bn1(self.conv1(crops)))
        x = torch.relu(self.bn2(self.conv2(x)))
        x = self.layer1(x)
        branches = self.stage2([transition(x) for transition in self.transition1])
        # Each transition passes the existing branches on and makes one more from the coarsest.
        branches = self.stage3([*branches, self.transition2[-1](branches[-1])])
        branches = self.stage4([*branches, self.transition3[-1](branches[-1])])
        return self.final_layer(branches[0])


def load_hrnet_weights(network: HRNet, path: str | Path) -> None:
    """Load an official checkpoint; every name and shape must match.

    Raises:
        OrposeError: the file is missing, damaged or belongs to another network.
    """
    load_parameters(network, read_foreign_checkpoint(path), path)


class HRNetKeypoints:
    """Finds the keypoints of given persons (`teacher.protocols.KeypointEstimator`).

    Args:
        weights: checkpoint file; None leaves the network random (for tests of the machinery only).
        paddings: how much larger than its box each crop is; with several, the keypoints of each are merged. HRNet's
            value is 1.25.
        flip_test: average heatmaps with those of the mirrored crop.
        batch_size: how many crops go through the network at a time.
        device: what torch computes on ('cpu', 'cuda').

    Raises:
        OrposeError: the weights are missing or not of this network.
    """

    def __init__(
        self,
        weights: str | Path | None,
        paddings: Sequence[float] = (PADDING,),
        flip_test: bool = True,
        batch_size: int = 8,
        device: str = "cpu",
    ) -> None:
        network = HRNet()
        if weights is not None:
            load_hrnet_weights(network, weights)
        self.network = network.eval().to(device)
        self.paddings = tuple(paddings)
        self.flip_test = flip_test
        self.batch_size = batch_size
        self.device = device

    def estimate(
        self, image: NDArray[np.uint8], boxes: NDArray[np.float32]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Find the keypoints of each box.

        Args:
            image: (h, w, 3) uint8, BGR.
            boxes: (n, 4) float32, x_min, y_min, x_max, y_max in pixels.

        Returns:
            Keypoints (n, 17, 2) float32 in pixels of `image`, and scores (n, 17) float32 in 0..1: the heatmaps'
            highest values.
        """
        boxes = np.asarray(boxes, np.float32).reshape(-1, 4)
        found = [self._estimate(image, crop_transforms(boxes, CROP_SIZE, padding)) for padding in self.paddings]
        if len(found) == 1:
            return found[0]
        areas = SILHOUETTE * np.prod(boxes[:, 2:] - boxes[:, :2], axis=1)
        keypoints, scores = merge_keypoints(np.stack([k for k, _ in found]), np.stack([s for _, s in found]), areas)
        return keypoints.astype(np.float32), scores.astype(np.float32)

    def _estimate(
        self, image: NDArray[np.uint8], transforms: NDArray[np.float64]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        keypoints = np.zeros((len(transforms), len(COCO17), 2), np.float32)
        scores = np.zeros((len(transforms), len(COCO17)), np.float32)
        for start in range(0, len(transforms), self.batch_size):
            part = slice(start, start + self.batch_size)
            crops = np.stack([crop(image, transform, CROP_SIZE) for transform in transforms[part]])
            positions, values = decode_heatmaps(self._heatmaps(crops))
            keypoints[part] = to_image(positions, transforms[part], CROP_SIZE, MAP_SIZE)
            scores[part] = np.clip(values, 0, 1)
        return keypoints, scores

    def _heatmaps(self, crops: NDArray[np.uint8]) -> NDArray[np.float32]:
        rgb = (crops[..., ::-1].astype(np.float32) / 255 - _MEAN) / _STD
        tensor = torch.from_numpy(rgb.transpose(0, 3, 1, 2).copy()).to(self.device)
        with torch.inference_mode():
            heatmaps = self.network(tensor).cpu().numpy()
            if not self.flip_test:
                return heatmaps
            return merge_flipped(heatmaps, self.network(tensor.flip(3)).cpu().numpy(), COCO17.flip)
