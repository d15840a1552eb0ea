"""Calibrated cameras that see one moment: what they agree on, and how far a model's answers fit together."""

from dataclasses import replace

import numpy as np
import pytest
from support.training_rig import FIGURE

from orpose_models.adaptation.camera_agreement import Agreements, Consistency, agree, consistency
from orpose_models.datasets.multiview import PlacedCamera
from orpose_models.training.labels import ImageLabels
from orpose_models.vocabulary.cameras import Camera
from orpose_models.vocabulary.poses import Poses

SIZE = (640, 480)
# Metres: a standing person's joints in the room, z up, turned a little so that both cameras see depth.
BODY = np.stack([FIGURE[:, 0] - 0.5, 0.2 * FIGURE[:, 0], 1.8 * (1 - FIGURE[:, 1])], axis=1)


def camera(name, x):
    """At (x, -4, 1) in the room, looking along y."""
    rotation = np.array([[1.0, 0, 0], [0, 0, -1], [0, 1, 0]])
    return PlacedCamera(name, Camera(*SIZE, 500, 500, 319.5, 239.5), rotation, np.array([x, -4.0, 1.0]))


CAMERAS = [camera("a", -1.0), camera("b", 1.0)]


def seen(view, score=0.8, joints=0.8, moved=None):
    """The labels of the person in a camera's image; `moved` joints by pixels."""
    points = view.camera.project(view.to_optical(BODY)).astype(np.float32)
    for joint, by in (moved or {}).items():
        points[joint] += by
    scores = np.full(17, joints, np.float32)
    scores[9] = 0.2  # a wrist that is not of the hard set
    box = [*points.min(axis=0), *points.max(axis=0)]
    soft = Poses.from_arrays([box], [score], points[None], scores[None])
    hard = soft.with_arrays(keypoint_scores=np.where(scores >= 0.3, scores, 0)[None])
    return ImageLabels(1, f"{view.name}.jpg", SIZE, soft, hard)


def agreed(*images):
    counts = Agreements()
    return agree(images, CAMERAS[: len(images)], 0.3, 0.3, counts), counts


def test_no_image_and_one_alone_stay_as_they_are() -> None:
    assert agreed() == ([], Agreements())
    alone = seen(CAMERAS[0])
    assert agreed(alone) == ([alone], Agreements())


def test_who_is_seen_by_two_cameras_is_accepted_from_a_lower_score_on() -> None:
    (first, second), counts = agreed(seen(CAMERAS[0], 0.7), seen(CAMERAS[1], 0.22))
    assert first.soft.box_scores.tolist() == [pytest.approx(0.7)]
    assert second.soft.box_scores.tolist() == [pytest.approx(0.3)]
    assert (counts.seen_by_several, counts.confirmed) == (2, 1)
    (_, second), counts = agreed(seen(CAMERAS[0], 0.7), seen(CAMERAS[1], 0.15))
    assert second.soft.box_scores.tolist() == [pytest.approx(0.15)]


def test_who_is_seen_by_one_camera_stays() -> None:
    nobody = replace(seen(CAMERAS[1]), soft=Poses.empty(), hard=Poses.empty())
    images, counts = agreed(seen(CAMERAS[0], 0.25), nobody)
    assert images[0].soft.box_scores.tolist() == [0.25]
    assert counts == Agreements()


def test_a_joint_that_cameras_see_apart_leaves_the_hard_set() -> None:
    (first, second), counts = agreed(seen(CAMERAS[0]), seen(CAMERAS[1], moved={15: (0, 60)}))
    assert first.hard.keypoint_scores[0, 15] == second.hard.keypoint_scores[0, 15] == 0
    assert first.soft.keypoint_scores[0, 15] == pytest.approx(0.8)
    assert first.hard.keypoint_scores[0, 16] == pytest.approx(0.8)
    assert counts.joints_doubted == 2


def test_consistency_without_moments_says_nothing() -> None:
    assert consistency([]) == Consistency(0, None, None)


def test_exact_answers_fit_together_and_moved_ones_do_not() -> None:
    exact = [[(view, SIZE, seen(view).soft) for view in CAMERAS]]
    found = consistency(exact)
    assert (found.moments, found.persons) == (1, 1.0)
    assert found.error == pytest.approx(0, abs=1e-6)
    low = dict.fromkeys(range(17), (0, 6))
    apart = consistency(
        [[(CAMERAS[0], SIZE, seen(CAMERAS[0]).soft), (CAMERAS[1], SIZE, seen(CAMERAS[1], moved=low).soft)]]
    )
    assert apart.error == pytest.approx(3 / 800, rel=0.05)
