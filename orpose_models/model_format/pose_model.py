"""The contract of every pose model: image in, `Poses` out."""

from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from orpose_models.vocabulary.cameras import Camera
from orpose_models.vocabulary.poses import Poses
from orpose_models.vocabulary.resolution import Size


@runtime_checkable
class PoseModel(Protocol):
    """A network, or several, that finds the persons of an image.

    Attributes:
        name: the name it is loaded by.
        sha256: identifies its weights: 64 hexadecimal digits.
        engine: what computes it, for diagnostics ('onnxruntime', 'torch').
    """

    @property
    def name(self) -> str: ...

    @property
    def sha256(self) -> str: ...

    @property
    def engine(self) -> str: ...

    def predict(
        self,
        image: NDArray[np.uint8],
        full_size: Size | None = None,
        camera: Camera | None = None,
        min_score: float = 0.0,
    ) -> Poses:
        """Find the persons.

        Args:
            image: (h, w, 3) uint8, BGR; possibly reduced.
            full_size: width, height of the original image, in whose pixels the poses are given;
                the image's own size if None.
            camera: intrinsics of the original image, where known; they help the 3D.
            min_score: no time need be spent on persons of lower box scores; some may be returned all the same.

        Returns:
            Poses with `joints3d`; `root` and `ids` are left unknown (see `runtime.pipeline`).
        """
        ...
