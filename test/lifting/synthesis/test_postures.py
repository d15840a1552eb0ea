import numpy as np
import pytest

from orpose_models.lifting.synthesis.landmarks import Definition, coco_landmarks, h36m_targets
from orpose_models.lifting.synthesis.postures import Postures, sample_postures
from orpose_models.lifting.synthesis.synthetic_bodies import JOINTS, PARENTS, Bodies, joint, load_bodies
from orpose_models.vocabulary.skeletons import COCO17, H36M17


def _limb(postures: Postures, side: str, *names: str) -> list[np.ndarray]:
    return [postures.joints[:, joint(f"{side}_{name}")] for name in names]


def test_nobody(bodies: Bodies):
    rng = np.random.default_rng(0)
    postures = sample_postures(bodies.draw(0, rng), rng)
    assert postures.joints.shape == (0, 22, 3)
    assert coco_landmarks(postures, Definition()).shape == (0, 17, 3)


def test_the_same_seed_gives_the_same_postures(bodies: Bodies, postures: Postures):
    rng = np.random.default_rng(0)
    again = sample_postures(bodies.draw(500, rng), rng)
    np.testing.assert_array_equal(again.joints, postures.joints)
    np.testing.assert_array_equal(again.rotations, postures.rotations)


def test_bones_keep_their_lengths(bodies: Bodies):
    rng = np.random.default_rng(1)
    drawn = bodies.draw(200, rng)
    postures = sample_postures(drawn, rng)
    for index, parent in enumerate(PARENTS):
        if parent >= 0:
            length = np.linalg.norm(postures.joints[:, index] - postures.joints[:, parent], axis=1)
            np.testing.assert_allclose(length, np.linalg.norm(drawn.offsets[:, index], axis=1), atol=1e-9)


def test_rotations_are_rotations(postures: Postures):
    product = postures.rotations @ np.swapaxes(postures.rotations, -1, -2)
    np.testing.assert_allclose(product, np.broadcast_to(np.eye(3), product.shape), atol=1e-9)
    np.testing.assert_allclose(np.linalg.det(postures.rotations), 1, atol=1e-9)


def test_left_is_left(postures: Postures):
    for name in ("hip", "shoulder"):
        left, right = (postures.joints[:, joint(f"{side}_{name}")] for side in ("left", "right"))
        assert ((left - right)[:, 0] > 0.02).mean() > 0.99
    points = coco_landmarks(postures, Definition())
    nose, ears = points[:, 0], points[:, 3:5].mean(axis=1)
    chest = postures.rotations[:, joint("spine3")]
    ahead = ((nose - ears) * chest[:, :, 2]).sum(axis=1)
    assert (ahead > 0).mean() > 0.95  # nobody looks backwards but with the head turned far
    assert (points[:, 0, 1] > points[:, 11:13, 1].mean(axis=1)).all()


def test_knees_and_elbows_bend_the_human_way(postures: Postures):
    for side in ("left", "right"):
        hip, knee, ankle = _limb(postures, side, "hip", "knee", "ankle")
        thigh, shin = knee - hip, ankle - knee
        forward = postures.rotations[:, joint(f"{side}_ankle"), :, 2]
        # A bent knee points forwards: in front of the line from hip to ankle.
        line = ankle - hip
        bend = knee - hip - ((knee - hip) * line).sum(-1, keepdims=True) / (line**2).sum(-1, keepdims=True) * line
        bent = np.linalg.norm(bend, axis=1) > 0.02
        assert ((bend * forward).sum(axis=1)[bent] > 0).mean() > 0.99
        cosine = (thigh * shin).sum(axis=1) / np.linalg.norm(thigh, axis=1) / np.linalg.norm(shin, axis=1)
        assert (cosine > -0.8).all()
        shoulder, elbow, wrist = _limb(postures, side, "shoulder", "elbow", "wrist")
        upper, lower = elbow - shoulder, wrist - elbow
        cosine = (upper * lower).sum(axis=1) / np.linalg.norm(upper, axis=1) / np.linalg.norm(lower, axis=1)
        assert (cosine > -0.9).all()  # forearms do not fold into upper arms


def test_hands_are_mostly_in_front(postures: Postures):
    chest = postures.rotations[:, joint("spine3"), :, 2]
    for side in ("left", "right"):
        shoulder, wrist = _limb(postures, side, "shoulder", "wrist")
        share = (((wrist - shoulder) * chest).sum(axis=1) > 0).mean()
        assert 0.75 < share < 0.99


def test_feet_are_on_the_floor_and_under_the_body(postures: Postures):
    feet = [joint(f"{side}_{name}") for side in ("left", "right") for name in ("ankle", "foot")]
    height = postures.joints[:, feet, 1] - postures.floor[:, None]
    assert (height > 0.0199).all()
    assert (height.min(axis=1) < 0.09).all()
    head = postures.joints[:, joint("head"), 1] - postures.floor
    assert 1.2 < np.median(head) < 1.6
    ankles = postures.joints[:, feet, :][:, [0, 2]].mean(axis=1)
    assert np.median(np.abs(ankles[:, 0])) < 0.1
    assert np.median(np.abs(ankles[:, 2])) < 0.15


def test_proportions_of_the_default_landmarks(bodies: Bodies):
    rng = np.random.default_rng(0)
    everybody = sample_postures(load_bodies().draw(1000, rng), rng)
    joints, root = h36m_targets(coco_landmarks(everybody, Definition()))
    assert (joints[:, 0] == 0).all()
    assert root.shape == (1000, 3)

    def length(a: str, b: str) -> float:
        return float(np.median(np.linalg.norm(joints[:, H36M17.index(a)] - joints[:, H36M17.index(b)], axis=1)))

    trunk = length("pelvis", "thorax")
    assert trunk == pytest.approx(0.447, abs=0.005)
    assert length("right_hip", "left_hip") == pytest.approx(0.257, abs=0.005)
    assert length("right_shoulder", "left_shoulder") == pytest.approx(0.320, abs=0.005)
    assert length("right_hip", "right_knee") == pytest.approx(0.435, abs=0.005)
    np.testing.assert_array_equal(joints[:, 9], joints[:, 10])


def test_definitions_move_hips_and_shoulders_only(postures: Postures):
    plain = coco_landmarks(postures, Definition(1.0, 0.0, 1.0))
    moved = coco_landmarks(postures, Definition(2.0, 0.1, 1.1))
    others = [i for i in range(17) if i not in (5, 6, 11, 12)]
    np.testing.assert_array_equal(plain[:, others], moved[:, others])
    for pair, factor in (((5, 6), 1.1), ((11, 12), 2.0)):
        before, after = (np.linalg.norm(p[:, pair[0]] - p[:, pair[1]], axis=1) for p in (plain, moved))
        np.testing.assert_allclose(after, factor * before)
    hips = [COCO17.index("left_hip"), COCO17.index("right_hip")]
    lifted = moved[:, hips].mean(axis=1) - plain[:, hips].mean(axis=1)
    trunk = plain[:, 5:7].mean(axis=1) - plain[:, hips].mean(axis=1)
    np.testing.assert_allclose(lifted, 0.1 * trunk, atol=1e-12)
    assert JOINTS[postures.joints.shape[1] - 1] == "right_wrist"
