"""Persons over time, made of numbers: what is steadied, learnt, and followed."""

import numpy as np
import pytest

from orpose_models.lifting.root import SIZE_STD
from orpose_models.tracking.floor import ANKLE_HEIGHT, FRAME_STD, MIN_IMAGES, Floor, depth_below
from orpose_models.tracking.person import PersonState, look, smooth
from orpose_models.tracking.size import body_size
from orpose_models.vocabulary.cameras import Camera
from orpose_models.vocabulary.poses import Poses
from orpose_models.vocabulary.skeletons import H36M17

LEVEL = Camera(640, 480, 500.0, 500.0, 320.0, 240.0, (), (0.0, 1.0, 0.0))
# A person 4 m ahead of a camera 1.8 m above the floor: the pelvis 0.9 m up, ankles 0.09 m.
UPRIGHT = np.zeros((17, 3))
for _name, _place in {
    "right_hip": (0.1, 0, 0), "right_knee": (0.1, 0.4, 0), "right_ankle": (0.1, 0.81, 0),
    "left_hip": (-0.1, 0, 0), "left_knee": (-0.1, 0.4, 0), "left_ankle": (-0.1, 0.81, 0),
    "spine": (0, -0.25, 0), "thorax": (0, -0.5, 0), "neck": (0, -0.6, 0), "head": (0, -0.75, 0),
    "left_shoulder": (-0.18, -0.5, 0), "left_elbow": (-0.2, -0.2, 0), "left_wrist": (-0.2, 0.05, 0),
    "right_shoulder": (0.18, -0.5, 0), "right_elbow": (0.2, -0.2, 0), "right_wrist": (0.2, 0.05, 0),
}.items():  # fmt: skip
    UPRIGHT[H36M17.index(_name)] = _place
ROOT = np.array([0.5, 0.9, 4.0])


def person(scale: float = 1.0, shift: float = 0.0, std: float | None = None) -> Poses:
    """Upright, taken for so many times as large and so far, and so many metres further along the line of sight."""
    root = ROOT * (scale + shift / 4)
    return Poses.from_arrays(
        [[300, 200, 400, 400]], [0.9], np.full((1, 17, 2), 350.0), np.full((1, 17), 0.9),
        joints3d=UPRIGHT[None] * scale, root=root[None], root_std=[SIZE_STD * root[2] if std is None else std],
    )  # fmt: skip


def test_the_first_image_is_taken_as_it_is() -> None:
    out = smooth([PersonState(1)], person(), 0.0, None, Floor())
    assert out.root[0] == pytest.approx(ROOT)
    assert out.joints3d[0] == pytest.approx(UPRIGHT, abs=1e-6)
    assert out.keypoints[0] == pytest.approx(350.0)
    assert out.velocity.tolist() == [[0, 0, 0]]


def test_without_a_place_in_space_nothing_is_said_of_it() -> None:
    one = person().with_arrays(root=np.full((1, 3), np.nan), root_std=np.array([np.nan]))
    assert smooth([PersonState(1)], one, 0.0, None, Floor()) == one


def test_a_distance_that_wavers_is_steadied() -> None:
    rng = np.random.default_rng(0)
    state, floor = PersonState(1), Floor()
    shifts = rng.normal(0, 0.05, 300)
    roots = np.stack([smooth([state], person(shift=s), i / 60, None, floor).root[0] for i, s in enumerate(shifts)])
    jumps = np.linalg.norm(np.diff(roots[100:], axis=0), axis=1)
    raw = np.abs(np.diff(shifts[100:]))
    assert np.percentile(jumps, 95) < 0.15 * np.percentile(raw, 95)
    assert np.linalg.norm(roots[-1] - ROOT) < 0.03


def test_a_size_that_wavers_is_learnt() -> None:
    rng = np.random.default_rng(0)
    state, floor = PersonState(1), Floor()
    scales = np.exp(rng.normal(0, 0.06, 400))
    sizes = [body_size(smooth([state], person(s), i / 60, None, floor).joints3d)[0] for i, s in enumerate(scales)]
    true = float(body_size(UPRIGHT[None])[0])
    assert np.abs(np.array(sizes[300:]) / true - 1).max() < 0.04


def test_the_covariance_keeps_the_error_of_the_size() -> None:
    state, floor = PersonState(1), Floor()
    for i in range(500):
        out = smooth([state], person(), i / 60, None, floor)
    assert out.root_std[0] == pytest.approx(SIZE_STD * 4.0, rel=0.03)
    ray = np.concatenate([ROOT, np.zeros(3)]) / np.linalg.norm(ROOT)
    assert np.sqrt(ray @ out.motion_cov[0] @ ray) == pytest.approx(SIZE_STD * np.linalg.norm(ROOT), rel=0.03)


def test_the_depth_of_the_soles() -> None:
    assert depth_below(np.zeros((0, 3)), np.zeros((0, 17, 3)), np.zeros((0, 17)), (0, 1, 0)).shape == (0,)
    one = person()
    assert depth_below(one.root, one.joints3d, one.keypoint_scores, (0, 1, 0)) == pytest.approx([1.71 + ANKLE_HEIGHT])
    assert np.isnan(depth_below(one.root, one.joints3d, np.zeros((1, 17)), (0, 1, 0))).all()


def test_a_known_height_says_how_large_somebody_is() -> None:
    state, floor = PersonState(1), Floor(height=1.8)
    for i in range(200):
        out = smooth([state], person(1.15), i / 60, LEVEL, floor)
    assert out.root[0] == pytest.approx(ROOT, rel=0.03)
    assert body_size(out.joints3d) == pytest.approx(body_size(UPRIGHT[None]), rel=0.03)
    assert out.root_std[0] < 0.5 * SIZE_STD * 4.0


def test_who_does_not_stand_on_the_floor_says_nothing_of_it() -> None:
    state, floor = PersonState(1), Floor(height=3.6)  # lies on a table, or so
    for i in range(50):
        out = smooth([state], person(), i / 60, LEVEL, floor)
    assert out.root[0] == pytest.approx(ROOT, rel=1e-3)


def test_the_floor_is_learnt_from_several() -> None:
    floor = Floor()
    assert floor.known() is None
    assert floor.ratio(1.7) is None
    for _i in range(MIN_IMAGES):
        floor.add(1, 1.6)
        floor.add(2, np.nan)
        floor.add(3, 2.0)
    assert floor.known() is None  # of two
    for _i in range(MIN_IMAGES):
        floor.add(4, 1.8)
    height, std = floor.known() or (0.0, 0.0)
    assert height == pytest.approx((1.6 * 1.8 * 2.0) ** (1 / 3))
    assert std == pytest.approx(np.hypot(SIZE_STD, FRAME_STD / np.sqrt(MIN_IMAGES)) / np.sqrt(3))


def test_a_measured_distance_is_believed_and_remembered() -> None:
    state, floor = PersonState(1), Floor()
    for i in range(60):
        out = smooth([state], person(1.1, std=0.04), i / 30, None, floor)
    assert out.root[0] == pytest.approx(ROOT * 1.1, abs=0.01)
    assert out.root_std[0] < 0.05
    # The depth camera goes blind; the lifter would have them smaller, but their size is known by now.
    for i in range(60, 120):
        out = smooth([state], person(1.0), i / 30, None, floor)
    assert out.root[0] == pytest.approx(ROOT * 1.1, rel=0.02)
    assert out.root_std[0] < 0.15


def test_looks_are_a_mean_at_first_and_renewed_slowly_later() -> None:
    state = PersonState(1)
    for time, (known, colour) in enumerate(((6, 100.0), (9, 110.0))):
        look([state], np.where(np.arange(12) < known, colour, np.nan)[None], time)
    assert state.appearance[0] == pytest.approx(105.0)
    assert state.appearance[6] == pytest.approx(110.0)
    assert np.isnan(state.appearance[9])
    for time in range(2, 42):
        look([state], np.full((1, 12), 105.0), time)
    look([state], np.full((1, 12), 205.0), 42)
    assert state.appearance[0] == pytest.approx(105 + 100 * (1 - np.exp(-1 / 6)))
    look([state], np.full((1, 12), np.nan), 43)
    assert state.appearance[0] == pytest.approx(105 + 100 * (1 - np.exp(-1 / 6)))


def test_nobody_is_nobody() -> None:
    assert len(smooth([], Poses.empty(), 0.0, LEVEL, Floor())) == 0
    look([], np.zeros((0, 12)), 0.0)


def test_all_at_once_are_as_one_by_one() -> None:
    rng = np.random.default_rng(0)
    together, alone = ([PersonState(i) for i in range(4)] for _ in range(2))
    floors = Floor(), Floor()
    for step in range(40):
        # Somebody comes later, somebody is not seen all the time, of some the distance is measured or not known.
        seen = [i for i in range(4) if (i < 3 or step > 5) and (i != 1 or step % 7)]
        ones = [person(1 + 0.05 * i, rng.normal(0, 0.05), (None, None, 0.04, None)[i]) for i in seen]
        jump = 200 if step == 20 else 3
        ones = [one.with_arrays(keypoints=one.keypoints + rng.normal(0, jump, (1, 17, 2))) for one in ones]
        if step % 9 == 4:
            ones[0] = ones[0].with_arrays(root=np.full((1, 3), np.nan), root_std=np.array([np.nan]))
        if step == 25:  # an outlier
            ones[-1] = ones[-1].with_arrays(root=ones[-1].root + 5)
        found = smooth([together[i] for i in seen], Poses.concatenate(ones), step / 15, LEVEL, floors[0])
        each = [smooth([alone[i]], one, step / 15, LEVEL, floors[1]) for i, one in zip(seen, ones, strict=True)]
        expected = Poses.concatenate(each)
        for name in ("keypoints", "joints3d", "root", "root_std", "velocity", "motion_cov"):
            np.testing.assert_allclose(getattr(found, name), getattr(expected, name), rtol=1e-5, atol=1e-7)
        for i in seen:
            np.testing.assert_allclose(together[i].flat.drift, alone[i].flat.drift, rtol=1e-9, atol=1e-9)
