"""What the tests of the real node expect of it."""

import os

import numpy as np
from diagnostic_msgs.msg import DiagnosticStatus
from numpy.typing import NDArray

from orpose_models.datasets.camera_file import View
from orpose_models.model_format.pose_model import PoseModel
from orpose_models.runtime.pipeline import Pipeline, Result
from orpose_models.vocabulary.cameras import Camera
from orpose_models.vocabulary.poses import Poses
from orpose_ros.parameters import PARAMETERS

DOMAIN = 1 + os.getpid() % 99  # nobody else's node is to answer
MODEL = "teacher-fast"
WEIGHTS = ("movenet-multipose", "movenet-thunder")
Picture = NDArray[np.uint8]


def expected(model: PoseModel, picture: Picture, camera: Camera | None = None, **settings: object) -> Result:
    """What the pipeline makes of a picture with the node's defaults."""
    defaults = {
        "score_threshold": PARAMETERS["score_threshold"].default,
        "max_persons": PARAMETERS["max_persons"].default,
    }
    pipeline = Pipeline(model, **(defaults | settings))  # type: ignore[arg-type]
    return pipeline.process(picture, View(camera).camera((picture.shape[1], picture.shape[0])))


def assert_same(actual: Poses, wanted: Poses, roots: bool = False) -> None:
    """The same persons in the same order, to the last bit; without `roots`, none has a position."""
    assert len(actual) == len(wanted)
    for name in ("boxes", "box_scores", "keypoints", "keypoint_scores", "scores_hard", "scores_soft", "joints3d"):
        np.testing.assert_array_equal(getattr(actual, name), getattr(wanted, name), err_msg=name)
    if roots:
        np.testing.assert_array_equal(actual.root, wanted.root)
        np.testing.assert_array_equal(actual.root_std, wanted.root_std)
    else:
        assert np.isnan(actual.root).all()
        assert np.isnan(actual.root_std).all()


def value(status: DiagnosticStatus, key: str) -> str:
    return next(pair.value for pair in status.values if pair.key == key)


def is_ok(status: DiagnosticStatus) -> bool:
    return status.level == DiagnosticStatus.OK
