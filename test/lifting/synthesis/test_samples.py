from dataclasses import fields, replace

import numpy as np
import pytest

from orpose_models.lifting.features import liftable
from orpose_models.lifting.synthesis.landmarks import Definition, coco_landmarks
from orpose_models.lifting.synthesis.occlusion import hidden_joints
from orpose_models.lifting.synthesis.postures import Postures
from orpose_models.lifting.synthesis.samples import Samples, SampleSettings, generate
from orpose_models.lifting.synthesis.synthetic_bodies import Bodies
from orpose_models.lifting.synthesis.synthetic_detections import DetectorNoise, detect
from orpose_models.lifting.synthesis.views import RAISED, CameraRange, sample_views
from orpose_models.vocabulary.cameras import gravity_from_tilt

NO_NOISE = DetectorNoise(sigma=0, outlier=0, guess_sigma=(0, 0), stray=0, swap=0, guessing=1)


@pytest.mark.parametrize("n", [0, 1, 300])
def test_as_many_as_asked_for(bodies: Bodies, n: int):
    samples = generate(n, 0, bodies=bodies)
    assert len(samples) == n
    assert samples.joints3d.shape == (n, 17, 3)
    assert liftable(samples.scores).all()
    for array in (getattr(samples, f.name) for f in fields(Samples)):
        assert array.dtype == np.float32
        assert np.isfinite(array).all()


def test_the_same_seed_gives_the_same_samples(bodies: Bodies):
    first, again, other = (generate(200, seed, bodies=bodies) for seed in (3, 3, 4))
    for f in fields(Samples):
        np.testing.assert_array_equal(getattr(first, f.name), getattr(again, f.name))
        assert not np.array_equal(getattr(first, f.name), getattr(other, f.name))


def test_without_noise_the_keypoints_are_projections_of_the_targets(bodies: Bodies):
    settings = SampleSettings(detected=Definition(), detected_spread=0, gravity_std=0, noise=NO_NOISE)
    samples = generate(300, 0, settings, bodies)
    points = samples.joints3d + samples.root[:, None]
    for coco, h36m in ((5, 11), (10, 16), (11, 4), (16, 3)):
        seen = samples.scores[:, coco] > 0
        assert seen.any()
        projected = points[seen, h36m, :2] / points[seen, h36m, 2:]
        np.testing.assert_allclose(samples.plane[seen, coco], projected, atol=2e-5)


def test_people_stand_along_gravity(bodies: Bodies):
    samples = generate(1000, 0, replace(SampleSettings(), gravity_std=0.0), bodies)
    trunk = samples.joints3d[:, 8]
    cosine = -(trunk * samples.gravity).sum(axis=1) / np.linalg.norm(trunk, axis=1)
    assert np.median(cosine) > 0.95
    assert (cosine > 0).mean() > 0.995


def test_raised_cameras_look_down(bodies: Bodies, postures: Postures):
    chest = postures.joints[:, 16:18].mean(axis=1)
    views = sample_views(chest, postures.floor, (RAISED,), (1.0,), np.random.default_rng(0))
    pitch = np.degrees(np.arcsin(views.gravity[:, 2]))
    assert pitch.min() > 9.9
    assert pitch.max() < 45.1
    height = views.positions[:, 1] - postures.floor
    assert (height > 1.85).mean() > 0.99
    assert (height < 3.05).mean() > 0.99
    distance = views.to_camera(chest[:, None])[:, 0, 2]
    assert distance.min() > 0.79
    assert distance.max() < 5.51
    assert views.inside(views.normalised(chest[:, None])).mean() > 0.99


def test_the_camera_agrees_with_gravity_from_tilt(postures: Postures):
    level = CameraRange((2.0, 2.0), (30.0, 30.0), 0.0, (0.8, 0.8), ((640, 480),), (0.8, 6.0))
    chest = postures.joints[:, 16:18].mean(axis=1)
    views = sample_views(chest, postures.floor, (level,), (1.0,), np.random.default_rng(0))
    expected = np.broadcast_to(gravity_from_tilt(30), (len(chest), 3))
    np.testing.assert_allclose(views.gravity, expected, atol=1e-9)
    np.testing.assert_allclose(np.linalg.det(views.rotations), 1)


def test_the_back_of_the_head_hides_the_face(postures: Postures):
    points = coco_landmarks(postures, Definition())
    views = sample_views(
        postures.joints[:, 16:18].mean(axis=1), postures.floor, (RAISED,), (1.0,), np.random.default_rng(0)
    )
    hidden = hidden_joints(postures, points, views, np.random.default_rng(1))
    seen = views.to_camera(points)
    facing = seen[:, 3:5, 2].mean(axis=1) - seen[:, 0, 2] > 0.06  # the nose is nearer than the ears
    away = seen[:, 0, 2] - seen[:, 3:5, 2].mean(axis=1) > 0.06
    assert hidden[away, 0].all()
    assert hidden[facing, 0].mean() < 0.5  # furniture and people only
    assert hidden[:, 15:].mean() > hidden[:, 5:7].mean()  # feet are hidden more often than shoulders


def test_a_noise_free_detector_of_everything():
    plane = np.random.default_rng(0).normal(size=(50, 17, 2))
    hidden = np.zeros((50, 17), bool)
    inside = np.ones((50, 17), bool)
    inside[:, 3] = False
    found, scores = detect(plane, np.ones(50), hidden, inside, NO_NOISE, np.random.default_rng(1))
    assert (scores[:, 3] == 0).all()
    assert (found[:, 3] == 0).all()
    others = [i for i in range(17) if i != 3]
    np.testing.assert_array_equal(found[:, others], plane[:, others])
    assert (scores[:, others] > 0).all()
    assert (scores <= 1).all()


def test_scores_fall_with_the_error():
    plane = np.zeros((4000, 17, 2))
    hidden = np.random.default_rng(0).random((4000, 17)) < 0.3
    noise = DetectorNoise(guessing=1.0, stray=0, swap=0)
    found, scores = detect(plane, np.ones(4000), hidden, np.ones((4000, 17), bool), noise, np.random.default_rng(1))
    error = np.linalg.norm(found, axis=-1)
    assert (scores > 0).all()
    assert scores[hidden].mean() < 0.6 * scores[~hidden].mean()
    assert error[scores > 0.5].mean() < 0.5 * error[scores < 0.2].mean()


def test_detectors_that_do_not_guess_miss_what_is_hidden():
    hidden = np.zeros((4000, 17), bool)
    hidden[:, 7] = True  # left elbow
    _, scores = detect(
        np.zeros((4000, 17, 2)), np.ones(4000), hidden, np.ones((4000, 17), bool),
        DetectorNoise(guessing=0.0, stray=0, swap=0), np.random.default_rng(1),
    )  # fmt: skip
    assert (scores[:, 7] == 0).mean() > 0.7
    assert (scores[:, 9] == 0).mean() > (scores[:, 10] == 0).mean() + 0.3  # its wrist goes with it
    assert (scores[:, 5] == 0).mean() < 0.1


def test_stray_limbs_and_swapped_sides_are_as_frequent_as_set():
    plane = np.zeros((20_000, 17, 2))
    plane[:, 5, 0], plane[:, 6, 0] = 1, -1  # left and right shoulder
    nothing, inside = np.zeros((20_000, 17), bool), np.ones((20_000, 17), bool)
    noise = replace(NO_NOISE, stray=0.05, swap=0.1)
    found, scores = detect(plane, np.ones(20_000), nothing, inside, noise, np.random.default_rng(0))
    swapped = found[:, 5, 0] < 0
    assert 0.045 < swapped.mean() < 0.075  # all faces are seen: 0.6 of the share
    distance = np.linalg.norm(found[:, 9], axis=-1)
    assert 0.04 < (distance > 0).mean() < 0.06
    assert distance[distance > 0].min() >= 0.4
    assert distance.max() <= 1.5
    assert scores[distance > 0, 9].mean() < 0.6 * scores[distance == 0, 9].mean()
