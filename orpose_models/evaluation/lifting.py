"""The evaluation of a lifter by itself: published 2D detections lifted, and compared with the annotated 3D."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from orpose_models.datasets.mvor import read_keypoint_detections, read_mvor
from orpose_models.datasets.truth import Truth
from orpose_models.evaluation.mpjpe import Score3D, evaluate3d
from orpose_models.evaluation.pairs3d import Hips, Protocol
from orpose_models.files.predictions import Predictions
from orpose_models.lifting.runtime import Lifter, load_lifter
from orpose_models.vocabulary.cameras import Camera
from orpose_models.vocabulary.poses import Poses


@dataclass(frozen=True)
class LifterScores:
    """How well a lifter does.

    Attributes:
        detections: name of the file of 2D detections.
        lifter: the lifter's SHA-256.
        gravity: whether it was told the cameras' tilt.
        scores: by protocol and definition of the hips.
    """

    detections: str
    lifter: str
    gravity: bool
    scores: Mapping[Protocol, Mapping[Hips, Score3D]]

    def document(self) -> dict[str, Any]:
        """All of it as JSON values."""
        return asdict(self)


def measure_lifter(mvor: Path, detections: Path | None, weights: Path | None, gravity: bool) -> LifterScores:
    """Lift published 2D detections of MVOR and compare with its 3D.

    Args:
        mvor: folder of the annotations.
        detections: None for those of OpenPose that come with them.
        weights: of the lifter; None for those shipped.
        gravity: whether the lifter is told the cameras' tilt.

    Raises:
        OrposeError: one of the files cannot be read.
    """
    truth = read_mvor(mvor)
    path = detections or mvor / "openpose_kps.json"
    lifter = load_lifter(weights)
    lifted = lift_predictions(lifter, truth, read_keypoint_detections(path, truth), gravity)
    return LifterScores(path.name, lifter.sha256, gravity, evaluate3d(truth, lifted))


def lift_predictions(lifter: Lifter, truth: Truth, predictions: Predictions, gravity: bool = True) -> dict[int, Poses]:
    """The predictions with the lifter's 3D in place of their own, by image id.

    Args:
        truth: a dataset whose images have cameras.
        gravity: whether the lifter may use the cameras' tilt.

    Raises:
        ValueError: an image has no camera.
    """
    lifted = {}
    for image in predictions.images:
        camera = truth.by_image_id[image.image_id].camera
        if camera is None:
            raise ValueError(f"image {image.image_id} of {truth.name} has no camera")
        camera = camera if gravity else camera.with_gravity(None)
        lifted[image.image_id] = _lifted(image.poses, lifter, camera)
    return lifted


def _lifted(poses: Poses, lifter: Lifter, camera: Camera) -> Poses:
    return poses.with_arrays(joints3d=lifter.lift(poses.keypoints, poses.keypoint_scores, camera))
