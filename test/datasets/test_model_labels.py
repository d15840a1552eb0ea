from pathlib import Path

import numpy as np
import pytest

from orpose_models.datasets.model_labels import read_model_labels
from orpose_models.files.predictions import ImagePrediction, Predictions
from orpose_models.vocabulary.errors import OrposeError
from orpose_models.vocabulary.poses import Poses
from orpose_models.vocabulary.resolution import Resolution


def write(path: Path, poses: Poses, name: str = "a.png") -> Path:
    resolution = Resolution((640, 480), (640, 480), 1.0)
    Predictions([ImagePrediction(4, name, resolution, poses)], {"model": "teacher"}).save(path)
    return path


def two_persons() -> Poses:
    """One of score 0.9, one of 0.25; of both the first joint has a score of 0.2, the second none, the others 0.8."""
    scores = np.full((2, 17), 0.8)
    scores[:, 0], scores[:, 1] = 0.2, 0.0
    return Poses.from_arrays([(0, 0, 10, 20), (50, 0, 60, 30)], [0.9, 0.25], np.full((2, 17, 2), 5.0), scores)


def test_nobody(tmp_path: Path) -> None:
    truth = read_model_labels(write(tmp_path / "found.json", Poses.empty()))
    assert (truth.name, len(truth.images), truth.person_count) == ("labels of teacher", 1, 0)


def test_sure_persons_and_joints_are_the_truth(tmp_path: Path) -> None:
    truth = read_model_labels(write(tmp_path / "found.json", two_persons()))
    persons = truth.images[0].persons
    assert (truth.images[0].image_id, truth.images[0].file_name, truth.images[0].size) == (4, "a.png", (640, 480))
    assert persons.boxes.tolist() == [[0, 0, 10, 20], [50, 0, 60, 30]]
    assert persons.areas.tolist() == [200, 300]
    assert persons.ignore.tolist() == [False, True]
    assert persons.visibility.tolist() == [[0, 0] + [2] * 15, [2, 0] + [2] * 15]
    assert truth.person_count == 1
    assert truth.notes[0].startswith("the truth is what teacher found at 1x: persons with scores from 0.3 on")


def test_another_limit(tmp_path: Path) -> None:
    file = write(tmp_path / "found.json", two_persons())
    assert read_model_labels(Path(f"{file}@0.2")).person_count == 2
    with pytest.raises(OrposeError, match="the limit of the persons' score must be above 0 and at most 1"):
        read_model_labels(Path(f"{file}@2"))


def test_where_the_images_are(tmp_path: Path) -> None:
    file = write(tmp_path / "out" / "found.json", two_persons())
    (tmp_path / "a.png").touch()
    assert read_model_labels(file).image_root == tmp_path
    assert read_model_labels(file, tmp_path / "elsewhere").image_root == tmp_path / "elsewhere"


def test_frames_of_a_video(tmp_path: Path) -> None:
    with pytest.raises(OrposeError, match="holds frames of a video; predict on a folder of its images"):
        read_model_labels(write(tmp_path / "found.json", two_persons(), "film.mp4#12"))
