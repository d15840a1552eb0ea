import copy
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from orpose_models.datasets.mvor import read_keypoint_detections, read_mvor
from orpose_models.vocabulary.errors import OrposeError
from orpose_models.vocabulary.skeletons import MVOR10

TURNED = [0, 0, 1, 1000, 0, 1, 0, 0, -1, 0, 0, 2000, 0, 0, 0, 1]  # camera 2: turned by 90 degrees about y, moved
SAME = [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1]
ROOM = [1, 0, 0, 0, 0, 0, 1, 0, 0, -1, 0, 1500, 0, 0, 0, 1]  # the room's z axis is the camera's -y: level camera


def document() -> dict[str, Any]:
    """One moment seen by two cameras: a person with 3D, one without, one with a box only; nobody in camera 2."""
    intrinsics = {"focallength": [540, 541], "principalpoint": [320, 241], "imagesize": [640, 480], "distortion": [0.1]}
    keypoints = [value for j in range(10) for value in (100.0 + j, 50.0 + j, 2 if j else 1)]
    points3d = [value for j in range(12) for value in (100.0 * j, 0.0, 3000.0, 2.0 if j != 9 else 1.0)]
    image = {"width": 640, "height": 480, "day_id": 1}
    box = {"image_id": 1, "category_id": "1", "bbox": [90, 40, 30, 60]}
    return {
        "categories": [{"id": "1", "name": "person", "keypoints": list(MVOR10.joints)}],
        "cameras_info": {
            "camParams": {"intrinsics": [intrinsics] * 2, "extrinsics": [SAME, TURNED], "firstCamToRoomRef": ROOM}
        },
        "images": [
            {**image, "id": 2, "file_name": "day1/cam2/color/000000.png", "cam_id": 2},
            {**image, "id": 1, "file_name": "day1/cam1/color/000000.png", "cam_id": 1},
        ],
        "annotations": [
            {**box, "id": 0, "keypoints": keypoints, "only_bbox": 0, "person_id": 0},
            {**box, "id": 1, "keypoints": keypoints, "only_bbox": 0, "person_id": 1},
            {**box, "id": 2, "keypoints": keypoints, "only_bbox": 1, "person_id": -1},
            {**box, "id": 3, "image_id": 2, "keypoints": keypoints, "only_bbox": 0, "person_id": 0},
        ],
        "annotations3D": [{"image_ids": "1_2", "person_id": 0, "keypoints3D": points3d}],
    }


def write(folder: Path, content: Any) -> Path:
    (folder / "camma_mvor_2018.json").write_text(json.dumps(content))
    return folder


def test_no_images(tmp_path: Path) -> None:
    empty = {**document(), "images": [], "annotations": [], "annotations3D": []}
    truth = read_mvor(write(tmp_path, empty))
    assert (len(truth.images), truth.person_count, truth.has3d) == (0, 0, False)


def test_persons_boxes_joints_and_flags(tmp_path: Path) -> None:
    truth = read_mvor(write(tmp_path, document()))
    assert [image.image_id for image in truth.images] == [1, 2]
    first = truth.images[0]
    assert (first.camera_name, first.group, first.size) == ("cam1", "day1", (640, 480))
    assert first.persons.boxes[0].tolist() == [90, 40, 120, 100]
    assert first.persons.areas.tolist() == [1800, 1800, 1800]
    assert first.persons.keypoints[0, 3].tolist() == [103, 53]
    assert first.persons.visibility[0].tolist() == [1] + [2] * 9
    assert first.persons.labelled.tolist() == [True, True, False]
    assert first.persons.has3d.tolist() == [True, False, False]
    assert first.persons.person_ids.tolist() == [0, 1, -1]
    assert first.persons.annotation_ids.tolist() == [0, 1, 2]


def test_3d_is_in_each_cameras_own_frame_in_metres(tmp_path: Path) -> None:
    truth = read_mvor(write(tmp_path, document()))
    one, two = (image.persons for image in truth.images)
    assert one.joints3d[0, 2].tolist() == pytest.approx([0.2, 0, 3])
    # Camera 2's axes in camera 1: x is -z, y is y, z is x; its place is (1, 0, 2).
    assert two.joints3d[0, 2].tolist() == pytest.approx([-(3 - 2), 0, 0.2 - 1])
    assert one.visibility3d[0].tolist() == [2] * 9 + [1]


def test_cameras_know_gravity(tmp_path: Path) -> None:
    one, two = (image.camera for image in read_mvor(write(tmp_path, document())).images)
    assert one is not None
    assert two is not None
    assert (one.fx, one.fy, one.cx, one.cy, one.distortion) == (540, 541, 320, 241, ())
    assert one.gravity == pytest.approx((0, 1, 0))
    assert two.gravity == pytest.approx((0, 1, 0))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda d: d["annotations"][0].update(keypoints=[0.0] * 27),
            "annotations.0.keypoints: List should have",
        ),
        (
            lambda d: d["annotations"][0].update(bbox=[1, 2, float("nan"), 4]),
            "annotations.0.bbox.2: Input should be",
        ),
        (lambda d: d["annotations"][0].update(image_id=7), "annotation 0 is of image 7, which the file has not"),
        (lambda d: d["images"].append(dict(d["images"][0])), "image ids are not unique"),
        (lambda d: d["images"][0].update(cam_id=3), "image 2 is of camera 3, the file has 2"),
        (lambda d: d["images"][0].update(width=320), "image 2 is 320 x 480, not as its camera"),
        (lambda d: d["categories"][0].update(keypoints=["nose"]), "are not MVOR's ten joints"),
        (lambda d: d.pop("cameras_info"), "cameras_info: Field required"),
    ],
)
def test_what_breaks_the_layout(tmp_path: Path, change: Any, message: str) -> None:
    broken = copy.deepcopy(document())
    change(broken)
    with pytest.raises(OrposeError, match=message):
        read_mvor(write(tmp_path, broken))


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(OrposeError, match=r"no camma_mvor_2018.json here; give the folder that holds it"):
        read_mvor(tmp_path)


def test_published_keypoints(tmp_path: Path) -> None:
    truth = read_mvor(write(tmp_path, document()))
    joints = np.zeros((17, 3))
    joints[5], joints[6] = (10, 20, 1.02), (30, 60, 0.5)
    detection = {"image_id": 1, "score": 0.4, "coco_keypoints": joints.ravel().tolist(), "keypoints": [0.0] * 30}
    path = tmp_path / "openpose_kps.json"
    path.write_text(json.dumps([detection]))
    predictions = read_keypoint_detections(path, truth)
    assert [len(image.poses) for image in predictions.images] == [1, 0]
    poses = predictions.images[0].poses
    assert poses.boxes[0].tolist() == [10, 20, 30, 60]
    assert poses.keypoint_scores[0, 4:8].tolist() == [0, 1, 0.5, 0]
    assert predictions.info["notes"] == []
    summed = [{**detection, "score": score, "keypoints": []} for score in (250.0, 500.0)]  # as RTPose's are published
    path.write_text(json.dumps(summed))
    predictions = read_keypoint_detections(path, truth)
    assert predictions.images[0].poses.box_scores.tolist() == [0.5, 1]
    assert predictions.info["notes"] == ["the persons' scores are divided by the largest, 500.00"]
    path.write_text(json.dumps([{**detection, "image_id": 9}]))
    with pytest.raises(OrposeError, match="a detection is of image 9, which MVOR has not"):
        read_keypoint_detections(path, truth)


def test_mvor_itself(mvor_folder: Path) -> None:
    truth = read_mvor(mvor_folder)
    assert len(truth.images) == 2196
    assert truth.person_count == 4699
    assert sum(int(image.persons.labelled.sum()) for image in truth.images) == 2926
    assert sum(int(image.persons.has3d.sum()) for image in truth.images) == 2483  # 1061 persons in 1 to 3 views
    errors = []
    for image in truth.images:
        assert image.camera is not None
        persons = image.persons
        both = (persons.visibility == 2) & (persons.visibility3d == 2)
        errors.append(np.linalg.norm(image.camera.project(persons.joints3d) - persons.keypoints, axis=-1)[both])
    assert float(np.median(np.concatenate(errors))) == pytest.approx(6.9, abs=0.3)  # px: what 2D and 3D disagree
