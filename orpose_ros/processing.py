"""The node's parameters at work on an image. No ROS is imported, so that the privacy guard is tested without it."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from orpose_models.model_format.pose_model import PoseModel
from orpose_models.runtime.pipeline import Pipeline, Result, Shot
from orpose_models.tracking.tracker import Tracker
from orpose_models.vocabulary.cameras import Camera


class Processing:
    """What becomes of one camera's images.

    Args:
        model: finds the persons.
        parameters: the node's; `max_input_pixels` is read once, those that are changeable for every image.
    """

    def __init__(self, model: PoseModel, parameters: Mapping[str, Any]) -> None:
        self.max_input_pixels: int = parameters["max_input_pixels"]
        self._parameters = parameters
        self.tracker = Tracker(camera_height=parameters["camera_height"] or None)
        self._pipeline = Pipeline(model, max_input_pixels=self.max_input_pixels or None, tracker=self.tracker)

    def process(
        self, image: NDArray[np.uint8], camera: Camera, time: float, depth: NDArray[np.float32] | None = None
    ) -> Result:
        """
        Args:
            image: (h, w, 3) uint8 BGR, original size. Model, tracker and result get it reduced, nothing of it else.
            camera: of the original image, calibrated or guessed.
            time: acquisition time in seconds.
            depth: (h, w) metres, of the same view, or None; it is reduced as the image is.
        """
        shot = self.shot(image, camera, time, depth)
        return self._pipeline.process(shot.image, shot.camera, shot.time, shot.depth)

    def shot(
        self, image: NDArray[np.uint8], camera: Camera, time: float, depth: NDArray[np.float32] | None = None
    ) -> Shot:
        """The same, to be processed together with images of other cameras."""
        self.tracker.smoothing = self._parameters["smoothing"]
        self.tracker.memory = self._parameters["id_memory"]
        self._pipeline.downsample = self._parameters["downsample"]
        self._pipeline.score_threshold = self._parameters["score_threshold"]
        self._pipeline.max_persons = self._parameters["max_persons"]
        return Shot(self._pipeline, image, camera, time, depth)
