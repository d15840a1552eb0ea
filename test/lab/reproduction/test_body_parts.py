"""Errors by part of the body, against numbers worked out by hand; and which images are shown."""

import numpy as np
import pytest

from orpose_models.datasets.truth import ImageTruth, Persons, Truth
from orpose_models.lab.reproduction.body_parts import PARTS, part_errors
from orpose_models.lab.reproduction.comparison_pictures import choose_images, comparison, true_poses
from orpose_models.vocabulary.poses import Poses
from orpose_models.vocabulary.skeletons import COCO17, H36M17

WRIST, ANKLE, NOSE = (COCO17.index(name) for name in ("left_wrist", "right_ankle", "nose"))
SHOULDER, HIP = COCO17.index("left_shoulder"), COCO17.index("right_hip")
BOX = [10.0, 10.0, 60.0, 110.0]


def truth_of(*images, root=None):
    return Truth("made up", COCO17, H36M17, tuple(images), root)


def image(number, persons=1, group="", **changes):
    keypoints = np.zeros((persons, 17, 2))
    keypoints[:, SHOULDER] = 20, 20
    keypoints[:, HIP] = 50, 60  # the torso is 50 pixels long
    visibility = np.full((persons, 17), 2)
    joints = np.zeros((persons, 17, 3)) + [0, 0, 3]
    values = {"keypoints": keypoints, "visibility": visibility, "joints3d": joints, **changes}
    boxes = np.tile(BOX, (persons, 1)) + 100 * np.arange(persons)[:, None]
    return ImageTruth(
        number, f"{number}.png", (320, 240), Persons.from_arrays(COCO17, H36M17, boxes, **values), group=group
    )


def found(keypoints, score=0.9, seen=None):
    return Poses.from_arrays([BOX], [score], keypoints, np.ones((1, 17)) if seen is None else seen)


def test_nobody_has_no_errors():
    for poses in ({}, {1: Poses.empty()}):
        errors = part_errors(truth_of(image(1)), poses, 0.3)
        assert errors.keys() == PARTS.keys()
        assert all((e.joints, e.median_px, e.right) == (0, None, None) for e in errors.values())


def test_medians_and_shares_are_those_of_the_parts():
    one = image(1)
    moved = one.persons.keypoints.copy()
    moved[0, WRIST] += 3, 4  # 5 px, a tenth of the torso
    moved[0, WRIST + 1] += 0, 20  # more than a fifth
    moved[0, ANKLE] += 10, 0  # a fifth exactly
    errors = part_errors(truth_of(one), {1: found(moved)}, 0.3)
    assert (errors["wrists"].joints, errors["wrists"].right) == (2, 0.5)
    assert errors["wrists"].median_px == pytest.approx(12.5)
    assert (errors["ankles"].joints, errors["ankles"].median_px, errors["ankles"].right) == (2, 5.0, 1.0)
    assert (errors["face"].joints, errors["face"].median_px, errors["face"].right) == (5, 0.0, 1.0)


def test_hidden_unseen_and_unlikely_joints_do_not_count():
    one = image(1)
    visibility = one.persons.visibility.copy()
    visibility[0, NOSE] = 1  # occluded
    hidden = image(1, visibility=visibility)
    seen = np.ones((1, 17))
    seen[0, WRIST] = 0
    errors = part_errors(truth_of(hidden), {1: found(one.persons.keypoints, seen=seen)}, 0.3)
    assert (errors["face"].joints, errors["wrists"].joints, errors["hips"].joints) == (4, 1, 2)
    errors = part_errors(truth_of(hidden), {1: found(one.persons.keypoints, score=0.29)}, 0.3)
    assert errors["hips"].joints == 0


def test_without_a_torso_there_is_no_share():
    visibility = np.zeros((1, 17), int)
    visibility[0, WRIST] = 2
    one = image(1, visibility=visibility)
    errors = part_errors(truth_of(one), {1: found(one.persons.keypoints)}, 0.3)
    assert (errors["wrists"].joints, errors["wrists"].median_px, errors["wrists"].right) == (1, 0.0, None)


def test_images_with_most_people_are_shown_one_of_a_scene():
    images = [
        image(1, 1, "a"),
        image(2, 3, "a"),
        image(3, 3, "a"),
        image(4, 2, "b"),
        image(5, 2, "c"),
        image(6, 0, "d"),
    ]
    assert [one.image_id for one in choose_images(truth_of(*images), 3)] == [2, 4, 5]
    assert choose_images(truth_of(), 3) == []


def test_what_is_missing_is_said_in_the_picture(tmp_path):
    import cv2

    cv2.imwrite(str(tmp_path / "1.png"), np.full((240, 320, 3), 90, np.uint8))
    one = image(1)
    truth = truth_of(one, root=tmp_path)
    empty = comparison(truth, one, {}, (1.0, 12.0), 0.3)
    shown = comparison(truth, one, {("all", 12.0): true_poses(truth, one)}, (1.0, 12.0), 0.3)
    assert empty.shape == shown.shape
    height, width = empty.shape[0] // 2, empty.shape[1] // 4
    different = [
        [not np.array_equal(a, b) for a, b in zip(np.split(x, 4, axis=1), np.split(y, 4, axis=1), strict=True)]
        for x, y in zip(np.split(empty, 2), np.split(shown, 2), strict=True)
    ]
    assert (height, width) == (22 + round(240 * 330 / 320) + 230 + 4, 334)
    assert different == [[False] * 4, [False, False, False, True]]
