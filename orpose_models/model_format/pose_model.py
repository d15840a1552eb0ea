"""The contract of every pose model: image in, `Poses` out."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from orpose_models.vocabulary.cameras import Camera
from orpose_models.vocabulary.poses import Poses
from orpose_models.vocabulary.resolution import Size


@dataclass(frozen=True, eq=False)
class View:
    """An image that persons are looked for in.

    Attributes:
        image: (h, w, 3) uint8, BGR; possibly reduced.
        full_size: width, height of the original; the image's own size if None.
        camera: of the original, where known.
    """

    image: NDArray[np.uint8]
    full_size: Size | None = None
    camera: Camera | None = None

    @property
    def full(self) -> Size:
        """Width, height of the original."""
        return self.full_size or (self.image.shape[1], self.image.shape[0])


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


@runtime_checkable
class BatchModel(PoseModel, Protocol):
    """A pose model that is faster with several images at once.

    Attributes:
        batch: how many images to give it at once: 1 where more gain nothing, 0 as long as nobody has measured it.
    """

    batch: int

    def predict_all(self, views: Sequence[View], min_score: float = 0.0) -> list[Poses]:
        """The persons of each of several images, as `predict` finds them, to rounding."""
        ...


@runtime_checkable
class Chosen(Protocol):
    """A pose model that may have been given its engine by `engine: auto`.

    Attributes:
        chosen: what was taken and why, in a sentence; empty if the engine was named.
    """

    chosen: str


def predict_all(model: PoseModel, views: Sequence[View], min_score: float = 0.0) -> list[Poses]:
    """The persons of each of several images: at once if the model can do that, else one after the other."""
    if isinstance(model, BatchModel):
        return model.predict_all(views, min_score)
    return [model.predict(view.image, view.full_size, view.camera, min_score) for view in views]
