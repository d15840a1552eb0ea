"""Exported students against torch, on real frames and on images of any size."""

import json
import shutil
import subprocess
import sys
from dataclasses import fields, replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from orpose_models.datasets.frames import open_frames
from orpose_models.files.assets import asset
from orpose_models.model_format.engines import ENGINES, EVERYWHERE
from orpose_models.model_format.manifest import SMALL, files_of
from orpose_models.model_format.pose_model import PoseModel, View
from orpose_models.model_format.score_calibration import Calibration
from orpose_models.model_format.student_config import OneStageConfig
from orpose_models.registry.models import load_model, shipped_models
from orpose_models.runtime.parity import compare
from orpose_models.runtime.student import STAGES, load_runtime_student, one_by_one
from orpose_models.vocabulary.cameras import Camera
from orpose_models.vocabulary.errors import OrposeError
from orpose_models.vocabulary.poses import Poses
from orpose_models.vocabulary.resolution import reduce_image
from orpose_models.vocabulary.similarity import box_iou

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture(scope="module")
def frames() -> list[np.ndarray]:
    """A frame of each of two cameras, reduced to 480 pixels' height."""
    pictures = [next(open_frames(asset("multiperson") / f"{name}.mp4").frames()).image for name in ("cam01", "cam02")]
    return [np.asarray(cv2.resize(p, None, fx=480 / p.shape[0], fy=480 / p.shape[0])) for p in pictures]


@pytest.fixture(scope="module")
def student(exported_student: Path) -> PoseModel:
    return load_model(str(exported_student), threads=1)


def same(a: Poses, b: Poses) -> bool:
    return all(np.array_equal(getattr(a, f.name), getattr(b, f.name), equal_nan=True) for f in fields(Poses))


def assert_close(actual: Poses, expected: Poses) -> None:
    assert len(actual) == len(expected)
    np.testing.assert_allclose(actual.boxes, expected.boxes, atol=0.5)
    np.testing.assert_allclose(actual.box_scores, expected.box_scores, atol=1e-3)
    np.testing.assert_allclose(actual.keypoints, expected.keypoints, atol=1)
    np.testing.assert_allclose(actual.joints3d, expected.joints3d, atol=2e-3)
    for name in ("keypoint_scores", "scores_soft", "scores_hard"):
        np.testing.assert_allclose(getattr(actual, name), getattr(expected, name), atol=1e-3)


@pytest.mark.parametrize("engine", [name for name in EVERYWHERE if ENGINES[name].exact])
@pytest.mark.parametrize("name", ["start", *shipped_models()])
def test_engines_compute_what_torch_does(
    name: str, engine: str, exported_student: Path, frames: list[np.ndarray]
) -> None:
    folder = str(exported_student) if name == "start" else name
    model, reference = load_model(folder, 1, engine), load_model(folder, 1, "torch")
    assert isinstance(model, PoseModel)
    assert (model.name, model.engine, reference.engine) == (name, engine, "torch")
    assert model.sha256 == reference.sha256
    (differences,) = compare(reference, [model], frames)
    assert min(differences.shares.values()) >= 0.99
    assert len(differences.boxes) >= 4
    assert np.isfinite(reference.predict(frames[0]).joints3d).any()


@pytest.mark.parametrize("engine", [name for name in EVERYWHERE if not ENGINES[name].exact])
def test_engines_of_lower_precision_come_near(engine: str, exported_student: Path, frames: list[np.ndarray]) -> None:
    model, reference = load_model(str(exported_student), 1, engine), load_model(str(exported_student), 1)
    assert (model.engine, model.sha256) == (engine, reference.sha256)
    actual, expected = (m.predict(frames[0], min_score=0.4) for m in (model, reference))
    assert len(actual) == len(expected) > 0
    nearest = np.abs(expected.boxes[:, None] - actual.boxes[None]).max(axis=2).argmin(axis=1)
    assert np.abs(expected.boxes - actual.boxes[nearest]).max() < 20
    seen = expected.keypoint_scores > 0.3
    assert np.median(np.linalg.norm(expected.keypoints - actual.keypoints[nearest], axis=2)[seen]) < 5
    assert not same(actual, expected)


@pytest.mark.parametrize("size", [(1, 1), (53, 40), (3, 900), (480, 640), (4000, 3000)])
def test_images_of_any_size(size: tuple[int, int], exported_student: Path, student: PoseModel) -> None:
    rng = np.random.default_rng(0)
    coarse = rng.integers(0, 255, (9, 12, 3), np.uint8)
    image = np.asarray(cv2.resize(coarse, size, interpolation=cv2.INTER_NEAREST))
    poses = student.predict(image)
    assert_close(poses, load_model(str(exported_student), 1, "torch").predict(image))
    assert (poses.boxes >= 0).all()
    assert (poses.boxes <= np.array([*size, *size]) + 0.01).all()


def test_poses_are_in_pixels_of_the_original(student: PoseModel, frames: list[np.ndarray]) -> None:
    height, width = frames[0].shape[:2]
    camera = Camera.from_fov(width, height).with_gravity([0, 1, 0])
    once = student.predict(frames[0], None, camera)
    twice = student.predict(frames[0], (2 * width, 2 * height), camera.resized(2 * width, 2 * height))
    np.testing.assert_allclose(twice.boxes, 2 * once.boxes, rtol=1e-5)
    np.testing.assert_allclose(twice.joints3d, once.joints3d, atol=1e-5)


def test_nobody_in_view(student: PoseModel) -> None:
    poses = student.predict(np.zeros((480, 640, 3), np.uint8), min_score=0.3)
    assert len(poses) == 0
    assert poses.joints3d.shape == (0, 17, 3)


def test_people_are_found_where_they_are(student: PoseModel, frames: list[np.ndarray]) -> None:
    poses = student.predict(frames[0], min_score=0.4)
    teacher = load_model("teacher-fast", 1).predict(frames[0], min_score=0.4)
    overlap = box_iou(teacher.boxes, poses.boxes)
    assert (overlap.max(axis=1) > 0.5).sum() >= 2
    assert (np.diff(poses.box_scores) <= 0).all()
    assert not np.array_equal(poses.scores_soft, poses.scores_hard)


def test_3d_is_the_mean_of_the_branches_lifters(student, frames):
    """Of each branch, given its own 2D, as the lifter by itself has it."""
    given, kept = [], []

    def noting(*features):
        given.append(features)
        kept.append(student.graphs["lifters"](*features))
        return kept[-1]

    graphs = {**student.graphs, "lifters": noting}
    height, width = frames[0].shape[:2]
    for camera in (Camera.from_fov(width, height), Camera.from_fov(width, height).with_gravity([0, 0.94, 0.34])):
        poses = replace(student, graphs=graphs).predict(frames[0], camera=camera, min_score=0.3)
        form = 1 if camera.gravity is None else 0
        assert [f.shape[:2] for f in given[-1]] == [(2, 0 if i != form else 2 * len(poses)) for i in (0, 1)]
        first = np.isfinite(poses.joints3d).all(axis=(1, 2)).argmax()
        # Bones are as long as bones are, and the pelvis is the origin.
        assert (poses.joints3d[first, 0] == 0).all()
        assert 0.2 < np.linalg.norm(poses.joints3d[first, 11] - poses.joints3d[first, 14]) < 0.6


@pytest.mark.parametrize("engine", ["onnxruntime", "torch"])
def test_no_time_is_spent_on_low_scores(engine, exported_student, frames):
    model = load_model(str(exported_student), 1, engine)
    everybody = model.predict(frames[0])
    limit = float(np.sort(everybody.box_scores)[-3:-1].mean())  # between the second and the third
    assert len(everybody) > 2
    some = model.predict(frames[0], min_score=limit)
    expected = everybody.select(np.flatnonzero(everybody.box_scores >= limit))
    assert len(some) == len(expected) == 2
    assert_close(some, expected)
    assert len(model.predict(frames[0], min_score=2.0)) == 0


def test_the_same_image_gives_the_same_poses(exported_student, student, frames):
    first = student.predict(frames[0])
    student.predict(frames[1])
    assert same(student.predict(frames[0]), first)
    assert same(load_model(str(exported_student), 1).predict(frames[0]), first)
    assert_close(load_model(str(exported_student), 2).predict(frames[0]), first)


@pytest.mark.parametrize("engine", ["onnxruntime", "onnxruntime-int8", "openvino"])
def test_the_rest_of_the_program_computes_as_before(engine, exported_student, frames):
    load_model(str(exported_student), 1, engine).predict(frames[0])
    assert sys.float_info.min / 2 > 0  # engines can make processors round tiny numbers to 0


def test_timings_tell_where_the_time_goes(student, frames):
    student.predict(frames[0])
    assert tuple(student.timings) == STAGES
    assert all(seconds > 0 for seconds in student.timings.values())


def test_scores_are_calibrated(student, frames):
    own = student.predict(frames[0])
    calibration = Calibration(method="temperature", temperature=2.0)
    calibrated = replace(student, calibration=calibration).predict(frames[0])
    np.testing.assert_allclose(calibrated.keypoint_scores, calibration(own.keypoint_scores), rtol=1e-6)
    np.testing.assert_array_equal(calibrated.scores_soft, own.scores_soft)


def test_several_images_at_once_are_as_one_by_one(exported_student, frames):
    small, resolution = reduce_image(frames[1], 8)
    camera = Camera.from_fov(*resolution.full).with_gravity([0, 1, 0])
    views = [View(frames[0]), View(frames[1]), View(small, resolution.full, camera), View(frames[0][:, ::-1].copy())]
    for engine in ("onnxruntime", "openvino", "torch"):
        model = load_model(str(exported_student), 1, engine)
        assert model.predict_all([]) == []
        for view, poses in zip(views, model.predict_all(views, 0.2), strict=True):
            assert_close(poses, model.predict(view.image, view.full_size, view.camera, 0.2))


def test_a_network_for_single_images_is_asked_one_by_one(exported_student, frames, tmp_path):
    """As models of version 2 have it: what they say of an image has no first dimension."""
    asked = []

    def single(image):
        asked.append(image.shape)
        return [array[0] for array in graphs["network"](image)]

    graphs = load_runtime_student(exported_student, "onnxruntime", 1).graphs
    images = np.stack([np.asarray(cv2.resize(frame, (128, 256))) for frame in frames])
    for answer, expected in zip(one_by_one(single)(images), graphs["network"](images), strict=True):
        np.testing.assert_allclose(answer, expected, atol=1e-4)
    assert asked == [(1, 256, 128, 3)] * 2


def test_reduced_images_take_a_smaller_network(student, frames):
    given = []

    def noting(name):
        def run(images):
            given.append((name, images.shape))
            return student.graphs[name](images)

        return run

    noted = replace(student, graphs={**student.graphs, **{name: noting(name) for name in ("network", SMALL)}})
    full = frames[0].shape[1::-1]
    for factor, name in ((1, "network"), (8, SMALL)):
        seen, _ = reduce_image(frames[0], factor)
        noted.predict(seen, full)
        width, height = student.config.input_size(full, seen.shape[1::-1])
        assert given[-1] == (name, (1, height, width, 3))
    assert given[0][1] != given[1][1]


def test_torch_is_not_needed(exported_student):
    program = (
        "import sys; sys.modules['torch'] = None\n"
        "import numpy as np; from orpose_models.registry.models import load_model\n"
        f"poses = load_model({str(exported_student)!r}, 1).predict(np.full((48, 64, 3), 90, np.uint8))\n"
        "print(len(poses) >= 0)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "True\n"), done.stderr


@pytest.mark.parametrize("name", files_of(OneStageConfig(small_limit=96)))
def test_a_corrupt_part_is_refused(name, exported_student, tmp_path):
    folder = tmp_path / "damaged"
    shutil.copytree(exported_student, folder)
    content = bytearray((folder / name).read_bytes())
    content[len(content) // 2] ^= 1
    (folder / name).unlink()
    (folder / name).write_bytes(content)
    for engine in ("onnxruntime", "torch"):
        with pytest.raises(OrposeError, match=f"{name}: corrupt"):
            load_model(str(folder), 1, engine)
    (folder / name).unlink()
    with pytest.raises(OrposeError, match=f"{name}: no such file"):
        load_model(str(folder), 1)


def test_what_is_no_model_is_refused(exported_student, tmp_path):
    with pytest.raises(OrposeError, match=r"holds no model \(it has no model.json\)"):
        load_model(str(tmp_path))
    manifest = json.loads((exported_student / "model.json").read_text())
    for change, problem in (
        ({"schema_version": 1}, "not a model of this version"),
        ({"files": {}}, "corrupt"),
        ({"config": {**manifest["config"], "branches": ["hard", "soft"]}}, "branches must be"),
        ({"info": {"calibration": {"method": "none"}}}, "its calibration of scores is none"),
    ):
        shutil.copytree(exported_student, tmp_path / "bad")
        (tmp_path / "bad" / "model.json").unlink()
        (tmp_path / "bad" / "model.json").write_text(json.dumps({**manifest, **change}))
        with pytest.raises(OrposeError, match=problem):
            load_runtime_student(tmp_path / "bad", "onnxruntime", 1)
        shutil.rmtree(tmp_path / "bad")


def test_engines_are_chosen_by_name(exported_student, student_checkpoint):
    with pytest.raises(
        OrposeError, match="engine 'cuda' is not known; choose one of: auto, onnxruntime, onnxruntime-int8"
    ):
        load_model(str(exported_student), 1, "cuda")
    with pytest.raises(OrposeError, match="the packaged teacher does not run on engine 'onnxruntime-int8'"):
        load_model("teacher-fast", 1, "onnxruntime-int8")
    with pytest.raises(OrposeError, match="weights alone run on torch; for openvino first run: orpose export"):
        load_model(str(student_checkpoint), 1, "openvino")
    with pytest.raises(OrposeError, match="model 'nonesuch' is not known"):
        load_model("nonesuch", 1)
    assert load_model(str(exported_student), 1, "openvino-bf16").engine == "openvino-bf16"


def test_a_man_seen_from_behind_has_ears_and_hardly_a_face(frames: list[np.ndarray]) -> None:
    """The one at the left of the second camera's first picture walks away from it."""
    poses = load_model("orpose-all-light", threads=1).predict(frames[1])
    (man,) = [i for i in np.flatnonzero(poses.box_scores > 0.4) if poses.keypoints[i, 6, 0] > poses.keypoints[i, 5, 0]]
    assert (poses.keypoint_scores[man, :3] < 0.3).all()
    assert (poses.keypoint_scores[man, 3:7] > 0.8).all()
