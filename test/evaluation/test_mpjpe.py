from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from orpose_models.datasets.mvor import read_keypoint_detections, read_mvor
from orpose_models.datasets.truth import Truth
from orpose_models.evaluation.mpjpe import evaluate3d, score3d, statistics3d
from orpose_models.evaluation.pairs3d import (
    HIP_RAISE,
    HIP_WIDEN,
    JOINTS,
    map_hips,
    pair3d,
)
from orpose_models.vocabulary.errors import OrposeError
from orpose_models.vocabulary.poses import Poses
from orpose_models.vocabulary.skeletons import COCO17, COCO17_TO_H36M17, H36M17


def moved(poses: Poses, joint: str, by: float) -> Poses:
    """The same poses with one 3D joint moved by so many metres away from the camera."""
    joints = poses.joints3d.copy()
    joints[:, H36M17.index(joint), 2] += by
    return poses.with_arrays(joints3d=joints)


def hidden(truth: Truth, joint: str) -> Truth:
    """The same dataset with one joint not labelled in 2D."""
    images = []
    for image in truth.images:
        flags = image.persons.visibility.copy()
        flags[:, COCO17.index(joint)] = 0
        images.append(replace(image, persons=replace(image.persons, visibility=flags)))
    return replace(truth, images=tuple(images))


def test_nobody_there_and_nobody_predicted(make_truth: Callable[..., Truth]) -> None:
    for truth in (make_truth([]), make_truth([(100, 150)])):
        for by_hips in evaluate3d(truth, {}).values():
            for score in by_hips.values():
                assert score.mpjpe is score.n_mpjpe is score.pa_mpjpe is score.pck3d is score.auc3d is None
                assert score.paired == score.joints == 0
    assert score3d(pair3d(make_truth([(100, 150)]), {}, "strict")).recall == 0.0
    assert score3d(pair3d(make_truth([(100, 150)]), {}, "strict")).pck3d_all == 0.0
    assert score3d(pair3d(make_truth([]), {}, "strict")).recall is None


def test_exactly_right(make_truth: Callable[..., Truth], make_poses: Callable[..., Poses]) -> None:
    centres = [(100, 150), (400, 200)]
    for protocol in ("released", "strict"):
        score = score3d(pair3d(make_truth(centres), {1: make_poses(centres)}, protocol))
        assert score.mpjpe == pytest.approx(0, abs=1e-3)
        assert (score.pck3d, score.pck3d_all, score.recall, score.paired) == (1, 1, 1, 2)


def test_one_wrist_off_by_16_cm(make_truth: Callable[..., Truth], make_poses: Callable[..., Poses]) -> None:
    poses = {1: moved(make_poses([(100, 150)]), "left_wrist", 0.16)}
    score = score3d(pair3d(make_truth([(100, 150)]), poses, "strict"))
    assert score.mpjpe == pytest.approx(20, abs=0.01)  # 160 mm over 8 joints
    assert score.per_joint["left_wrist"] == pytest.approx(160, abs=0.01)
    assert score.parts["wrist"] == pytest.approx(80, abs=0.01)
    assert score.pck3d == 7 / 8
    assert score.auc3d == pytest.approx(7 / 8 * 30 / 31, abs=1e-6)  # within 0 mm is nothing, for rounding


def test_released_counts_joints_that_are_not_labelled_as_zero(
    make_truth: Callable[..., Truth], make_poses: Callable[..., Poses]
) -> None:
    truth = hidden(make_truth([(100, 150)]), "left_wrist")
    poses = {1: moved(make_poses([(100, 150)]), "left_wrist", 0.16)}
    released, strict = (score3d(pair3d(truth, poses, protocol)) for protocol in ("released", "strict"))
    assert (released.joints, strict.joints) == (8, 7)
    assert released.zeroed == 1 / 8
    assert strict.zeroed == 0
    assert released.per_joint["left_wrist"] == 0
    assert strict.per_joint["left_wrist"] is None


def test_released_lets_several_take_the_same_and_skips_images_without_predictions(
    make_truth: Callable[..., Truth], make_poses: Callable[..., Poses]
) -> None:
    truth = make_truth([(100, 150), (500, 200)], [(100, 150)])
    poses = {1: make_poses([(100, 150)])}
    released, strict = (pair3d(truth, poses, protocol) for protocol in ("released", "strict"))
    assert (len(released), len(strict)) == (2, 1)
    assert score3d(strict).recall == pytest.approx(1 / 3)
    assert score3d(released).mpjpe == pytest.approx(0, abs=1e-3)  # the missed persons do not show


def test_released_takes_the_pelvis_and_strict_the_middle_of_the_hips_as_the_root(
    make_truth: Callable[..., Truth], make_poses: Callable[..., Poses]
) -> None:
    poses = make_poses([(100, 150)])
    joints = poses.joints3d.copy()
    joints[:, 1:, 2] += 0.05  # everything but the pelvis is 5 cm further away
    given = {1: poses.with_arrays(joints3d=joints)}
    truth = make_truth([(100, 150)])
    assert score3d(pair3d(truth, given, "released")).mpjpe == pytest.approx(50, abs=0.01)
    assert score3d(pair3d(truth, given, "strict")).mpjpe == pytest.approx(0, abs=0.01)


def test_predictions_without_3d_are_nobodys(make_truth: Callable[..., Truth], make_poses: Callable[..., Poses]) -> None:
    poses = make_poses([(100, 150)])
    joints = poses.joints3d.copy()
    joints[:, H36M17.index("right_elbow")] = np.nan
    for protocol in ("released", "strict"):
        assert len(pair3d(make_truth([(100, 150)]), {1: poses.with_arrays(joints3d=joints)}, protocol)) == 0


def test_of_equally_similar_predictions_the_one_with_the_better_box_score_is_taken(
    make_truth: Callable[..., Truth], make_poses: Callable[..., Poses]
) -> None:
    twice = make_poses([(100, 150), (100, 150)], [0.4, 0.9])
    joints = twice.joints3d.copy()
    joints[0, H36M17.index("left_wrist"), 2] += 0.16
    for order in ([0, 1], [1, 0]):
        poses = {1: twice.with_arrays(joints3d=joints).select(order)}
        for protocol in ("released", "strict"):
            score = score3d(pair3d(make_truth([(100, 150)]), poses, protocol))
            assert score.mpjpe == pytest.approx(0, abs=1e-3), (protocol, order)


def test_ignored_persons_are_not_measured(make_truth: Callable[..., Truth], make_poses: Callable[..., Poses]) -> None:
    truth = make_truth([(100, 150)])
    image = truth.images[0]
    ignored = replace(image, persons=replace(image.persons, ignore=np.array([True])))
    truth = replace(truth, images=(ignored,))
    score = score3d(pair3d(truth, {1: make_poses([(100, 150)])}, "strict"))
    assert (score.persons, score.paired) == (0, 0)


def test_hips_are_moved_up_and_apart() -> None:
    points = np.zeros((1, 8, 3))
    points[0, :2, 1] = -0.5  # shoulders half a metre above the hips
    points[0, :2, 0] = 0.2, -0.2
    points[0, 2:4, 0] = 0.1, -0.1
    mapped = map_hips(points)
    assert mapped[0, JOINTS.index("left_hip")].tolist() == pytest.approx([0.1 * HIP_WIDEN, 0, 0])
    assert mapped[0, JOINTS.index("right_hip")].tolist() == pytest.approx([-0.1 * HIP_WIDEN, 0, 0])
    assert mapped[0, JOINTS.index("left_shoulder")].tolist() == pytest.approx([0.2, -0.5 * (1 - HIP_RAISE), 0])


def test_statistics_give_the_score(make_truth: Callable[..., Truth], make_poses: Callable[..., Poses]) -> None:
    truth = make_truth([(100, 150), (400, 200)], [], [(300, 200)])
    poses = {
        1: moved(make_poses([(100, 150)]), "left_wrist", 0.2),
        3: moved(make_poses([(300, 200)]), "left_elbow", 0.1),
    }
    for protocol in ("released", "strict"):
        pairs = pair3d(truth, poses, protocol)
        score, statistics = score3d(pairs), statistics3d(pairs, [1, 2, 3])
        for name, statistic in statistics.items():
            assert statistic.value(np.ones(3)) == pytest.approx(getattr(score, name)), name
        only_third = score3d(pairs.only({3}))
        assert statistics["mpjpe"].value(np.array([0.0, 0, 1])) == pytest.approx(only_third.mpjpe)


def test_3d_joints_that_do_not_suffice(make_truth: Callable[..., Truth]) -> None:
    truth = make_truth([(100, 150)])
    few = replace(H36M17, joints=("pelvis", "left_hip", "right_hip"), edges=())
    with pytest.raises(OrposeError, match="its 3D joints lack left_shoulder, right_shoulder, left_elbow"):
        pair3d(replace(truth, skeleton3d=few), {}, "strict")


def test_the_persons_of_mvor_and_openpose(mvor_folder: Path) -> None:
    truth = read_mvor(mvor_folder)
    predictions = read_keypoint_detections(mvor_folder / "openpose_kps.json", truth)
    flat = {}
    for image in predictions.images:  # a lifter that knows no depth: 2D at 3 m, all in one plane
        keypoints = np.where((image.poses.keypoint_scores > 0)[..., None], image.poses.keypoints, 0)
        points = COCO17_TO_H36M17.points(keypoints)
        plane = (points - points[:, :1]) / 540 * 3
        flat[image.image_id] = image.poses.with_arrays(
            joints3d=np.concatenate([plane, np.zeros_like(plane[..., :1])], axis=-1)
        )
    released, strict = (score3d(pair3d(truth, flat, protocol)) for protocol in ("released", "strict"))
    assert (released.persons, released.paired, released.joints) == (2483, 2481, 19848)
    assert (strict.paired, strict.joints) == (1768, 9078)
    assert released.mpjpe == pytest.approx(474.5906, abs=1e-3)
    assert strict.mpjpe == pytest.approx(283.8293, abs=1e-3)
    assert strict.n_mpjpe == pytest.approx(209.5207, abs=1e-3)
    assert strict.pa_mpjpe == pytest.approx(94.3564, abs=1e-3)
    assert strict.recall == pytest.approx(0.71204, abs=1e-5)
