"""Lifting with numpy alone: 2D keypoints in, 3D joints out."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from orpose_models.files.disk import sha256
from orpose_models.lifting.features import features, liftable, mirrored, standardised
from orpose_models.lifting.lifter_weights import Arrays, read_weights
from orpose_models.vocabulary.cameras import Camera
from orpose_models.vocabulary.errors import OrposeError
from orpose_models.vocabulary.skeletons import COCO17, H36M17

_FOLDER = Path(__file__).resolve().parents[1] / "weights"
DEFAULT_WEIGHTS = _FOLDER / "lifter.safetensors"
# Narrower ones, which light students start from.
LIGHT_WEIGHTS = _FOLDER / "lifter-light.safetensors"

_BATCH_NORM_EPSILON = 1e-5
_NECK, _HEAD = H36M17.index("neck"), H36M17.index("head")


class Network:
    """One lifting network in evaluation mode, its batch norms folded into the linear layers."""

    def __init__(self, arrays: Arrays) -> None:
        self._input = _folded(arrays, "input")
        count = len({name.split(".")[1] for name in arrays if name.startswith("blocks.")})
        self._blocks = [[_folded(arrays, f"blocks.{i}.{j}") for j in (0, 1)] for i in range(count)]
        self._output = (arrays["output.weight"].T, arrays["output.bias"])
        self._input_mean, self._input_std = arrays["input_mean"], arrays["input_std"]
        self._output_mean, self._output_std = arrays["output_mean"], arrays["output_std"]

    def __call__(self, values: NDArray[np.float64]) -> NDArray[np.float32]:
        """Features (n, d) to joints 1..16 (n, 16, 3), metres."""
        x = _layer(standardised(values, self._input_mean, self._input_std), self._input)
        for first, second in self._blocks:
            x = x + _layer(_layer(x, first), second)
        y = (x @ self._output[0] + self._output[1]) * self._output_std + self._output_mean
        return y.reshape(len(y), 16, 3)


@dataclass(frozen=True, eq=False)
class Lifter:
    """Lifts 2D keypoints to 3D; see `load_lifter`.

    Attributes:
        networks: by form, 'gravity' and 'intrinsics': a `Network`, or what answers like one. It is asked about all
            persons and then all their mirror images at once, also about those who cannot be lifted.
        sha256: of the weights file.
    """

    networks: Mapping[str, Callable[[NDArray[np.float64]], NDArray[np.float32]]]
    sha256: str

    def lift(self, keypoints: ArrayLike, scores: ArrayLike, camera: Camera) -> NDArray[np.float32]:
        """Lift persons to 3D.

        With `camera.gravity` the network that uses it answers, otherwise the one that needs intrinsics only.
        The answer is the mean of that for the keypoints and that for their mirror image.

        Args:
            keypoints: (n, 17, 2) COCO-17, pixels of `camera`'s image.
            scores: (n, 17) in 0..1; keypoints below 0.05 are treated as missing.
            camera: intrinsics, distortion and, where known, gravity.

        Returns:
            (n, 17, 3) float32, Human3.6M-17 joints relative to joint 0, metres, optical axes of the camera.
            Joints that were not seen are the network's guess. Joint 9 (neck) is, as in the COCO-17 to
            Human3.6M-17 map, the same point as joint 10: the middle of the ears. A person of whom fewer than 3 joints,
            fewer than 2 above the knees, or neither a shoulder nor a hip were seen is NaN.
        """
        keypoints = np.asarray(keypoints, np.float64).reshape(-1, len(COCO17), 2)
        scores = np.asarray(scores, np.float64).reshape(-1, len(COCO17))
        scores = np.where(np.isfinite(keypoints).all(axis=-1), np.nan_to_num(scores), 0.0)
        plane = camera.normalised(np.nan_to_num(keypoints))
        gravity = None if camera.gravity is None else np.broadcast_to(np.array(camera.gravity), (len(plane), 3))
        return self.lift_normalised(plane, scores, gravity)

    def lift_normalised(self, plane: NDArray, scores: NDArray, gravity: NDArray | None) -> NDArray[np.float32]:
        """As `lift`, from normalised image coordinates (n, 17, 2) and each person's gravity (n, 3), or None."""
        joints = np.full((len(plane), len(H36M17), 3), np.nan, np.float32)
        able = liftable(scores)
        if not able.any():
            return joints
        # One call for everybody, and for their mirror images.
        plane_there, scores_there, gravity_there = mirrored(plane, scores, gravity)
        plane, scores = np.concatenate([plane, plane_there]), np.concatenate([scores, scores_there])
        if gravity is None or gravity_there is None:
            form, seen = "intrinsics", features("intrinsics", plane, scores)
        else:
            form, seen = "gravity", features("gravity", plane, scores, np.concatenate([gravity, gravity_there]))
        answers = np.zeros((len(plane), len(H36M17), 3))
        answers[:, 1:] = self.networks[form](seen.values) @ seen.axes
        answers[:, _NECK] = answers[:, _HEAD]
        straight, turned = np.split(answers, 2)
        joints[able] = ((straight + turned[:, list(H36M17.flip)] * [-1, 1, 1]) / 2)[able]
        return joints


def load_lifter(path: str | Path | None = None) -> Lifter:
    """Load a lifter's weights; those that come with the program if no path is given.

    Raises:
        OrposeError: the file is missing, corrupt, or not a lifter of this version.
    """
    path = Path(path) if path is not None else DEFAULT_WEIGHTS
    weights = read_weights(path)
    try:
        networks = {form: Network(arrays) for form, arrays in weights.networks.items()}
    except KeyError as error:
        raise OrposeError(f"{path}: parameter {error} is missing; train it again with: orpose train-lifter") from None
    return Lifter(networks, sha256(path))


def _folded(arrays: Arrays, name: str) -> tuple[NDArray, NDArray]:
    """Matrix (inputs, outputs) and bias of a linear layer with the batch norm that follows it."""
    scale = arrays[f"{name}.1.weight"] / np.sqrt(arrays[f"{name}.1.running_var"] + _BATCH_NORM_EPSILON)
    matrix = arrays[f"{name}.0.weight"] * scale[:, None]
    bias = (arrays[f"{name}.0.bias"] - arrays[f"{name}.1.running_mean"]) * scale + arrays[f"{name}.1.bias"]
    return np.ascontiguousarray(matrix.T), bias


def _layer(x: NDArray, layer: tuple[NDArray, NDArray]) -> NDArray:
    return np.maximum(x @ layer[0] + layer[1], 0)
