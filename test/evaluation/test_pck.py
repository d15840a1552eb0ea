from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from orpose_models.datasets.mvor import read_keypoint_detections, read_mvor
from orpose_models.datasets.truth import Truth
from orpose_models.evaluation.pck import PckResult, pck, upper_body
from orpose_models.files.disk import read_json
from orpose_models.vocabulary.poses import Poses
from orpose_models.vocabulary.skeletons import COCO17, MVOR10


def shifted(poses: Poses, joint: str, by: float) -> Poses:
    keypoints = poses.keypoints.copy()
    keypoints[:, COCO17.index(joint), 0] += by
    return poses.with_arrays(keypoints=keypoints)


def test_nobody(make_truth: Callable[..., Truth], make_poses: Callable[..., Poses]) -> None:
    assert pck(make_truth([]), {}).mean is None
    assert pck(make_truth([]), {1: make_poses([(100, 150)])}).mean is None
    nobody_found = pck(make_truth([(100, 150)]), {})
    assert nobody_found.mean == 0
    assert nobody_found.parts == {"head": 0, "shoulder": 0, "hip": 0, "elbow": 0, "wrist": 0}


def test_all_right_and_one_joint_wrong(make_truth: Callable[..., Truth], make_poses: Callable[..., Poses]) -> None:
    # The upper body of the standing person is 113 px high (eyes to hips): 0.2 of it are 22.6 px.
    truth, poses = make_truth([(100, 150)]), make_poses([(100, 150)])
    assert pck(truth, {1: poses}).mean == 1
    assert pck(truth, {1: shifted(poses, "left_elbow", 22.5)}).mean == 1
    wrong = pck(truth, {1: shifted(poses, "left_elbow", 22.7)})
    assert wrong.parts["elbow"] == 0.5
    assert wrong.mean == pytest.approx(0.9)
    assert wrong.labelled == pytest.approx(0.9)


def test_joints_without_label_count_as_wrong_in_mvors_figure_only(
    make_truth: Callable[..., Truth], make_poses: Callable[..., Poses]
) -> None:
    truth = make_truth([(100, 150)])
    truth.images[0].persons.visibility[:, COCO17.index("left_wrist")] = 0
    result = pck(truth, {1: make_poses([(100, 150)])})
    assert result.parts["wrist"] == 0.5
    assert result.mean == pytest.approx(0.9)
    assert result.labelled == 1


def test_everybody_takes_the_nearest(make_truth: Callable[..., Truth], make_poses: Callable[..., Poses]) -> None:
    centres = [(100, 150), (400, 200)]
    assert pck(make_truth(centres), {1: make_poses(centres[::-1])}).mean == 1
    assert pck(make_truth(centres), {1: make_poses(centres[:1])}).mean == 0.5


def test_joints_that_were_not_seen_are_wrong(
    make_truth: Callable[..., Truth], make_poses: Callable[..., Poses]
) -> None:
    poses = make_poses([(100, 150)])
    scores = poses.keypoint_scores.copy()
    scores[:, [COCO17.index("left_hip"), COCO17.index("right_hip")]] = 0
    result = pck(make_truth([(100, 150)]), {1: poses.with_arrays(keypoint_scores=scores)})
    assert result.parts["hip"] == 0
    assert result.mean == pytest.approx(0.8)


def test_upper_body_from_what_was_found() -> None:
    keypoints = np.zeros((1, 17, 2))
    found = np.zeros((1, 17), bool)
    points, known = upper_body(keypoints, found)
    assert points.shape == (1, 10, 2)
    assert not known.any()
    keypoints[0, :7] = [(1, 0), (2, 0), (4, 0), (10, 0), (20, 0), (100, 10), (50, 10)]
    for joints, x in (
        ([4], 20),
        ([3, 4], 15),
        ([0, 3, 4], 15),
        ([0, 4], 1),
        ([0, 1], 1),
        ([0, 1, 2, 3, 4], 3),
        ([1], 2),
    ):
        found[0] = False
        found[0, joints] = True
        points, known = upper_body(keypoints, found)
        assert points[0, 0, 0] == x, joints
        assert known[0].tolist() == [True] + [False] * 9
    found[0] = False
    found[0, 5] = True
    assert upper_body(keypoints, found)[0][0, 1].tolist() == [100, 10]
    found[0, 6] = True
    assert upper_body(keypoints, found)[0][0, 1].tolist() == [75, 10]


def test_the_published_ten_joints_are_made_the_same_way(mvor_folder: Path) -> None:
    detections = read_json(mvor_folder / "openpose_kps.json")
    coco = np.array([d["coco_keypoints"] for d in detections]).reshape(-1, 17, 3)
    published = np.array([d["keypoints"] for d in detections]).reshape(-1, len(MVOR10), 3)
    points, known = upper_body(coco[..., :2], coco[..., 2] > 0)
    assert (known == (published[..., 2] > 0)).all()
    assert points == pytest.approx(published[..., :2], abs=1e-9)


def pck_on_mvor(folder: Path, detections: str) -> PckResult:
    if not (folder / detections).is_file():
        pytest.skip(f"{detections}, which is published with MVOR, is not here")
    truth = read_mvor(folder)
    predictions = read_keypoint_detections(folder / detections, truth)
    return pck(truth, {image.image_id: image.poses for image in predictions.images})


@pytest.mark.parametrize(
    ("detections", "mean"),
    [("openpose_kps.json", "0.571"), ("openpose_kps_multiscale.json", "0.583"), ("rtpose_kps.json", "0.737")],
)
def test_published_pck_on_mvor(mvor_folder: Path, detections: str, mean: str) -> None:
    assert f"{pck_on_mvor(mvor_folder, detections).mean:.3f}" == mean


def test_published_pck_of_openpose_by_part(mvor_folder: Path) -> None:
    result = pck_on_mvor(mvor_folder, "openpose_kps.json")
    published = {"head": 0.704, "shoulder": 0.699, "hip": 0.423, "elbow": 0.576, "wrist": 0.453}
    for part, figure in published.items():
        assert result.parts[part] == pytest.approx(figure, abs=0.0012), part
