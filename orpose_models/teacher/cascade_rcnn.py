"""Stage 1 of the paper's teacher: persons by detectron2's Cascade Mask R-CNN X-152.

detectron2 is an optional dependency and is imported in this module and `teacher.deformable` only.
"""

from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from orpose_models.errors import OrposeError
from orpose_models.foreign_checkpoints import load_parameters, read_foreign_checkpoint
from orpose_models.resolution import Size, resize_down

ZOO_CONFIG = "Misc/cascade_mask_rcnn_X_152_32x8d_FPN_IN5k_gn_dconv.yaml"
PERSON_CLASS = 0  # of the 80 classes of COCO in detectron2's order
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
        short_side, long_side: the image is scaled, keeping its shape, until its short side is the one or its
            long side the other, whichever comes first. The zoo's values are 800 and 1333.
        score_threshold: persons below it are not reported.
        device: what torch computes on ('cpu', 'cuda').

    Raises:
        OrposeError: detectron2 or the weights are missing, or the file is not of this network.
    """

    def __init__(
        self,
        weights: str | Path | None,
        short_side: int = 800,
        long_side: int = 1333,
        score_threshold: float = 0.05,
        device: str = "cpu",
    ) -> None:
        network = build_cascade_rcnn(score_threshold)
        if weights is not None:
            load_cascade_rcnn_weights(network, weights)
        self.network: Any = network.to(device)
        self.short_side, self.long_side = short_side, long_side

    def detect(self, image: NDArray[np.uint8]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Find the persons of an image.

        Args:
            image: (h, w, 3) uint8, BGR.

        Returns:
            Boxes (n, 4) float32, x_min, y_min, x_max, y_max in pixels of `image`, and scores (n,) float32, both
            by falling score.
        """
        height, width = image.shape[:2]
        # detectron2 scales with Pillow's bilinear filter too, which `resize_down` is, also where it enlarges.
        scaled = resize_down(image, network_input_size((width, height), self.short_side, self.long_side))
        tensor = torch.from_numpy(scaled.astype(np.float32).transpose(2, 0, 1).copy())
        with torch.inference_mode():
            found = self.network([{"image": tensor, "height": height, "width": width}])[0]["instances"]
        found = found[found.pred_classes == PERSON_CLASS]
        return found.pred_boxes.tensor.cpu().numpy(), found.scores.cpu().numpy()
