"""Ground truth as labels: exact scores, boxes without keypoints, crowds, other skeletons."""

import numpy as np
import pytest

from orpose_models.datasets.truth import ImageTruth, Persons, Truth
from orpose_models.model_format.student_config import PAPER
from orpose_models.training.labels import LabelSet
from orpose_models.training.region_samples import make_sample
from orpose_models.training.train_config import Augmentation
from orpose_models.training.truth_labels import truth_labels
from orpose_models.vocabulary.cameras import Camera
from orpose_models.vocabulary.errors import OrposeError
from orpose_models.vocabulary.skeletons import COCO17, H36M17, MVOR10

SIZE = (320, 240)


def truth(folder, persons):
    camera = Camera(*SIZE, 300, 300, 160, 120, (), (0.0, 1.0, 0.0))
    return Truth("test", COCO17, H36M17, (ImageTruth(7, "a/b.jpg", SIZE, persons, camera, "cam1", "g", 5),), folder)


@pytest.fixture
def persons():
    """Somebody with occluded and unlabelled joints, somebody with a box only, and a crowd."""
    flags = np.zeros((3, 17), int)
    flags[0] = [2] * 10 + [1] * 4 + [0] * 3
    joints = np.arange(3 * 17 * 3, dtype=float).reshape(3, 17, 3) / 100
    points = np.random.default_rng(0).uniform(40, 100, (3, 17, 2))
    boxes = [(30, 30, 110, 110), (150, 20, 200, 200), (250, 50, 300, 100)]
    return Persons.from_arrays(
        COCO17, H36M17, boxes, keypoints=points, visibility=flags, ignore=[False, False, True], joints3d=joints
    )


def test_nobody(tmp_path):
    labels = truth_labels(truth(tmp_path, Persons.from_arrays(COCO17, H36M17, [])), "t", {})
    assert [len(image.soft) for image in labels.images] == [0]


def test_both_sets_hold_what_is_labelled(tmp_path, persons):
    truth_labels(truth(tmp_path, persons), "made by hand", {"seed": 3}).save(tmp_path / "labels.json")
    labels = LabelSet.load(tmp_path / "labels.json")
    assert (labels.accept, labels.info["teacher"], labels.info["settings"]) == (0.5, "made by hand", {"seed": 3})
    (image,) = labels.images
    assert labels.path_of(image) == tmp_path / "a/b.jpg"
    assert (image.image_id, image.camera_name, image.group, image.stamp_ns) == (7, "cam1", "g", 5)
    assert image.camera.gravity == (0.0, 1.0, 0.0)
    for poses in (image.soft, image.hard):
        assert poses.box_scores.tolist() == [1, 1, 0]
        assert poses.keypoint_scores[0].tolist() == [1] * 14 + [0] * 3
        assert not poses.keypoint_scores[1:].any()
        np.testing.assert_allclose(poses.keypoints, persons.keypoints, atol=1e-3)
        np.testing.assert_allclose(poses.joints3d[:, 0], 0)
        np.testing.assert_allclose(poses.joints3d[:, 2, 1], 0.06, atol=1e-4)


def test_a_crowd_is_neither_person_nor_background(tmp_path, persons):
    labels = truth_labels(truth(tmp_path, persons), "t", {})
    plain = Augmentation(flip=0, move=0, colour=0, downsampling=({"share": 1},))
    image = np.full((240, 320, 3), 90, np.uint8)
    sample = make_sample(image, labels.images[0], labels.accept, plain, PAPER, np.random.default_rng(0))
    scale = sample.image.shape[2] / SIZE[0]
    np.testing.assert_allclose(sample.boxes / scale, persons.boxes[:2], atol=0.5)
    np.testing.assert_allclose(sample.ignored / scale, persons.boxes[2:], atol=0.5)
    assert sample.scores["soft"].sum(axis=1).tolist() == [14, 0]


def test_other_joints_are_refused(tmp_path):
    persons = Persons.from_arrays(MVOR10, H36M17, [])
    other = Truth("MVOR", MVOR10, H36M17, (ImageTruth(1, "a.jpg", SIZE, persons),), tmp_path)
    with pytest.raises(OrposeError, match="MVOR: labels are of COCO's 17 joints"):
        truth_labels(other, "t", {})
