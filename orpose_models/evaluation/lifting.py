"""Lifting of 2D predictions, for the evaluation of a lifter by itself."""

from orpose_models.datasets.truth import Truth
from orpose_models.files.predictions import Predictions
from orpose_models.lifting.runtime import Lifter
from orpose_models.vocabulary.cameras import Camera
from orpose_models.vocabulary.poses import Poses


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
