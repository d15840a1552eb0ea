"""How looks of different networks are put together, with looks that are made up."""

from dataclasses import dataclass, field
from typing import cast

import numpy as np
import pytest
from numpy.typing import NDArray

from orpose_models.datasets.frames import open_frames
from orpose_models.files.assets import asset
from orpose_models.teacher.centernet import View
from orpose_models.teacher.movenet import Crops, MoveNet
from orpose_models.teacher.multipose import Found, MultiPose
from orpose_models.teacher.packaged import PRESETS, build_teacher, packaged_graph
from orpose_models.teacher.person_finder import PersonFinder
from orpose_models.teacher.person_keypoints import PersonKeypoints

IMAGE = np.zeros((320, 640, 3), np.uint8)
LARGE, SMALL = [100.0, 20, 300, 300], [500.0, 100, 520, 140]


def found(*persons: tuple[list[float], float, float]) -> Found:
    """Persons with all their joints in the middle of the box: box, score and the joints' score."""
    boxes = np.array([box for box, _, _ in persons]).reshape(-1, 4)
    scores = np.array([score for _, score, _ in persons])
    middles = (boxes[:, :2] + boxes[:, 2:]) / 2
    joint_scores = np.array([score for _, _, score in persons])
    return Found(boxes, scores, np.repeat(middles[:, None], 17, axis=1), np.repeat(joint_scores[:, None], 17, axis=1))


@dataclass
class MadeUp:
    """Answers as `MultiPose` and `PersonKeypoints` do, with what it was told; notes what it was asked."""

    by_side: dict[int, Found]
    looked_at: list[tuple[list[float], list[list[float]]]] = field(default_factory=list)
    said: list[tuple[NDArray[np.floating], NDArray[np.floating]]] = field(default_factory=list)

    def look(self, image: NDArray[np.uint8], view: View, threshold: float) -> Found:
        look = self.by_side[view.long_side]
        return look[look.scores >= threshold]

    def look_at(
        self, image: NDArray[np.uint8], crops: Crops, boxes: NDArray[np.floating]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        self.looked_at.append((crops.sides.tolist(), boxes.tolist()))
        return np.full((len(crops), 17, 2), 7.0), np.full((len(crops), 17), 0.7)

    def estimate(
        self, image: NDArray[np.uint8], boxes: NDArray[np.float32], said: tuple[NDArray, NDArray]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        self.said.append(said)
        return said[0][0].astype(np.float32), said[1][0].astype(np.float32)


def finder(made_up: MadeUp, small: float = 96) -> PersonFinder:
    return PersonFinder(
        None,
        cast(MultiPose, made_up),
        long_sides=tuple(made_up.by_side),
        small=small,
        second_scale=1.5,
        keypoints=cast(PersonKeypoints, made_up),
        threshold=0.2,
        max_persons=3,
        iou_threshold=0.55,
    )


def test_nobody() -> None:
    made_up = MadeUp({320: found(), 640: found()})
    boxes, scores, keypoints, keypoint_scores = finder(made_up).find(IMAGE)
    assert boxes.shape == (0, 4)
    assert scores.shape == (0,)
    assert keypoints.shape == (0, 17, 2)
    assert keypoint_scores.shape == (0, 17)
    assert made_up.looked_at == [([], [])]


def test_whom_any_scale_finds_is_found_and_the_best_scale_speaks_of_the_joints() -> None:
    """At 320 the large person is 140 pixels high, at 640 280: 160 suits MultiPose best."""
    made_up = MadeUp({320: found((LARGE, 0.25, 0.4)), 640: found((LARGE, 0.16, 0.9), (SMALL, 0.09, 0.5))})
    boxes, scores, keypoints, keypoint_scores = finder(made_up, small=0).find(IMAGE)
    np.testing.assert_allclose(boxes, [LARGE, SMALL])
    np.testing.assert_allclose(scores, [1 - 0.5 * 0.6, 0.3], rtol=1e-6)
    np.testing.assert_allclose(keypoint_scores, np.repeat([[0.4], [0.5]], 17, axis=1), rtol=1e-6)
    np.testing.assert_allclose(keypoints[:, 0], [[200, 160], [510, 120]])
    assert made_up.looked_at == [([], [])]


def test_small_persons_get_a_second_look_enlarged() -> None:
    made_up = MadeUp({320: found((LARGE, 0.25, 0.4)), 640: found((SMALL, 0.09, 0.5))})
    _, _, keypoints, keypoint_scores = finder(made_up, small=41).find(IMAGE)
    assert made_up.looked_at == [([60.0], [SMALL])]
    np.testing.assert_allclose(keypoint_scores[:, 0], [0.4, 0.7], rtol=1e-6)
    np.testing.assert_allclose(keypoints[1, 0], [7, 7])
    finder(made_up, small=40).find(IMAGE)
    assert made_up.looked_at[1] == ([], []), "40 pixels are not fewer than 40"


def test_a_scale_that_does_not_see_a_person_says_nothing_of_it() -> None:
    """The small person is seen at 320 only, while 640 would suit it better."""
    made_up = MadeUp({320: found((SMALL, 0.16, 0.5)), 640: found()})
    _, scores, _, keypoint_scores = finder(made_up, small=0).find(IMAGE)
    np.testing.assert_allclose(scores, [0.4], rtol=1e-6)
    np.testing.assert_array_equal(keypoint_scores, 0)


def test_no_more_persons_than_allowed_the_best() -> None:
    persons = [([100.0 * i, 0, 100.0 * i + 50, 100], 0.05 + 0.1 * i, 0.5) for i in range(5)]
    persons.append(([10.0, 200, 60, 300], 0.03, 0.5))  # its score is 0.17
    boxes, scores, _, _ = finder(MadeUp({640: found(*persons)}), small=0).find(IMAGE)
    np.testing.assert_allclose(scores, np.sqrt([0.45, 0.35, 0.25]), rtol=1e-6)
    np.testing.assert_allclose(boxes[:, 0], [400, 300, 200])
    assert len(finder(MadeUp({640: found(persons[-1])}), small=0).find(IMAGE)[0]) == 0


@pytest.fixture(scope="module")
def image() -> NDArray[np.uint8]:
    return next(iter(open_frames(asset("multiperson") / "cam01.mp4").frames())).image


def test_looks_that_contradict_lower_a_joints_score(image: NDArray[np.uint8]) -> None:
    thunder = MoveNet(packaged_graph("movenet-thunder"), threads=1)
    estimator = PersonKeypoints(thunder, (1.0,), False, 0.15, 0.5)
    box = np.array([[240.0, 350, 580, 1200]], np.float32)
    alone, alone_scores = estimator.estimate(image, box)
    agreeing = np.asarray(alone[None], np.float64), np.asarray(alone_scores[None], np.float64)
    points, scores = estimator.estimate(image, box, agreeing)
    np.testing.assert_allclose(points, alone, atol=0.01)
    np.testing.assert_allclose(scores, alone_scores, atol=1e-5)
    elsewhere = agreeing[0] + 400, 0.1 * agreeing[1]
    points, scores = estimator.estimate(image, box, elsewhere)
    np.testing.assert_allclose(points, alone, atol=0.01)
    np.testing.assert_allclose(scores, alone_scores / 2, atol=1e-5)
    _, scores = estimator.estimate(image, box, (agreeing[0] * 0, agreeing[1] * 0))
    np.testing.assert_allclose(scores, alone_scores / 2, atol=1e-5)


def test_presets_look_as_they_say() -> None:
    full, fast = (cast(PersonFinder, build_teacher(PRESETS[name], threads=1).finder) for name in ("full", "fast"))
    assert full.centernet is not None
    assert fast.centernet is None
    assert full.keypoints.flip
    assert not fast.keypoints.flip
    assert len(full.long_sides) > len(fast.long_sides) == 1
