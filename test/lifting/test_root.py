import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orpose_models.lifting.root import SIZE_STD, solve_root
from orpose_models.lifting.synthesis.landmarks import Definition, coco_landmarks, h36m_targets
from orpose_models.vocabulary.cameras import Camera
from orpose_models.vocabulary.skeletons import COCO17

CAMERA = Camera(640, 480, 540.0, 538.0, 321.0, 239.0)


@pytest.fixture(scope="module")
def people(postures) -> tuple[np.ndarray, np.ndarray]:
    """COCO-17 landmarks (500, 17, 3) in optical axes about the origin, and their Human3.6M-17 joints."""
    landmarks = coco_landmarks(postures, Definition()) * [-1, -1, 1]  # a camera behind the person
    joints, root = h36m_targets(landmarks)
    return landmarks - root[:, None], joints


def test_nobody():
    root, std = solve_root(np.zeros((0, 17, 2)), np.zeros((0, 17)), np.zeros((0, 17, 3)), CAMERA)
    assert root.shape == (0, 3)
    assert root.dtype == np.float32
    assert std.shape == (0,)
    assert std.dtype == np.float32


@settings(max_examples=60, deadline=None)
@given(
    person=st.integers(0, 499),
    x=st.floats(-1.5, 1.5),
    y=st.floats(-1, 1),
    z=st.floats(1.5, 9),
    missing=st.sets(st.integers(0, 16), max_size=8),
    distortion=st.sampled_from([(), (-0.2, 0.05, 0.001, -0.002)]),
)
def test_exact_for_noise_free_keypoints(people, person, x, y, z, missing, distortion):
    landmarks, joints = people
    camera = Camera(640, 480, 540.0, 538.0, 321.0, 239.0, distortion)
    place = np.array([x, y, z])
    keypoints = camera.project(landmarks[person] + place)[None]
    plane = camera.normalised(keypoints)[0]
    points = landmarks[person] + place
    # Far outside the image a lens model need not be invertible.
    bad = np.linalg.norm(plane - points[:, :2] / points[:, 2:], axis=1) > 1e-6
    scores = np.full((1, 17), 0.8)
    scores[0, list(missing)] = 0
    scores[0, bad] = 0
    if (scores[0, 5:] > 0).sum() < 3:
        return
    root, std = solve_root(keypoints, scores, joints[person][None], camera)
    # The middle of the ears in the image is not exactly the image of their middle.
    exact = not scores[0, 3] and not scores[0, 4]
    np.testing.assert_allclose(root[0], place, atol=2e-6 if exact else 2e-3)
    assert std[0] == pytest.approx(SIZE_STD * z, rel=1e-3)


def test_what_missing_keypoints_say_does_not_matter(people):
    landmarks, joints = people
    keypoints = CAMERA.project(landmarks[:1] + [0, 0, 3.0])
    scores = np.ones((1, 17))
    scores[0, [9, 13]] = 0
    keypoints[0, 9] = np.nan
    keypoints[0, 13] = 1e6
    root, _ = solve_root(keypoints, scores, joints[:1], CAMERA)
    np.testing.assert_allclose(root[0], [0, 0, 3], atol=1e-4)


def test_noise_moves_it_little_and_shows_in_the_deviation(people):
    landmarks, joints = people
    rng = np.random.default_rng(0)
    keypoints = CAMERA.project(landmarks + [0.2, 0.0, 3.0]) + rng.normal(0, 4, (len(landmarks), 17, 2))
    root, std = solve_root(keypoints, np.ones((len(landmarks), 17)), joints, CAMERA)
    error = root[:, 2] - 3
    # Without the prior of the size the deviation is that of the noise.
    noise = np.sqrt(std**2 - (SIZE_STD * root[:, 2]) ** 2)
    assert np.abs(error).mean() < 0.06
    assert 0.7 < np.sqrt((error**2).mean()) / np.sqrt((noise**2).mean()) < 1.4


def test_one_wrong_keypoint_pulls_little(people):
    landmarks, joints = people
    keypoints = CAMERA.project(landmarks + [0, 0, 3.0])
    keypoints[:, COCO17.index("left_wrist")] += [60, -80]
    root, _ = solve_root(keypoints, np.ones((len(landmarks), 17)), joints, CAMERA)
    # Plain least squares are 0.086 m off on average.
    assert np.linalg.norm(root - [0, 0, 3], axis=1).mean() < 0.02


def test_a_person_is_placed_the_same_in_company(people):
    landmarks, joints = people
    keypoints = CAMERA.project(landmarks[:4] + [0, 0, 3.0])
    keypoints[1] = [640.0, 480.0] - keypoints[1]  # a pose that is nowhere before the camera
    scores = np.ones((4, 17))
    scores[2, 3:] = 0
    root, std = solve_root(keypoints, scores, joints[:4], CAMERA)
    assert np.isfinite(root[[0, 3]]).all()
    assert np.isnan(root[[1, 2]]).all()
    for i in range(4):
        alone = solve_root(keypoints[i : i + 1], scores[i : i + 1], joints[i : i + 1], CAMERA)
        np.testing.assert_allclose(root[i], alone[0][0], atol=1e-6)
        np.testing.assert_allclose(std[i], alone[1][0], atol=1e-6)


def test_without_noise_the_size_alone_is_unsure_by_nine_percent(people):
    landmarks, joints = people
    _, std = solve_root(CAMERA.project(landmarks[:1] + [0, 0, 4.0]), np.ones((1, 17)), joints[:1], CAMERA)
    assert std[0] == pytest.approx(0.36, rel=1e-3)


@pytest.mark.parametrize(
    "case", ["two joints", "unknown pose", "poses that do not fit", "no keypoints", "behind the camera"]
)
def test_unknown_where_it_cannot_be_told(people, case):
    landmarks, joints = people
    keypoints = CAMERA.project(landmarks[:1] + [0, 0, 3.0])
    scores = np.ones((1, 17))
    pose = joints[:1].copy()
    if case == "two joints":
        scores[0, :] = 0
        scores[0, [5, 6]] = 1
    elif case == "unknown pose":
        pose[:] = np.nan
    elif case == "poses that do not fit":
        keypoints = np.random.default_rng(0).uniform(0, 480, (1, 17, 2))
    elif case == "no keypoints":
        scores[:] = 0
    else:
        keypoints = np.array([640.0, 480.0]) - keypoints  # a pose turned upside down and mirrored
    root, std = solve_root(keypoints, scores, pose, CAMERA)
    assert np.isnan(root).all()
    assert np.isnan(std).all()
