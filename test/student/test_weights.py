"""The file that students are kept in, and the models that it is loaded as."""

import json
from dataclasses import replace
from resource import RUSAGE_SELF, getrusage

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from orpose_models.datasets.frames import open_frames
from orpose_models.files.assets import asset
from orpose_models.model_format.pose_model import PoseModel
from orpose_models.model_format.score_calibration import Calibration, described, without_calibration
from orpose_models.model_format.student_config import PAPER
from orpose_models.registry.models import load_model
from orpose_models.student.model import network_image
from orpose_models.student.network import Student
from orpose_models.student.weights import add_info, load_student, save_student
from orpose_models.vocabulary.cameras import Camera
from orpose_models.vocabulary.errors import OrposeError

pytestmark = pytest.mark.usefixtures("one_thread")

SMALL = replace(
    PAPER, short_side=96, long_side=160, fpn_channels=16, box_hidden=16, keypoint_channels=16, lifter_hidden=16
)


@pytest.fixture(scope="module")
def student():
    torch.manual_seed(0)
    student = Student(SMALL).eval()
    with torch.no_grad():
        student.box_head.cls_score.bias[0] += 1
    return student


def test_as_a_model_the_papers_answers_in_pixels_of_the_original(student, tmp_path):
    path = tmp_path / "mine.safetensors"
    save_student(path, student, {"steps": 3})
    model = load_model(str(path), threads=1)
    assert isinstance(model, PoseModel)
    assert (model.name, model.engine, len(model.sha256)) == ("mine", "torch", 64)
    image = np.random.default_rng(0).integers(0, 255, (40, 53, 3), np.uint8)
    camera = Camera.from_fov(640, 480).with_gravity([0, 1, 0])
    small, large = (model.predict(image, size, camera.resized(*size)) for size in ((640, 480), (1280, 960)))
    assert 0 < len(small) <= SMALL.max_persons
    np.testing.assert_allclose(large.boxes, 2 * small.boxes, rtol=1e-4)
    np.testing.assert_allclose(large.keypoints, 2 * small.keypoints, rtol=1e-4)
    np.testing.assert_allclose(large.joints3d, small.joints3d, atol=1e-4)
    assert (small.boxes <= [640, 480, 640, 480]).all()
    assert load_student(path)[1] == {"steps": 3}
    model.student = Student(replace(SMALL, score_threshold=1.0)).eval()
    assert len(model.predict(image)) == 0


def test_a_model_applies_the_calibration_in_its_file(student_checkpoint, tmp_path):
    path = tmp_path / "mine.safetensors"
    calibration = Calibration(method="temperature", temperature=2.0, fitted_on="a split")
    for _ in range(2):  # a second one takes the first one's place
        add_info(path if path.exists() else student_checkpoint, path, {"calibration": calibration.model_dump()})
    (before, _), (loaded, info) = load_student(student_checkpoint), load_student(path)
    assert info["calibration"] == json.loads(calibration.model_dump_json())
    for name, tensor in before.state_dict().items():
        assert torch.equal(loaded.state_dict()[name], tensor), name
    model, own = load_model(str(path), threads=1), load_model(str(student_checkpoint), threads=1)
    assert described(own) == {}
    assert described(model) == {"keypoint_scores": "calibrated on a split"}
    assert model.sha256 != own.sha256
    image = next(open_frames(asset("multiperson") / "cam01.mp4").frames()).image
    before, after = own.predict(image), model.predict(image)
    assert len(before) > 0
    np.testing.assert_allclose(after.keypoint_scores, calibration(before.keypoint_scores), rtol=1e-5)
    # The lifters are given their branches' scores, as in training.
    for name in ("boxes", "box_scores", "keypoints", "scores_soft", "scores_hard", "joints3d"):
        np.testing.assert_array_equal(getattr(after, name), getattr(before, name), name)
    without_calibration(model)
    np.testing.assert_array_equal(model.predict(image).keypoint_scores, before.keypoint_scores)


def test_a_calibration_that_is_none(student_checkpoint, tmp_path):
    path = tmp_path / "mine.safetensors"
    add_info(student_checkpoint, path, {"calibration": {"method": "isotonic"}})
    with pytest.raises(OrposeError, match=r"mine.safetensors: its calibration of scores is none of orpose: .*isotonic"):
        load_model(str(path), threads=1)


def test_one_branch_alone():
    torch.manual_seed(0)
    for branch in ("soft", "hard", "both"):
        single = Student(replace(SMALL, branches=(branch,))).eval()
        assert list(single.lifters) == list(single.keypoint_head.heatmaps) == [branch]
        with torch.no_grad():
            single.box_head.cls_score.bias[0] += 3
        (found,) = single.predict([torch.rand(3, 64, 64, generator=torch.Generator().manual_seed(0)) * 255])
        assert len(found.boxes) > 0
        assert torch.equal(found.scores_soft, found.scores_hard)
        assert torch.equal(found.scores_soft, found.keypoint_scores)
    with pytest.raises(ValueError, match="branches"):
        replace(SMALL, branches=("hard", "soft"))


def test_the_papers_images_go_straight_to_the_networks_input():
    assert SMALL.input_size((640, 480)) == (128, 96)
    assert SMALL.input_size((1920, 480)) == (160, 40)
    image = np.full((40, 53, 3), 7, np.uint8)
    assert network_image(image, (427, 320)).shape == (3, 320, 427)
    assert network_image(np.zeros((960, 1280, 3), np.uint8), (427, 320)).shape == (3, 320, 427)
    assert (network_image(image, (427, 320)) == 7).all()


@pytest.mark.parametrize("kind", ["regions", "light"])
def test_bad_weights_files(kind, tmp_path):
    path = tmp_path / "student.safetensors"

    def refused(head: dict, problem: str) -> None:
        save_file({"a": torch.zeros(1)}, path, {"orpose-student": json.dumps(head)})
        with pytest.raises(OrposeError, match=problem):
            load_student(path)

    with pytest.raises(OrposeError, match="no such file"):
        load_student(path)
    path.write_bytes(b"no safetensors")
    with pytest.raises(OrposeError, match="not a readable student"):
        load_student(path)
    save_file({"a": torch.zeros(1)}, path)
    with pytest.raises(OrposeError, match="holds no student"):
        load_student(path)
    head = {"version": 1, "kind": kind, "config": {"branches": ["soft"]}, "info": {}}
    refused(head, "do not fit")
    refused({**head, "version": 99}, "version 99, this program reads 1")
    refused({**head, "config": {"branches": 3}}, "configuration is wrong")
    refused({**head, "kind": "other"}, "is of a kind 'other' that this program does not know")


@pytest.mark.parametrize(
    ("kind", "config"), [("regions", {"fpn_channels": 8192, "box_hidden": 8192}), ("light", {"lifter_hidden": 8192})]
)
def test_a_file_takes_no_more_memory_than_it_holds(kind, config, tmp_path):
    path = tmp_path / "student.safetensors"
    head = {"version": 1, "kind": kind, "config": config, "info": {}}
    save_file({"a": torch.zeros(1)}, path, {"orpose-student": json.dumps(head)})
    before = getrusage(RUSAGE_SELF).ru_maxrss
    with pytest.raises(OrposeError, match="do not fit"):
        load_student(path)
    assert getrusage(RUSAGE_SELF).ru_maxrss - before < 200_000  # KiB; the network itself has gigabytes
    save_file({"a": torch.zeros(1)}, path, {"orpose-student": json.dumps({**head, "config": {"lifter_hidden": 8193}})})
    with pytest.raises(OrposeError, match="lifter_hidden must be at most 8192"):
        load_student(path)
