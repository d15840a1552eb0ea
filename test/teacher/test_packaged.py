import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from orpose_models.datasets.frames import open_frames
from orpose_models.files.assets import asset
from orpose_models.model_format.pose_model import PoseModel
from orpose_models.registry.models import MODELS, load_model
from orpose_models.teacher.centernet import CenterNet
from orpose_models.teacher.packaged import PRESETS, load_packaged_teacher, packaged_graph
from orpose_models.teacher.person_boxes import PersonDetector, ViewSet
from orpose_models.teacher.person_keypoints import find_owners
from orpose_models.teacher.teacher import Teacher
from orpose_models.vocabulary.cameras import Camera
from orpose_models.vocabulary.errors import OrposeError
from orpose_models.vocabulary.poses import Poses
from orpose_models.vocabulary.resolution import reduce_image
from orpose_models.vocabulary.similarity import box_iou

# Read off the first picture of camera 1: the man, the woman, and the small person at the left border.
PERSONS = np.array([[230.0, 330, 590, 1160], [490, 780, 1010, 1800], [0, 290, 140, 760]])


@pytest.fixture(scope="module")
def image() -> NDArray[np.uint8]:
    return next(iter(open_frames(asset("multiperson") / "cam01.mp4").frames())).image


@pytest.fixture(scope="module")
def fast() -> Teacher:
    return load_packaged_teacher("fast", threads=1)


def sure_persons(poses: Poses) -> Poses:
    return poses.select(poses.box_scores >= 0.3)


def check_persons(poses: Poses) -> None:
    """Exactly the three persons, each with box, joints inside of it, and 3D of human size; others are less sure."""
    poses = sure_persons(poses)
    overlap = box_iou(PERSONS, poses.boxes)
    assert len(poses) == 3
    assert sorted(overlap.argmax(axis=1)) == [0, 1, 2]
    assert overlap.max(axis=1).min() > 0.6
    sure = poses.keypoint_scores > 0.3
    assert (sure.sum(axis=1) >= 10).all()
    reach = 0.1 * np.max(poses.boxes[:, 2:] - poses.boxes[:, :2], axis=1)[:, None]
    assert (poses.keypoints[..., 0] > poses.boxes[:, [0]] - reach)[sure].all()
    assert (poses.keypoints[..., 1] < poses.boxes[:, [3]] + reach)[sure].all()
    height = np.linalg.norm(poses.joints3d[:, 10] - poses.joints3d[:, [3, 6]].mean(axis=1), axis=1)
    assert ((height > 1.0) & (height < 2.2)).all()


@pytest.mark.parametrize("preset", list(PRESETS))
def test_three_persons(preset: str, image: NDArray[np.uint8]) -> None:
    check_persons(load_packaged_teacher(preset, threads=1).predict(image))


def test_a_reduced_image_is_enlarged_and_answered_in_full_size_pixels(fast: Teacher, image: NDArray[np.uint8]) -> None:
    small, resolution = reduce_image(image, 4)
    assert small.shape[:2] == (480, 272)
    check_persons(fast.predict(small, full_size=resolution.full))


def test_the_hard_set_is_the_soft_set_without_low_confidence(fast: Teacher, image: NDArray[np.uint8]) -> None:
    labels = fast.label(image)
    soft, hard = labels.soft, labels.hard
    assert len(soft) == len(hard) == 3
    kept = soft.keypoint_scores >= fast.hard_threshold
    assert 0 < (~kept).sum() < kept.sum()
    np.testing.assert_array_equal(hard.keypoint_scores, np.where(kept, soft.keypoint_scores, 0))
    np.testing.assert_array_equal(hard.keypoints, soft.keypoints)
    np.testing.assert_array_equal(soft.scores_soft, soft.keypoint_scores)
    np.testing.assert_array_equal(soft.scores_hard, hard.keypoint_scores)
    assert not np.array_equal(hard.joints3d, soft.joints3d), "the 3D of each set comes from its own joints"


def test_the_camera_matters_for_the_3d_only(fast: Teacher, image: NDArray[np.uint8]) -> None:
    guessed = fast.predict(image)
    tele = Camera.from_fov(1088, 1920, horizontal_fov_deg=20)
    known = fast.predict(image, camera=tele)
    np.testing.assert_array_equal(known.keypoints, guessed.keypoints)
    assert not np.allclose(known.joints3d, guessed.joints3d)


def test_a_mirrored_image_gives_mirrored_persons(image: NDArray[np.uint8]) -> None:
    teacher = load_packaged_teacher("full", threads=1)
    straight = sure_persons(teacher.predict(image))
    mirrored = sure_persons(teacher.predict(np.ascontiguousarray(image[:, ::-1])))
    assert len(straight) == len(mirrored) == 3
    turned = mirrored.boxes[:, [2, 1, 0, 3]] * [-1, 1, -1, 1] + [1088, 0, 1088, 0]
    assert box_iou(straight.boxes, turned).max(axis=1).min() > 0.9


@pytest.mark.parametrize("size", [(1, 1), (1, 300), (300, 1), (7, 5), (64, 48), (1920, 1080), (3000, 4000)])
@pytest.mark.parametrize("value", [0, 255])
def test_nobody_in_plain_images_of_any_size(fast: Teacher, size: tuple[int, int], value: int) -> None:
    poses = fast.predict(np.full((*size, 3), value, np.uint8))
    assert len(poses) == 0
    assert poses.joints3d.shape == (0, 17, 3)


def test_all_looks_at_tiny_images_do_not_break() -> None:
    teacher = load_packaged_teacher("full", threads=1)
    for size in ((1, 1), (2, 3), (1, 40)):
        assert len(teacher.predict(np.zeros((*size, 3), np.uint8))) == 0


def test_models_are_loaded_by_name_and_told_apart() -> None:
    names = [name for name in MODELS if name.startswith("teacher") and "paper" not in name]
    models = [load_model(name, threads=1) for name in names]
    assert [model.name for model in models] == names
    assert all(isinstance(model, PoseModel) and model.engine == "onnxruntime" for model in models)
    hashes = {model.sha256 for model in models}
    assert len(hashes) == len(names)
    assert all(len(digest) == 64 for digest in hashes)
    assert load_model(names[0], threads=2).sha256 == models[0].sha256


def test_an_unknown_preset_and_missing_weights(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with pytest.raises(OrposeError, match=r"preset 'slow' .* choose one of: full, fast"):
        load_packaged_teacher("slow")
    monkeypatch.setenv("ORPOSE_CACHE", str(tmp_path))
    with pytest.raises(OrposeError, match="run: orpose fetch movenet-multipose"):
        load_packaged_teacher("fast")


def test_it_works_without_torch() -> None:
    program = (
        "import sys, numpy; sys.modules['torch'] = None\n"
        "from orpose_models.teacher.packaged import load_packaged_teacher\n"
        "print(len(load_packaged_teacher('fast', 1).predict(numpy.zeros((48, 64, 3), numpy.uint8))))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.stdout == "0\n", done.stderr


def test_views_cover_the_image() -> None:
    assert [(v.x, v.y, v.width, v.height) for v in ViewSet(512).views(640, 480)] == [(0, 0, 640, 480)]
    assert [v.flip for v in ViewSet(512, flip=True).views(640, 480)] == [False, True]
    tiles = ViewSet(512, tiles=2, overlap=0.25).views(700, 350)
    assert [(v.x, v.y, v.width, v.height) for v in tiles] == [
        (0, 0, 400, 200),
        (300, 0, 400, 200),
        (0, 150, 400, 200),
        (300, 150, 400, 200),
    ]


def test_the_detector_limits_persons_and_scores(image: NDArray[np.uint8]) -> None:
    network = CenterNet(packaged_graph("centernet"), threads=1)
    detector = PersonDetector(network, (ViewSet(640, tiles=2),), 0.05, 0.05, max_persons=2, iou_threshold=0.55)
    boxes, scores = detector.detect(image)
    assert len(boxes) == 2
    assert scores[0] >= scores[1] >= 0.05


def test_the_surer_of_two_boxes_owns_the_pose() -> None:
    pose = np.random.default_rng(0).uniform(0, 100, (17, 2))
    points, boxes = (
        np.stack([pose, pose, pose + 500]),
        np.array([[0.0, 0, 100, 100], [0, 0, 300, 300], [500, 500, 600, 600]]),
    )
    scores = np.full((3, 17), 0.5)
    scores[1] = 0.8
    assert find_owners(points, scores, boxes, 0.5).tolist() == [1, -1, -1]
    assert find_owners(points, scores, np.tile(boxes[:1], (3, 1)), 0.5).tolist() == [-1, -1, -1], "one box, found twice"
    assert find_owners(points, np.zeros((3, 17)), boxes, 0.5).tolist() == [-1, -1, -1]
    assert find_owners(points[:0], scores[:0], boxes[:0], 0.5).shape == (0,)
