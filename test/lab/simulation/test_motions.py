"""Bodies move as bodies do: bones keep their length, soles stay on the floor, motions are continuous."""

import numpy as np
import pytest

from orpose_models.lab.simulation.mannequins import FACE_POINTS, PARENTS, J, coco_joints, load_body
from orpose_models.lab.simulation.motions import AT_TABLE, FREE, SEATED, choose_action, perform
from orpose_models.vocabulary.skeletons import COCO17

ACTIONS = [*AT_TABLE, *FREE, *SEATED]
TIMES = np.arange(9) * 0.1


@pytest.fixture(scope="module")
def body():
    return load_body(3)


@pytest.mark.parametrize("action", ACTIONS)
def test_bones_keep_their_length(body, action):
    motion = perform(action, 5, body, TIMES)
    for joint in range(1, 22):
        lengths = np.linalg.norm(motion.positions[:, joint] - motion.positions[:, PARENTS[joint]], axis=1)
        expected = np.linalg.norm(body.rest[joint] - body.rest[PARENTS[joint]])
        np.testing.assert_allclose(lengths, expected, atol=1e-6)


@pytest.mark.parametrize("action", ACTIONS)
def test_rotations_are_rotations(body, action):
    rotations = perform(action, 5, body, TIMES).rotations
    np.testing.assert_allclose(rotations @ np.swapaxes(rotations, -1, -2), np.tile(np.eye(3), (9, 22, 1, 1)), atol=1e-9)
    np.testing.assert_allclose(np.linalg.det(rotations), 1, atol=1e-9)


@pytest.mark.parametrize("action", ACTIONS)
def test_feet_stand_on_the_floor(body, action):
    ankles = perform(action, 5, body, TIMES).positions[:, [J["left_ankle"], J["right_ankle"]], 2]
    lowest = ankles.min(axis=1) - body.ankle_height
    np.testing.assert_allclose(lowest, 0, atol=1e-6)
    assert ankles.max() - body.ankle_height < 0.08  # a walker's swinging foot


@pytest.mark.parametrize("action", ACTIONS)
def test_motions_are_continuous(body, action):
    positions = perform(action, 5, body, TIMES).positions
    speed = np.linalg.norm(np.diff(positions, axis=0), axis=-1) / 0.1
    assert speed.max() < 6.0  # metres a second


def test_a_stance_foot_does_not_slide(body):
    motion = perform("walk", 5, body, np.arange(60) * 0.02)
    for side in ("left", "right"):
        ankle = motion.positions[:, J[f"{side}_ankle"]]
        down = ankle[:, 2] < body.ankle_height + 1e-9
        still = down[1:] & down[:-1]
        assert still.any()
        np.testing.assert_allclose(np.diff(ankle[:, 0])[still], 0, atol=1e-6)


def test_a_hand_reaches_its_target_where_the_arm_is_long_enough(body):
    wrist = perform("operate", 5, body, TIMES, table=0.9).positions[:, [J["left_wrist"], J["right_wrist"]]]
    assert (wrist[..., 2] > 0.9).all()  # over the table, not in it


def test_the_same_numbers_give_the_same_motion(body):
    once, again = (perform("reach", 7, body, TIMES).positions for _ in range(2))
    np.testing.assert_array_equal(once, again)
    assert choose_action(7, FREE) == choose_action(7, FREE)


def test_keypoints_are_where_annotators_click(body):
    motion = perform("stand", 5, body, TIMES[:1])
    joints = dict(zip(COCO17.joints, coco_joints(body, motion.positions[0], motion.rotations[0]), strict=True))
    assert set(FACE_POINTS) == set(COCO17.joints[:5])
    shoulders = np.linalg.norm(joints["left_shoulder"] - joints["right_shoulder"])
    hips = np.linalg.norm(joints["left_hip"] - joints["right_hip"])
    assert hips == pytest.approx(2 * 0.068 * body.stature)
    assert 0.55 < hips / shoulders < 0.85
    ears = joints["left_ear"] - joints["right_ear"]
    assert np.linalg.norm(ears) == pytest.approx(2 * 0.53 * body.head_size[1])
    nose = joints["nose"] - (joints["left_ear"] + joints["right_ear"]) / 2
    assert nose @ motion.rotations[0, J["head"], :, 0] == pytest.approx(0.675 * body.head_size[0])


@pytest.mark.parametrize("number", range(4))
def test_bodies_are_human(number):
    build = load_body(number)
    assert 1.5 <= build.stature <= 2.0
    assert 0.45 < build.leg / build.stature < 0.6
    np.testing.assert_allclose(build.rest[J["left_hip"]] * [1, -1, 1], build.rest[J["right_hip"]], atol=1e-9)
    assert all(len(hand.points) > 500 for hand in build.hands)
