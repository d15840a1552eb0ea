import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from orpose_models.datasets.detections import read_predictions
from orpose_models.datasets.truth import ImageTruth, Persons, Truth
from orpose_models.vocabulary.errors import OrposeError
from orpose_models.vocabulary.skeletons import COCO17, H36M17


@pytest.fixture
def truth() -> Truth:
    persons = Persons.from_arrays(COCO17, H36M17, [])
    images = tuple(ImageTruth(i, f"{i}.png", (640, 480), persons) for i in (1, 2))
    return Truth("two images", COCO17, H36M17, images, Path("nowhere"))


@pytest.fixture
def read(tmp_path: Path, truth: Truth) -> Callable[[Any], Any]:
    def write_and_read(content: Any) -> Any:
        (tmp_path / "found.json").write_text(json.dumps(content))
        return read_predictions(tmp_path / "found.json", truth)

    return write_and_read


def test_no_results(read: Callable[[Any], Any]) -> None:
    predictions = read([])
    assert [len(image.poses) for image in predictions.images] == [0, 0]


def test_boxes_keypoints_or_both(read: Callable[[Any], Any]) -> None:
    joints = [0.0] * 51
    joints[15:18], joints[18:21] = [10.0, 20.0, 0.9], [30.0, 60.0, 7.0]
    predictions = read(
        [
            {"image_id": 2, "category_id": "1", "score": 0.5, "bbox": [1, 2, 3, 4]},
            {"image_id": 2, "category_id": 1, "score": 0.4, "keypoints": joints},
            {"image_id": 2, "category_id": 1, "score": 0.3, "keypoints": joints, "bbox": [0, 0, 50, 80]},
        ]
    )
    poses = predictions.images[1].poses
    assert poses.boxes.tolist() == [[1, 2, 4, 6], [10, 20, 30, 60], [0, 0, 50, 80]]
    assert poses.keypoint_scores[:, 5].tolist() == pytest.approx([0, 0.9, 0.9])
    assert poses.keypoint_scores[1, 6] == 1
    assert predictions.info == {"detections": "found.json", "images_by": "number", "notes": []}


def test_an_empty_box_is_made_of_the_joints(read: Callable[[Any], Any]) -> None:
    joints = [0.0] * 51
    joints[15:18], joints[18:21] = [10.0, 20.0, 0.9], [30.0, 60.0, 0.9]
    predictions = read([{"image_id": 1, "score": 0.5, "bbox": [0, 0, 0, 0], "keypoints": joints}])
    assert predictions.images[0].poses.boxes.tolist() == [[10, 20, 30, 60]]


def test_other_categories_are_left_out_and_counted(read: Callable[[Any], Any]) -> None:
    person = {"image_id": 1, "category_id": 1, "score": 0.5, "bbox": [1, 2, 3, 4]}
    chair = {**person, "category_id": 62, "score": 0.95}
    predictions = read([chair, person, {**chair, "category_id": "57"}, chair])
    assert [len(image.poses) for image in predictions.images] == [1, 0]
    assert predictions.images[0].poses.box_scores.tolist() == [0.5]
    assert predictions.info["notes"] == ["3 results of other categories (57, 62) are left out"]
    with pytest.raises(OrposeError, match="nothing is of category 1, the persons of two images; categories here: 62"):
        read([chair])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ([{"image_id": 3, "score": 0.5, "bbox": [1, 2, 3, 4]}], "0: is of image 3, which two images has not"),
        ([{"image_id": 1, "score": 0.5}], "0: has neither bbox nor keypoints"),
        ([{"image_id": 1, "score": float("nan"), "bbox": [1, 2, 3, 4]}], "0.score: Input should be"),
        ([{"image_id": 1, "score": 0.5, "keypoints": [1.0] * 48}], "0.keypoints: List should have at least 51 items"),
        ([{"image_id": 1, "score": 0.5, "bbox": [1, 2, 3]}], "0.bbox: List should have at least 4 items"),
        ([{"image_id": 1, "score": 0.5, "bbox": [1, 2, -3, 4]}], "0: the box has a negative width"),
        ([{"image_id": 1, "score": 0.5, "bbox": [1e300, 2, 3, 4]}], "0.bbox.0: Input should be less than"),
        ("text", "neither a predictions file of orpose nor a list of COCO results"),
        ({"images": []}, "not a predictions file of orpose"),
    ],
)
def test_what_cannot_be_read(read: Callable[[Any], Any], content: Any, message: str) -> None:
    with pytest.raises(OrposeError, match=message):
        read(content)
