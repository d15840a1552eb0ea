"""Stage 1 of the paper's teacher: persons by detectron2's Cascade Mask R-CNN X-152.

detectron2 is an optional dependency and is imported in this module and `teacher.deformable` only.
"""

from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from orpose_models.files.foreign_checkpoints import load_parameters, read_foreign_checkpoint
from orpose_models.teacher.augmentation import fuse_boxes
from orpose_models.vocabulary.errors import OrposeError
from orpose_models.vocabulary.resolution import Size, resize_down

ZOO_CONFIG = "Misc/cascade_mask_rcnn_X_152_32x8d_FPN_IN5k_gn_dconv.yaml"
PERSON_CLASS = 0  # of the 80 classes of COCO in detectron2's order
# Overlap from which on the boxes of two views are one person's: weighted box fusion's own default.
FUSION_IOU = 0.55
# Entries of zoo checkpoints that newer networks compute from the configuration.
_DERIVED = ("proposal_generator.anchor_generator.cell_anchors", "pixel_mean", "pixel_std")


def build_cascade_rcnn(score_threshold: float = 0.05) -> torch.nn.Module:
    """The network of detectron2's zoo, 182,487,660 parameters, randomly initialised, on the CPU.

    Its mask head is built, so that the published weights load whole, but not run.

    Raises:
        OrposeError: detectron2 is not installed.
    """
    if find_spec("detectron2") is None:
        raise OrposeError(
            "the paper's teacher finds persons with detectron2, which is not installed; install it as its own "
            "documentation says (https://detectron2.readthedocs.io/en/latest/tutorials/install.html)"
        )
    from detectron2 import model_zoo
    from detectron2.modeling import build_model

    from orpose_models.teacher.deformable import deformable_convolution

    config = model_zoo.get_config(ZOO_CONFIG)
    config.MODEL.DEVICE = "cpu"
    config.MODEL.WEIGHTS = ""
    config.MODEL.ROI_HEADS.SCORE_THRESH_TEST = score_threshold
    with deformable_convolution():
        network = build_model(config)
    network.roi_heads.mask_on = False
    return network.eval()


def load_cascade_rcnn_weights(network: torch.nn.Module, path: str | Path) -> None:
    """Load a checkpoint of detectron2's zoo (`.pkl`) or of its trainer (`.pth`), without executing pickled code.

    Raises:
        OrposeError: the file is missing, damaged or belongs to another network.
    """
    tensors = read_foreign_checkpoint(path)
    load_parameters(network, {name: t for name, t in tensors.items() if not name.startswith(_DERIVED)}, path)


def network_input_size(size: Size, short_side: int, long_side: int) -> Size:
    """The size an image of `size` is given to the network in: the short side as asked, the long side limited."""
    width, height = size
    scale = min(short_side / min(size), long_side / max(size))
    return max(1, int(width * scale + 0.5)), max(1, int(height * scale + 0.5))


class CascadeRCNNDetector:
    """Finds persons (`teacher.protocols.Detector`).

    Args:
        weights: checkpoint file; None leaves the network random (for tests of the machinery only).
        short_sides: the image is scaled, keeping its shape, until its short side is this long; with several, what
            is found at each is fused. The zoo's value is 800.
        flip: look at the mirrored image too.
        long_side: limit of the long side, per 800 pixels of the short one. The zoo's value is 1333.
        score_threshold: persons below it are not reported.
        device: what torch computes on ('cpu', 'cuda').

    Raises:
        OrposeError: detectron2 or the weights are missing, or the file is not of this network.
    """

    def __init__(
        self,
        weights: str | Path | None,
        short_sides: Sequence[int] = (800,),
        flip: bool = False,
        long_side: int = 1333,
        score_threshold: float = 0.05,
        device: str = "cpu",
    ) -> None:
        network = build_cascade_rcnn(score_threshold)
        if weights is not None:
            load_cascade_rcnn_weights(network, weights)
        self.network: Any = network.to(device)
        self.short_sides, self.long_side = tuple(short_sides), long_side
        self.flip = flip
        self.score_threshold = score_threshold

    def detect(self, image: NDArray[np.uint8]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Find the persons of an image.

        Args:
            image: (h, w, 3) uint8, BGR.

        Returns:
            Boxes (n, 4) float32, x_min, y_min, x_max, y_max in pixels of `image`, and scores (n,) float32, both
            by falling score.
        """
        views = [
            (side, mirrored) for side in self.short_sides for mirrored in ((False, True) if self.flip else (False,))
        ]
        found = [self._detect(image, side, mirrored) for side, mirrored in views]
        if len(found) == 1:
            return found[0]
        boxes, scores = fuse_boxes(
            [boxes for boxes, _ in found],
            [scores for _, scores in found],
            [np.full(len(scores), len(views)) for _, scores in found],
            FUSION_IOU,
        )
        # A person seen in few of the views falls below the threshold that all its boxes were above.
        kept = scores >= self.score_threshold
        return boxes[kept], scores[kept]

    def _detect(
        self, image: NDArray[np.uint8], short_side: int, mirrored: bool
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        height, width = image.shape[:2]
        size = network_input_size((width, height), short_side, round(self.long_side * short_side / 800))
        # detectron2 scales with Pillow's bilinear filter too, which `resize_down` is, also where it enlarges.
        scaled = resize_down(image[:, ::-1] if mirrored else image, size)
        tensor = torch.from_numpy(scaled.astype(np.float32).transpose(2, 0, 1).copy())
        with torch.inference_mode():
            found = self.network([{"image": tensor, "height": height, "width": width}])[0]["instances"]
        found = found[found.pred_classes == PERSON_CLASS]
        boxes, scores = found.pred_boxes.tensor.cpu().numpy(), found.scores.cpu().numpy()
        if mirrored:
            boxes = boxes[:, [2, 1, 0, 3]] * np.array([-1, 1, -1, 1], np.float32)
            boxes[:, [0, 2]] += width
        return boxes, scores
