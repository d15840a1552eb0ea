"""Who is taken from a second, smaller look, and when there is one."""

from dataclasses import replace
from typing import Any

import cv2
import numpy as np
import pytest

from orpose_models.datasets.frames import open_frames
from orpose_models.files.assets import asset
from orpose_models.model_format.pose_model import View
from orpose_models.model_format.student_config import OneStageConfig
from orpose_models.registry.models import load_model
from orpose_models.runtime.codec import Persons
from orpose_models.runtime.glance import HINT, best, glance_size, hints_at_large, with_large
from orpose_models.runtime.student import RuntimeStudent

SIZE, SMALL = (400, 320), (200, 160)
CONFIG = OneStageConfig(glance=160)


def persons(*of: tuple[tuple[float, float, float, float], float]) -> Persons:
    """Of boxes and scores; all their keypoints are in the upper left corner of the box."""
    boxes = np.array([box for box, _ in of], np.float32).reshape(-1, 4)
    n = len(boxes)
    scores = np.array([score for _, score in of], np.float32)
    corners = np.broadcast_to(boxes[None, :, None, :2], (3, n, 17, 2))
    return Persons(boxes, scores, corners.copy(), np.full((3, n, 17), 0.5, np.float32))


def boxes_and_scores(found: Persons) -> list[tuple[list[float], float]]:
    return [(box.tolist(), round(float(score), 3)) for box, score in zip(found.boxes, found.scores, strict=True)]


def test_nobody() -> None:
    nobody = persons()
    assert not hints_at_large(nobody, SIZE)
    both = with_large(nobody, SIZE, nobody, SMALL)
    assert both.keypoints.shape == (3, 0, 17, 2)
    assert len(best(both, 0.5).scores) == 0


@pytest.mark.parametrize(
    ("box", "score", "hint"),
    [
        ((0, 0, 200, 104), HINT, True),  # half as wide as the image and a third as high: 0.1625 of it
        ((0, 0, 80, 320), 0.69, True),  # as high, a fifth as wide
        ((0, 0, 200, 100), 0.5, False),  # 0.156
        ((0, 0, 60, 320), 0.5, False),  # somebody who stands in a room
        ((0, 0, 200, 160), HINT - 0.01, False),
        ((0, 0, 200, 160), 0.7, False),  # it is sure
        ((0, -200, 100, 150), 0.5, False),  # most of it is outside
    ],
)
def test_hints(box: tuple[float, float, float, float], score: float, hint: bool) -> None:
    assert hints_at_large(persons((box, score)), SIZE) == hint


def test_large_persons_of_the_second_look_are_added_in_the_first_ones_pixels() -> None:
    first = persons(((10, 10, 40, 60), 0.8))
    second = persons(((20, 20, 120, 160), 0.9), ((150, 10, 170, 60), 0.7))
    both = with_large(first, SIZE, second, SMALL)
    assert boxes_and_scores(both) == [([40, 40, 240, 320], 0.9), ([10, 10, 40, 60], 0.8)]
    assert both.keypoints[1, 0, 5].tolist() == [40, 40]
    assert both.keypoint_scores.shape == (3, 2, 17)


def test_whom_both_looks_found_is_one_person_as_the_surer_look_has_it() -> None:
    first, second = persons(((40, 40, 240, 320), 0.5)), persons(((22, 20, 120, 160), 0.9))
    assert boxes_and_scores(with_large(first, SIZE, second, SMALL)) == [([44, 40, 240, 320], 0.9)]
    first = persons(((40, 40, 240, 320), 0.95))
    assert boxes_and_scores(with_large(first, SIZE, second, SMALL)) == [([40, 40, 240, 320], 0.95)]


def test_joints_that_both_looks_see_in_one_place_are_in_the_middle_the_others_where_the_surer_look_has_them() -> None:
    first, second = persons(((40, 40, 240, 320), 0.5)), persons(((20, 20, 120, 160), 0.9))
    second.keypoints[:, 0, 3] += 5  # 10 pixels of the first look's input; near are 28
    second.keypoints[:, 0, 4] += 20
    second.keypoint_scores[:, 0, 3] = 0.25
    (joints,) = with_large(first, SIZE, second, SMALL).keypoints[0]
    np.testing.assert_allclose(joints[3], [40 + 10 / 3, 40 + 10 / 3], rtol=1e-4)
    np.testing.assert_allclose(joints[4], [80, 80], rtol=1e-5)
    np.testing.assert_allclose(joints[5], [40, 40], rtol=1e-5)


def test_who_is_no_hint_has_no_say_where_joints_are() -> None:
    first, second = persons(((40, 40, 240, 320), 0.65)), persons(((22, 20, 122, 160), HINT - 0.01))
    second.keypoints[:, 0, 5] += 2
    assert with_large(first, SIZE, second, SMALL).keypoints[0].tolist() == first.keypoints[0].tolist()
    second.scores[:] = HINT
    (joints,) = with_large(first, SIZE, second, SMALL).keypoints[0]
    np.testing.assert_allclose(joints[5], [44, 42], rtol=1e-5)


def test_who_stands_in_a_room_is_not_taken_from_the_second_look() -> None:
    standing, near = ((20, 0, 50, 160), 0.9), ((100, 0, 140, 160), 0.6)  # 0.15 and 0.2 of the image
    both = with_large(persons(), SIZE, persons(standing, near), SMALL)
    assert boxes_and_scores(both) == [([200, 0, 280, 320], 0.6)]


def test_two_persons_of_one_look_stay_two() -> None:
    first = persons(((40, 40, 240, 320), 0.9), ((50, 40, 240, 320), 0.8))
    assert len(with_large(first, SIZE, persons(), SMALL).scores) == 2


def test_when_there_is_a_second_look() -> None:
    assert glance_size(CONFIG, (640, 480), (640, 480)) == (224, 160)
    assert glance_size(CONFIG, (640, 480), (160, 120)) == (224, 160)
    assert glance_size(CONFIG, (640, 480), (100, 75)) == (224, 160)  # the first is of 224
    assert glance_size(CONFIG, (640, 480), (80, 60)) is None  # of 192
    assert glance_size(CONFIG.sized(160), (640, 480), (640, 480)) is None
    assert glance_size(OneStageConfig(), (640, 480), (640, 480)) is None
    assert glance_size(CONFIG, (1920, 600), (1920, 600)) == (320, 96)  # the first is of 640 x 192
    own = replace(CONFIG, small_limit=125)  # the first look goes through layers of its own
    assert glance_size(own, (640, 480), (160, 120)) == (224, 160)


def test_of_480_lines_the_shipped_student_may_look_twice_at_8x_and_not_at_12x() -> None:
    student = load_model("orpose-all-light", 1)
    assert isinstance(student, RuntimeStudent)
    assert glance_size(student.config, (640, 480), (80, 60)) == (224, 160)
    assert glance_size(student.config, (640, 480), (53, 40)) is None
    assert glance_size(student.config, (640, 427), (53, 36)) is None  # whatever its shape


def test_whom_a_surer_person_of_the_other_look_covers_is_that_person() -> None:
    first = persons(((40, 40, 240, 320), 0.5), ((70, 40, 270, 320), 0.45), ((300, 40, 390, 200), 0.4))
    both = with_large(first, SIZE, persons(((25, 20, 125, 160), 0.9)), SMALL)
    assert boxes_and_scores(both) == [([50, 40, 250, 320], 0.9), ([300, 40, 390, 200], 0.4)]


@pytest.fixture
def watched() -> tuple[RuntimeStudent, list[tuple[int, ...]]]:
    """The shipped student, and the shapes of what its network is given."""
    student, shapes = load_model("orpose-all-light", 1), []
    assert isinstance(student, RuntimeStudent)
    network = student.graphs["network"]

    def counted(images: np.ndarray) -> Any:
        shapes.append(images.shape)
        return network(images)

    return replace(student, graphs={**student.graphs, "network": counted}), shapes


def test_it_looks_twice_where_it_is_not_sure_and_at_the_first_image_of_a_size(
    watched: tuple[RuntimeStudent, list[tuple[int, ...]]], near_and_far: list[np.ndarray]
) -> None:
    student, shapes = watched
    near, far = near_and_far
    first, second = (1, 320, 576, 3), (1, 160, 288, 3)
    student.predict(far)
    student.predict(far)
    assert shapes == [first, second, first]
    del shapes[:]
    unsure = cv2.resize(near, (640, 360))  # a wide man
    student.predict_all([View(far), View(unsure)])
    assert shapes == [(2, *first[1:]), second]


def test_an_image_of_few_pixels_is_looked_at_again_by_the_layers_for_many(
    watched: tuple[RuntimeStudent, list[tuple[int, ...]]], near_and_far: list[np.ndarray]
) -> None:
    student, shapes = watched
    near, far = (cv2.resize(image, (120, 68), interpolation=cv2.INTER_AREA) for image in near_and_far)
    for image in (far, far, near):
        found = student.predict(image, full_size=(640, 360))
        shapes.append(())
    second = (1, 160, 288, 3)
    assert shapes == [second, (), (), second, ()]  # the first look goes through other layers
    without = replace(student, config=replace(student.config, glance=0)).predict(near, full_size=(640, 360))
    assert not np.array_equal(found.keypoints[0], without.keypoints[0])


def test_a_limit_of_scores_changes_nothing_but_who_is_left_out(near_and_far: list[np.ndarray]) -> None:
    student = load_model("orpose-all-light", 1)
    for image in near_and_far:
        everybody, sure = student.predict(image), student.predict(image, min_score=0.3)
        assert 0 < len(sure) < len(everybody)
        np.testing.assert_array_equal(sure.keypoints, everybody.keypoints[everybody.box_scores >= 0.3])


@pytest.fixture(scope="module")
def near_and_far() -> list[np.ndarray]:
    """A man from the hips up, and the room that he is in, small: parts of a frame of the footage."""
    frame = next(open_frames(asset("multiperson") / "cam01.mp4").frames()).image
    student = load_model("orpose-all-light", 1)
    x0, y0, x1, y1 = student.predict(frame, min_score=0.5).boxes[0].astype(int)
    half = (y1 - y0) // 2
    near = frame[max(y0 - 40, 0) : y0 + half, max(x0 - half // 2, 0) : x1 + half // 2]
    far = np.full((360, 640, 3), 90, np.uint8)
    far[90:270, 160:480] = cv2.resize(frame, (320, 180))
    return [np.ascontiguousarray(near), far]


def test_where_nobody_is_large_the_second_look_changes_nothing(near_and_far: list[np.ndarray]) -> None:
    student = load_model("orpose-all-light", 1)
    assert isinstance(student, RuntimeStudent)
    without = replace(student, config=replace(student.config, glance=0))
    near, far = near_and_far
    assert np.array_equal(student.predict(far).boxes, without.predict(far).boxes)
    once, twice = without.predict(near, min_score=0.3), student.predict(near, min_score=0.3)
    assert twice.box_scores[0] > once.box_scores.max(initial=0)
    one_by_one = [student.predict(image) for image in near_and_far]
    together = student.predict_all([View(image) for image in near_and_far])
    for one, other in zip(one_by_one, together, strict=True):
        np.testing.assert_allclose(one.boxes, other.boxes, atol=1e-3)
