import json
import math

import numpy as np
import pytest
from pycocotools.coco import COCO
from support.training_rig import SIZE, persons, write_labels

from orpose_models.training.labels import ImageLabels, LabelSet
from orpose_models.vocabulary.cameras import Camera
from orpose_models.vocabulary.errors import OrposeError
from orpose_models.vocabulary.poses import Poses


def test_no_image(tmp_path):
    LabelSet([], []).save(tmp_path / "labels.json")
    assert LabelSet.load(tmp_path / "labels.json").images == []


def test_round_trip(tmp_path):
    camera = Camera(*SIZE, 100, 101, 64, 48, (0.1, 0, 0, 0), (0.0, 0.6, 0.8))
    soft, hard = persons([(1, 2, 30, 60), (5, 5, 9, 9)], [0.75, 0.25])
    unknown = np.full((2, 17, 3), np.nan)
    unknown[0] = hard.joints3d[0]
    hard = hard.with_arrays(joints3d=unknown)
    written = [
        ImageLabels(1, "a/b.jpg", SIZE, soft, hard, 1, camera, "cam1", "scene", 17),
        ImageLabels(5, "c.jpg", SIZE, Poses.empty(), Poses.empty()),
    ]
    folders = [tmp_path / "x", tmp_path / "y"]
    LabelSet(written, folders, {"accept": 0.5, "teacher": "t"}).save(tmp_path / "labels" / "labels.json")
    labels = LabelSet.load(tmp_path / "labels" / "labels.json")
    assert labels.folders == folders
    assert (labels.accept, labels.info["teacher"]) == (0.5, "t")
    first, second = labels.images
    assert labels.path_of(first) == tmp_path / "y" / "a/b.jpg"
    assert (first.image_id, first.size, first.camera_name, first.group, first.stamp_ns) == (
        1,
        SIZE,
        "cam1",
        "scene",
        17,
    )
    assert first.camera.fy == 101
    assert first.camera.gravity == pytest.approx((0, 0.6, 0.8))
    assert second.camera is None
    for read, expected in ((first.soft, soft), (first.hard, hard), (second.soft, Poses.empty())):
        for name in ("boxes", "box_scores", "keypoints", "keypoint_scores", "scores_hard", "scores_soft", "joints3d"):
            np.testing.assert_allclose(getattr(read, name), getattr(expected, name), atol=1e-3)


def test_other_tools_read_it(label_file):
    coco = COCO(str(label_file))
    annotations = coco.loadAnns(coco.getAnnIds(imgIds=[1]))
    assert len(annotations) == 2
    assert annotations[0]["num_keypoints"] == 17
    assert annotations[0]["keypoints"][2::3] == [2] * 9 + [1] * 2 + [2] * 6
    assert annotations[0]["area"] == 30 * 80


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda d: d["info"].update(kind="other"), "not a file of pseudo-labels"),
        (lambda d: d["info"].update(schema=0), "schema 0"),
        (lambda d: d["annotations"][0].update(image_id=99), "image 99"),
        (lambda d: d["annotations"][0].update(keypoints=[1, 2]), "annotations.0.keypoints"),
        (lambda d: d["annotations"][0].update(score=1.5), "annotations.0.score"),
        (lambda d: d["annotations"][0].update(bbox=[0, 0, -1, 5]), "annotations.0.bbox"),
        (lambda d: d["annotations"][0]["scores_soft"].__setitem__(0, None), "scores_soft.0"),
        (lambda d: d["images"][0].pop("width"), "images.0.width"),
        (lambda d: d["images"][0].update(source=3), "source 3"),
        (lambda d: d["images"][0].update(file_name="../secret.png"), "images.0.file_name.*leads out of the folder"),
        (lambda d: d["images"].append(d["images"][0]), "not unique"),
        (lambda d: d["info"].pop("folders"), "info.folders"),
        (lambda d: d["info"].update(accept=None), "info.accept"),
        (lambda d: d["info"].update(accept=1.1), "info.accept"),
    ],
)
def test_what_breaks_the_layout_is_named(label_file, change, message):
    document = json.loads(label_file.read_text())
    change(document)
    label_file.write_text(json.dumps(document))
    with pytest.raises(OrposeError, match=message):
        LabelSet.load(label_file)


def test_files_that_are_none(tmp_path, label_file):
    with pytest.raises(OrposeError, match="no such file"):
        LabelSet.load(tmp_path / "nothing.json")
    label_file.write_text(label_file.read_text()[:500])
    with pytest.raises(OrposeError, match="not a JSON file"):
        LabelSet.load(label_file)
    label_file.write_text("[]")
    with pytest.raises(OrposeError, match="not a file of pseudo-labels"):
        LabelSet.load(label_file)


def test_values_that_json_lacks_are_refused(tmp_path):
    soft, hard = persons([(0, 0, 9, 9)], [math.nan])
    with pytest.raises(ValueError, match="JSON"):
        LabelSet([ImageLabels(1, "a", SIZE, soft, hard)], [tmp_path]).save(tmp_path / "labels.json")
    assert not (tmp_path / "labels.json").exists()


def test_the_fixture_has_an_image_of_nobody(tmp_path):
    labels = LabelSet.load(write_labels(tmp_path / "d"))
    assert [len(image.soft) for image in labels.images] == [2, 2, 0, 2]
