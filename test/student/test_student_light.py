import json

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from orpose_models.lifting.network import parameter_count
from orpose_models.lifting.runtime import load_lifter
from orpose_models.model_format.pose_model import PoseModel
from orpose_models.model_format.score_calibration import Calibration, described, without_calibration
from orpose_models.model_format.student_config import LIGHT, StudentConfig
from orpose_models.registry.models import load_model
from orpose_models.student.lifters import ViewLifter
from orpose_models.student.model import StudentModel, network_image
from orpose_models.student.network import Student
from orpose_models.student.weights import add_info, load_coco_start, load_student, load_trained_lifter, save_student
from orpose_models.vocabulary.cameras import Camera
from orpose_models.vocabulary.errors import OrposeError

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


def test_lifters_of_another_width_cannot_start_as_the_teachers():
    with pytest.raises(OrposeError, match="lifter_hidden is 256, but the trained lifter is 512 wide"):
        load_trained_lifter(type("S", (), {"lifters": {"soft": ViewLifter(256)}}))


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


def test_it_applies_the_calibration_in_its_file(student, tmp_path):
    plain, path = tmp_path / "plain.safetensors", tmp_path / "mine.safetensors"
    save_student(plain, student, {"steps": 3})
    calibration = Calibration(method="temperature", temperature=2.0, fitted_on="a split")
    for _ in range(2):  # a second one takes the first one's place
        add_info(path if path.exists() else plain, path, {"calibration": calibration.model_dump()})
    loaded, info = load_student(path)
    assert info == {"steps": 3, "calibration": json.loads(calibration.model_dump_json())}
    for name, tensor in student.state_dict().items():
        assert torch.equal(loaded.state_dict()[name], tensor), name
    model, own = load_model(str(path), threads=1), load_model(str(plain), threads=1)
    assert described(own) == {}
    assert described(model) == {"keypoint_scores": "calibrated on a split"}
    assert model.sha256 != own.sha256
    image = np.random.default_rng(0).integers(0, 255, (40, 53, 3), np.uint8)
    before, after = own.predict(image, (640, 480)), model.predict(image, (640, 480))
    assert len(before) > 0
    np.testing.assert_allclose(after.keypoint_scores, calibration(before.keypoint_scores), rtol=1e-5)
    # The lifters are given their branches' scores, as in training.
    for name in ("boxes", "box_scores", "keypoints", "scores_soft", "scores_hard", "joints3d"):
        np.testing.assert_array_equal(getattr(after, name), getattr(before, name), name)
    without_calibration(model)
    np.testing.assert_array_equal(model.predict(image, (640, 480)).keypoint_scores, before.keypoint_scores)


def test_a_calibration_that_is_none(student, tmp_path):
    path = tmp_path / "mine.safetensors"
    save_student(path, student, {"calibration": {"method": "isotonic"}})
    with pytest.raises(OrposeError, match=r"mine.safetensors: its calibration of scores is none of orpose: .*isotonic"):
        load_model(str(path), threads=1)


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
