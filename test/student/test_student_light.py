import json

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from orpose_models.cameras import Camera
from orpose_models.errors import OrposeError
from orpose_models.lifting.network import parameter_count
from orpose_models.lifting.runtime import load_lifter
from orpose_models.runtime.model import PoseModel, load_model
from orpose_models.student.config import LIGHT, StudentConfig
from orpose_models.student.lifters import ViewLifter
from orpose_models.student.model import StudentModel, network_image
from orpose_models.student.network import Student
from orpose_models.student.weights import load_coco_start, load_student, load_trained_lifter, save_student

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture(scope="module")
def student():
    torch.manual_seed(0)
    student = Student(LIGHT).eval()
    load_coco_start(student)
    generator = torch.Generator().manual_seed(1)
    student.backbone.calibrate([torch.rand(1, 3, 64, 96, generator=generator) * 2 - 1])
    with torch.no_grad():
        student.box_head.cls_score.bias[0] += 1
    return student


def test_it_is_light(student):
    assert parameter_count(student) == 9_954_519
    assert parameter_count(student) <= 10_000_000


def test_its_lifters_start_as_the_teachers():
    lifter = ViewLifter(512)
    load_trained_lifter(type("S", (), {"lifters": {"soft": lifter}}))
    rng = np.random.default_rng(0)
    keypoints = rng.uniform(100, 300, (5, 17, 2)).astype(np.float32)
    scores = rng.uniform(0, 1, (5, 17)).astype(np.float32)
    scores[4] = 0
    level = Camera.from_fov(640, 480)
    for camera in (level, level.with_gravity([0.1, 0.9, 0.3])):
        expected = load_lifter().lift(keypoints, scores, camera)
        lifted = lifter.lift(torch.from_numpy(keypoints), torch.from_numpy(scores), camera)
        assert np.isnan(expected[4]).all()
        np.testing.assert_allclose(lifted.numpy(), expected, atol=1e-5)


def test_as_a_model_it_answers_in_pixels_of_the_original(student, tmp_path):
    path = tmp_path / "mine.safetensors"
    save_student(path, student, {"steps": 3})
    model = load_model(str(path), threads=1)
    assert isinstance(model, PoseModel)
    assert (model.name, model.engine, len(model.sha256)) == ("mine", "torch", 64)
    image = np.random.default_rng(0).integers(0, 255, (40, 53, 3), np.uint8)
    camera = Camera.from_fov(640, 480).with_gravity([0, 1, 0])
    small, large = (model.predict(image, size, camera.resized(*size)) for size in ((640, 480), (1280, 960)))
    assert 0 < len(small) <= LIGHT.max_persons
    np.testing.assert_allclose(large.boxes, 2 * small.boxes, rtol=1e-4)
    np.testing.assert_allclose(large.keypoints, 2 * small.keypoints, rtol=1e-4)
    np.testing.assert_allclose(large.joints3d, small.joints3d, atol=1e-4)
    assert np.isfinite(small.joints3d).all(axis=(1, 2)).any()
    assert (small.boxes[:, 2] <= 640.01).all()
    assert load_student(path)[1] == {"steps": 3}


def test_one_branch_alone(student):
    for branch in ("soft", "hard", "both"):
        single = Student(StudentConfig(**{**LIGHT.__dict__, "branches": (branch,)})).eval()
        assert list(single.lifters) == list(single.keypoint_head.heatmaps) == [branch]
        with torch.no_grad():
            single.box_head.cls_score.bias[0] += 1
        (found,) = single.predict([torch.rand(3, 64, 64, generator=torch.Generator().manual_seed(0)) * 255])
        assert len(found.boxes) > 0
        assert torch.equal(found.scores_soft, found.scores_hard)
        assert torch.equal(found.scores_soft, found.keypoint_scores)
    with pytest.raises(ValueError, match="branches"):
        StudentConfig(branches=("hard", "soft"))


def test_images_go_straight_to_the_networks_input():
    assert LIGHT.input_size((640, 480)) == (427, 320)
    assert LIGHT.input_size((1920, 480)) == (640, 160)
    image = np.full((40, 53, 3), 7, np.uint8)
    assert network_image(image, (427, 320)).shape == (3, 320, 427)
    assert network_image(np.zeros((960, 1280, 3), np.uint8), (427, 320)).shape == (3, 320, 427)
    assert (network_image(image, (427, 320)) == 7).all()


def test_bad_weights_files(student, tmp_path):
    path = tmp_path / "student.safetensors"
    with pytest.raises(OrposeError, match="no such file"):
        load_student(path)
    path.write_bytes(b"no safetensors")
    with pytest.raises(OrposeError, match="not a readable student"):
        load_student(path)
    save_file({"a": torch.zeros(1)}, path)
    with pytest.raises(OrposeError, match="holds no student"):
        load_student(path)
    head = {"version": 1, "config": {"branches": ["soft"]}, "info": {}}
    save_file({"a": torch.zeros(1)}, path, {"orpose-student": json.dumps(head)})
    with pytest.raises(OrposeError, match="do not fit"):
        load_student(path)
    save_file({"a": torch.zeros(1)}, path, {"orpose-student": json.dumps({**head, "version": 99})})
    with pytest.raises(OrposeError, match="version 99"):
        load_student(path)
    save_file({"a": torch.zeros(1)}, path, {"orpose-student": json.dumps({**head, "config": {"branches": 3}})})
    with pytest.raises(OrposeError, match="configuration is wrong"):
        load_student(path)


def test_nobody_in_view(student):
    model = StudentModel(Student(StudentConfig(**{**LIGHT.__dict__, "score_threshold": 1.0})).eval(), "none", "0" * 64)
    poses = model.predict(np.zeros((48, 64, 3), np.uint8))
    assert len(poses) == 0
