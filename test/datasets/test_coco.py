import copy
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from orpose_models.datasets.by_name import open_dataset
from orpose_models.datasets.coco import read_coco, read_simulated
from orpose_models.datasets.mvor_plus import read_mvor_plus
from orpose_models.vocabulary.errors import OrposeError
from orpose_models.vocabulary.skeletons import COCO17, MVOR10

KEYPOINTS = [value for j in range(17) for value in (100.0 + j, 50.0 + 2 * j, 2 if j > 4 else 0)]


def document() -> dict[str, Any]:
    """Two images; a person, a crowd, a person with a box only, and a dog."""
    annotation = {"image_id": 1, "category_id": 1, "bbox": [90, 40, 40, 60], "area": 1500.0, "iscrowd": 0}
    return {
        "categories": [{"id": 1, "name": "person", "keypoints": list(COCO17.joints)}, {"id": 18, "name": "dog"}],
        "images": [
            {"id": 1, "file_name": "a.png", "width": 640, "height": 480},
            {"id": 2, "file_name": "b.png", "width": 320, "height": 240, "stamp_ns": 5, "camera_name": "door"},
        ],
        "annotations": [
            {**annotation, "id": 1, "keypoints": KEYPOINTS, "num_keypoints": 12},
            {**annotation, "id": 2, "iscrowd": 1},
            {**annotation, "id": 3, "image_id": 2, "area": None},
            {**annotation, "id": 4, "category_id": 18},
        ],
    }


def write(path: Path, content: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content))
    return path


def test_no_persons(tmp_path: Path) -> None:
    truth = read_coco(write(tmp_path / "a.json", {**document(), "annotations": []}))
    assert (len(truth.images), truth.person_count) == (2, 0)
    assert read_coco(write(tmp_path / "a.json", {**document(), "images": [], "annotations": []})).images == ()


def test_persons_crowds_and_other_categories(tmp_path: Path) -> None:
    truth = read_coco(write(tmp_path / "ward.json", document()))
    assert truth.name == "ward"
    first, second = truth.images
    assert first.persons.boxes.tolist() == [[90, 40, 130, 100]] * 2
    assert first.persons.areas.tolist() == [1500, 1500]
    assert first.persons.ignore.tolist() == [False, True]
    assert first.persons.keypoints[0, 16].tolist() == [116, 82]
    assert first.persons.labelled.tolist() == [True, False]
    assert second.persons.areas.tolist() == [2400]
    assert (second.size, second.stamp_ns, second.camera_name) == ((320, 240), 5, "door")
    assert truth.person_count == 2


def test_other_categories_are_counted(tmp_path: Path) -> None:
    truth = read_coco(write(tmp_path / "ward.json", document()))
    assert "1 annotations of other categories are left out" in truth.notes
    assert truth.person_category == 1


@pytest.mark.parametrize("area", [1500.0, 0, None])
def test_an_area_of_zero_is_the_boxs(tmp_path: Path, area: float | None) -> None:
    content = document()
    content["annotations"] = content["annotations"][:1]
    content["annotations"][0]["area"] = area
    truth = read_coco(write(tmp_path / "ward.json", content))
    assert truth.images[0].persons.areas.tolist() == [area or 2400]
    assert ("1 areas of 0 are replaced by the area of the box" in truth.notes) == (area == 0)


@pytest.mark.parametrize("area", [0, None])
def test_an_empty_box_is_made_of_the_joints(tmp_path: Path, area: float | None) -> None:
    content = document()
    content["annotations"][0].update(bbox=[0, 0, 0, 0], area=area)
    truth = read_coco(write(tmp_path / "ward.json", content))
    persons = truth.images[0].persons
    assert persons.boxes[0].tolist() == [105, 60, 116, 82]  # joints 5 to 16 are labelled
    assert persons.areas[0] == 11 * 22
    assert "1 persons without a box have the one around their labelled joints" in truth.notes
    for keypoints in (None, [100.0, 50.0, 2.0, *[0.0] * 48]):
        content["annotations"][0]["keypoints"] = keypoints
        with pytest.raises(OrposeError, match="annotation 1: the box is empty, and there are no joints to make one of"):
            read_coco(write(tmp_path / "ward.json", content))


def test_every_second_image(tmp_path: Path) -> None:
    truth = read_coco(write(tmp_path / "ward.json", document()))
    assert truth.every(1) is truth
    half = truth.every(2)
    assert [image.image_id for image in half.images] == [1]
    assert "Only one in 2 of the 2 images was used." in half.notes


def test_camera_and_3d(tmp_path: Path) -> None:
    content = document()
    content["images"][0]["camera"] = {"fx": 500, "fy": 510, "cx": 320, "cy": 240, "gravity": [0, 2, 0]}
    content["annotations"][0]["joints3d"] = [[0.1 * j, 0.2, 3.0] for j in range(16)] + [None]
    content["annotations"][0]["visibility3d"] = [2] * 15 + [1, 2]
    image = read_coco(write(tmp_path / "a.json", content)).images[0]
    assert image.camera is not None
    assert (image.camera.fx, image.camera.gravity) == (500, (0, 1, 0))
    assert image.persons.joints3d[0, 3].tolist() == pytest.approx([0.3, 0.2, 3.0])
    assert np.isnan(image.persons.joints3d[0, 16]).all()
    assert image.persons.visibility3d[0].tolist() == [2] * 15 + [1, 0]
    assert image.persons.has3d.tolist() == [True, False]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda d: d["images"][1].update(id=1), "image ids are not unique; give every image its own id"),
        (lambda d: d["annotations"][1].update(id=1), "annotation id 1 is used twice"),
        (lambda d: d["annotations"][0].update(image_id=9), "annotation 1 is of image 9, which the file has not"),
        (
            lambda d: d["annotations"][0].update(keypoints=KEYPOINTS[:-3]),
            "annotation 1 has 48 keypoint numbers",
        ),
        (lambda d: d["annotations"][0].update(keypoints=[7.0] * 51), "annotation 1: keypoint flags must be 0"),
        (lambda d: d["annotations"][0].update(bbox=[0, 0, -1, 5]), "annotation 1: the box has a negative width"),
        (lambda d: d["annotations"][0].update(bbox=[0, 0, float("inf"), 5]), "bbox.2: Input should be a finite number"),
        (lambda d: d["annotations"][0].update(joints3d=[[0, 0, 1]]), "joints3d and visibility3d must have 17 entries"),
        (lambda d: d["images"][0].update(camera={"fx": 0, "fy": 1, "cx": 0, "cy": 0}), "image 1: camera: .*positive"),
        (lambda d: d["annotations"][0].update(person_id=10**30), "annotations.0.person_id: Input should be less than"),
        (lambda d: d["annotations"][0].update(area=-1), "annotations.0.area: Input should be greater than"),
        (lambda d: d["images"][0].update(width=0), "images.0.width: Input should be greater than 0"),
        (lambda d: d["categories"][0].update(keypoints=["nose"]), "neither COCO's seventeen nor MVOR's ten"),
        (lambda d: d["categories"][0].update(name="cat"), "exactly one must be named 'person'"),
        (lambda d: d.pop("images"), "images: Field required"),
    ],
)
def test_what_breaks_the_layout(tmp_path: Path, change: Any, message: str) -> None:
    broken = copy.deepcopy(document())
    change(broken)
    with pytest.raises(OrposeError, match=message):
        read_coco(write(tmp_path / "a.json", broken))


def mvor_plus(folder: Path) -> Path:
    """A file in MVOR+'s layout: COCO's joints, string category ids, MVOR's image names, other ids than MVOR's."""
    image = {"file_name": "day1/cam1/color/000000.png", "width": 640, "height": 480, "cam_id": 1, "day_id": 1}
    annotation = {"image_id": 10010000000, "category_id": "1", "keypoints": KEYPOINTS}
    content = {
        "categories": [{"id": "1", "name": "person", "keypoints": list(COCO17.joints)}],
        "images": [{**image, "id": 10010000000}],
        "annotations": [
            {**annotation, "id": 0, "bbox": [90, 40, 40, 60], "person_id": 0},
            {**annotation, "id": 1, "bbox": [400, 40, 40, 60], "person_id": 1},
        ],
    }
    return write(folder / "camma_mvor_2019_color.json", content).parent


def test_mvor_plus_alone_has_no_3d(tmp_path: Path) -> None:
    truth = read_mvor_plus(mvor_plus(tmp_path))
    assert (truth.name, truth.skeleton, truth.has3d, truth.person_count) == ("MVOR+", COCO17, False, 2)
    assert "no 3D" in truth.notes[-1]


def test_mvor_plus_beside_mvor_gets_its_3d_and_cameras(tmp_path: Path) -> None:
    keypoints = [0.0, 0.0, 2.0] * 10
    intrinsics = {"focallength": [540, 540], "principalpoint": [320, 240], "imagesize": [640, 480]}
    same = [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1]
    image = {"id": 5, "file_name": "day1/cam1/color/000000.png", "width": 640, "height": 480, "cam_id": 1, "day_id": 1}
    person = {"image_id": 5, "category_id": "1", "bbox": [88, 42, 40, 60], "keypoints": keypoints, "only_bbox": 0}
    write(
        tmp_path / "camma_mvor_2018.json",
        {
            "categories": [{"id": "1", "name": "person", "keypoints": list(MVOR10.joints)}],
            "cameras_info": {
                "camParams": {"intrinsics": [intrinsics], "extrinsics": [same], "firstCamToRoomRef": same}
            },
            "images": [image],
            "annotations": [{**person, "id": 0, "person_id": 0}],
            "annotations3D": [{"image_ids": "5", "person_id": 0, "keypoints3D": [0.0, 0.0, 2500.0, 2.0] * 12}],
        },
    )
    truth = read_mvor_plus(mvor_plus(tmp_path))
    assert truth.images[0].persons.has3d.tolist() == [True, False]
    assert truth.images[0].persons.joints3d[0, 0].tolist() == [0, 0, 2.5]
    assert truth.images[0].camera is not None
    assert truth.images[0].camera_name == "cam1"


def test_images_are_found_beside_the_annotations_or_where_one_says(tmp_path: Path) -> None:
    path = write(tmp_path / "annotations" / "a.json", document())
    assert read_coco(path).image_root == tmp_path / "annotations"
    (tmp_path / "a.png").touch()
    assert read_coco(path).image_root == tmp_path
    assert read_coco(path, tmp_path / "elsewhere").image_root == tmp_path / "elsewhere"


def test_datasets_by_name(tmp_path: Path) -> None:
    path = write(tmp_path / "val" / "annotations.json", document())
    assert open_dataset(f"coco:{path}").name == "annotations"
    assert open_dataset(f"sim:{path.parent}").name == "simulated OR, split val"
    assert read_simulated(path).name == "simulated OR, split val"
    assert open_dataset(f"mvor+:{mvor_plus(tmp_path)}").name == "MVOR+"
    for wrong in ("nonsense", "mvor", "mvor:", "voc:x"):
        with pytest.raises(OrposeError, match="is not of the form KIND:PATH; known are mvor:PATH"):
            open_dataset(wrong)
    with pytest.raises(OrposeError, match="no such folder"):
        open_dataset(f"coco:{path}", tmp_path / "missing")
