"""Visibility against hand-made depth and identity buffers, and what annotators would label."""

import numpy as np
import pytest

from orpose_models.lab.simulation.annotations import (
    BY_PERSON,
    BY_SELF,
    BY_THING,
    OUT_OF_VIEW,
    SEEN,
    coco_flags,
    joint_states,
)
from orpose_models.lab.simulation.rendering import COVER_ID
from orpose_models.lab.simulation.shading import DRAWN, SCALE
from orpose_models.vocabulary.skeletons import COCO17

WIDTH, HEIGHT = DRAWN
NOSE, L_SHOULDER, R_SHOULDER, L_ELBOW, L_WRIST, L_HIP = (
    COCO17.index(n) for n in ("nose", "left_shoulder", "right_shoulder", "left_elbow", "left_wrist", "left_hip")
)


@pytest.fixture
def stage():
    """A wall at 5 m and person 0, a slab at 3 m that fills the middle of the picture."""
    ids, depth = np.zeros((HEIGHT, WIDTH), np.uint8), np.full((HEIGHT, WIDTH), 5.0, np.float32)
    inner = (slice(HEIGHT // 4, 3 * HEIGHT // 4), slice(WIDTH // 4, 3 * WIDTH // 4))
    ids[inner], depth[inner] = 1, 3.0
    return ids, depth


def state(ids, depth, joint, pixel=(320.0, 240.0), z=3.05, person=0):
    keypoints, depths = np.full((17, 2), np.nan), np.full(17, 3.0)
    keypoints[joint], depths[joint] = pixel, z
    return joint_states(keypoints, depths, ids, depth, person)[joint]


def test_nobody_in_front_of_the_camera_is_out_of_view(stage):
    assert (joint_states(np.full((17, 2), np.nan), np.zeros(17), *stage, 0) == OUT_OF_VIEW).all()


@pytest.mark.parametrize("pixel", [(-0.1, 240), (640.0, 240), (320, -1), (320, 480.0)])
def test_outside_the_picture_is_out_of_view(stage, pixel):
    assert state(*stage, L_ELBOW, pixel) == OUT_OF_VIEW


@pytest.mark.parametrize(
    ("joint", "under", "expected"),
    [
        (L_WRIST, 0.05, SEEN),
        (L_WRIST, 0.3, BY_SELF),
        (NOSE, 0.03, SEEN),
        (NOSE, 0.2, BY_SELF),
        (L_HIP, 0.2, SEEN),
        (L_HIP, 0.3, BY_SELF),
    ],
)
def test_under_the_own_surface(stage, joint, under, expected):
    assert state(*stage, joint, z=3.0 + under) == expected


def test_behind_another_person(stage):
    assert state(*stage, L_ELBOW, z=4.0, person=1) == BY_PERSON


def test_behind_a_thing(stage):
    ids, depth = stage
    ids[:], depth[:] = 0, 2.0
    assert state(ids, depth, L_ELBOW, z=3.0) == BY_THING


def test_in_front_of_everything_but_beside_the_outline(stage):
    assert state(*stage, L_ELBOW, pixel=(10, 10), z=3.0) == SEEN


def test_under_the_own_drape(stage):
    ids, depth = stage
    ids[ids == 1] = COVER_ID + 1
    assert state(ids, depth, L_ELBOW, z=3.05) == BY_THING


def test_pixels_map_to_drawn_pixels(stage):
    ids, depth = stage
    edge = WIDTH // 4 / SCALE
    assert state(ids, depth, L_ELBOW, (edge + 0.1, 240), z=4.0, person=1) == BY_PERSON
    assert state(ids, depth, L_ELBOW, (edge - 0.1, 240), z=4.0, person=1) == SEEN


def flags_of(states, covered=False, at=(320.0, 240.0)):
    mask = np.zeros((HEIGHT, WIDTH), np.uint8)
    mask[HEIGHT // 4 : 3 * HEIGHT // 4, WIDTH // 4 : 3 * WIDTH // 4] = 1
    return coco_flags(np.array(states), np.tile(np.array(at), (17, 1)), mask, covered)


def test_visible_is_2():
    assert (flags_of([SEEN] * 17) == 2).all()


@pytest.mark.parametrize(("visible", "labelled"), [(0, 0), (4, 0), (5, 10)])
def test_with_fewer_than_five_visible_joints_only_the_box_is_labelled(visible, labelled):
    states = [SEEN] * (5 + visible) + [OUT_OF_VIEW] * (12 - visible)
    assert (flags_of(states) == 2).sum() == labelled


def test_the_far_side_of_the_head_is_not_labelled():
    states = [BY_SELF] * 5 + [SEEN] * 12
    assert (flags_of(states)[:5] == 0).all()


def test_a_hidden_joint_is_guessed_from_the_one_before_it():
    states = np.full(17, SEEN)
    states[[L_ELBOW, L_WRIST]] = BY_SELF
    flags = flags_of(states)
    assert flags[L_ELBOW] == 1
    assert flags[L_WRIST] == 0  # its elbow is hidden too


@pytest.mark.parametrize(("at", "expected"), [((320, 240), 1), ((165, 240), 1), ((155, 240), 1), ((60, 240), 0)])
def test_behind_things_a_joint_is_labelled_near_the_outline_only(at, expected):
    states = np.full(17, SEEN)
    states[L_ELBOW] = BY_THING
    assert flags_of(states, at=at)[L_ELBOW] == expected


def test_under_drapes_nothing_is_guessed():
    states = np.full(17, SEEN)
    states[L_ELBOW] = BY_THING
    assert flags_of(states, covered=True)[L_ELBOW] == 0
