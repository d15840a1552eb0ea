"""Stage 3 of the paper's teacher: 3D by the lifter of Martinez et al. (ICCV 2017), from pixels alone."""

from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file

from orpose_models.lifting.features import martinez_inputs
from orpose_models.lifting.lifter_network import LiftingNetwork
from orpose_models.lifting.runtime import Network
from orpose_models.vocabulary.cameras import Camera
from orpose_models.vocabulary.errors import OrposeError
from orpose_models.vocabulary.skeletons import COCO17_TO_H36M17, H36M17

# By which inputs (pixels) are standardised and outputs restored to metres: Human3.6M's, for its networks.
_STATISTICS = {"input_mean": 32, "input_std": 32, "output_mean": 48, "output_std": 48}


class MartinezLifter:
    """Lifts keypoints to 3D (`teacher.protocols.Lifter`) with a network of the paper's form, 4,291,632 parameters.

    It takes pixels as they are: intrinsics and the camera's tilt are not used, so that it suits cameras and images
    like those its statistics are from.

    Args:
        arrays: the parameters of `lifting.lifter_network.LiftingNetwork` by its names, and the statistics `input_mean`,
            `input_std` (32,) in pixels, `output_mean`, `output_std` (48,) in metres.
        source: where the arrays come from, for messages.

    Raises:
        OrposeError: arrays are missing, left over, of a wrong shape or not finite.
    """

    def __init__(self, arrays: Mapping[str, NDArray[Any]], source: str | Path) -> None:
        expected = {name: tuple(tensor.shape) for name, tensor in LiftingNetwork().state_dict().items()}
        expected |= {name: (length,) for name, length in _STATISTICS.items()}
        expected = {name: shape for name, shape in expected.items() if not name.endswith("num_batches_tracked")}
        for name, shape in expected.items():
            if name not in arrays or arrays[name].shape != shape:
                raise OrposeError(f"{source}: not a lifter of Martinez' form: {name} of shape {shape} is missing")
            if not np.isfinite(arrays[name]).all():
                raise OrposeError(f"{source}: {name} has numbers that are not finite")
        digest = sha256()
        for name in sorted(expected):
            digest.update(name.encode() + np.ascontiguousarray(arrays[name], np.float32).tobytes())
        self.sha256 = digest.hexdigest()
        self._network = Network({name: np.asarray(arrays[name], np.float32) for name in expected})

    @classmethod
    def random(cls) -> "MartinezLifter":
        """Random weights, for tests of the machinery only."""
        arrays = {name: tensor.numpy() for name, tensor in LiftingNetwork().state_dict().items()}
        for name, length in _STATISTICS.items():
            arrays[name] = np.full(length, name.endswith("std"), np.float32)
        arrays["input_std"] *= 200
        return cls(arrays, "random weights")

    @classmethod
    def load(cls, path: str | Path) -> "MartinezLifter":
        """Read a safetensors file.

        Raises:
            OrposeError: it is missing, damaged or holds another network.
        """
        path = Path(path)
        if not path.is_file():
            raise OrposeError(f"{path}: no such file")
        try:
            arrays = load_file(path)
        except (SafetensorError, OSError, ValueError) as error:
            raise OrposeError(f"{path}: not a readable safetensors file ({error})") from None
        return cls(arrays, path)

    def lift(self, keypoints: NDArray[np.float32], scores: NDArray[np.float32], camera: Camera) -> NDArray[np.float32]:
        """Joints (n, 17, 3) in metres, relative to joint 0, in the camera's optical axes.

        Args:
            keypoints: (n, 17, 2) pixels, COCO-17 order.
            scores: (n, 17); a joint with score 0 is taken to be at the mean of the training data.
            camera: not used.

        Returns:
            (n, 17, 3) float32, Human3.6M-17 order; NaN for a person without any joint.
        """
        known = scores > 0
        inputs = martinez_inputs(np.where(known[..., None], keypoints, 0)).astype(np.float64)
        present = np.delete(COCO17_TO_H36M17.valid(known), 9, axis=1)
        inputs[~np.repeat(present, 2, axis=1)] = np.nan
        joints = np.zeros((len(inputs), len(H36M17), 3), np.float32)
        joints[:, 1:] = self._network(inputs)
        joints[~known.any(axis=1)] = np.nan
        return joints
