import numpy as np
import pytest

from orpose_models.tracking.appearance import appearance_distance, describe
from orpose_models.vocabulary.poses import APPEARANCE, Poses
from orpose_models.vocabulary.skeletons import COCO17

PLACES = {
    "nose": (50, 12), "left_eye": (53, 10), "right_eye": (47, 10), "left_ear": (56, 12), "right_ear": (44, 12),
    "left_shoulder": (70, 40), "right_shoulder": (30, 40), "left_elbow": (75, 60), "right_elbow": (25, 60),
    "left_wrist": (75, 80), "right_wrist": (25, 80), "left_hip": (60, 100), "right_hip": (40, 100),
    "left_knee": (60, 140), "right_knee": (40, 140), "left_ankle": (60, 180), "right_ankle": (40, 180),
}  # fmt: skip


def person(score: float = 1.0, factor: float = 1.0) -> Poses:
    keypoints = np.array([[PLACES[name] for name in COCO17.joints]], float) * factor
    return Poses.from_arrays([[0, 0, 100 * factor, 200 * factor]], [1.0], keypoints, np.full((1, 17), score))


def dressed(colour: tuple[int, int, int]) -> np.ndarray:
    image = np.zeros((200, 100, 3), np.uint8)
    image[30:] = colour
    return image


def test_nobody() -> None:
    assert describe(dressed((0, 0, 255)), Poses.empty(), (100, 200)).shape == (0, APPEARANCE)
    assert appearance_distance(np.zeros((0, APPEARANCE)), np.zeros((2, APPEARANCE))).shape == (0, 2)


def test_colours_of_head_trunk_arms_and_legs() -> None:
    image = np.zeros((200, 100, 3), np.uint8)
    image[35:105] = (255, 255, 255)
    image[108:] = (0, 0, 255)
    found = describe(image, person(), (100, 200))[0].reshape(4, 3)
    black, white, red = [0, 128, 128], [255, 128, 128], [136, 208, 195]
    assert found.tolist() == [black, white, white, red]


def test_what_is_not_seen_or_outside_is_unknown() -> None:
    assert np.isnan(describe(dressed((9, 9, 9)), person(score=0.1), (100, 200))).all()
    away = person()
    away = away.with_arrays(keypoints=away.keypoints + 500)
    assert np.isnan(describe(dressed((9, 9, 9)), away, (100, 200))).all()


def test_the_reduced_image_is_enough() -> None:
    # Poses are in pixels of the full image, which is four times as large.
    full = describe(dressed((200, 120, 30)), person(), (100, 200))
    reduced = describe(dressed((200, 120, 30)), person(factor=4.0), (400, 800))
    assert np.array_equal(full, reduced)


def test_clothes_tell_persons_apart_and_brightness_less_so() -> None:
    green, dim, blue = (
        describe(dressed(colour), person(), (100, 200)) for colour in ((60, 140, 60), (50, 120, 50), (160, 80, 40))
    )
    distance = appearance_distance(green, np.concatenate([green, dim, blue]))[0]
    assert distance[0] == 0
    assert distance[1] < 1 < distance[2]


def test_nothing_in_common_is_unknown() -> None:
    a = np.full((1, APPEARANCE), np.nan)
    assert np.isnan(appearance_distance(a, np.zeros((1, APPEARANCE)))).all()
    b = np.full((1, APPEARANCE), 80.0)
    b[0, 3:] = np.nan
    assert appearance_distance(b, np.zeros((1, APPEARANCE)))[0, 0] == pytest.approx(
        np.sqrt(((80 / 40) ** 2 + 2 * (80 / 12) ** 2) / 3)
    )
