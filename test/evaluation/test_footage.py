from dataclasses import replace

import numpy as np
import pytest
from support.cameras_around import CAMERAS, looking_at_origin, seen_by

from orpose_models.evaluation.footage import footage_figures, truth_figures
from orpose_models.evaluation.footage_pairs import Moment, TruthPerson, truth_in_view
from orpose_models.vocabulary.poses import Poses
from orpose_models.vocabulary.skeletons import COCO17, COCO17_TO_H36M17, H36M17

VIEW = looking_at_origin(290)
SIZE = (VIEW.camera.width, VIEW.camera.height)
# Somebody of 1.7 m who stands on the floor below the world's origin, facing +x: world axes, z up.
STANDING = np.array(
    [(0.1, 0, 0.75), (0.08, 0.03, 0.78), (0.08, -0.03, 0.78), (0, 0.08, 0.75), (0, -0.08, 0.75),
     (0, 0.2, 0.5), (0, -0.2, 0.5), (0.05, 0.25, 0.2), (0.05, -0.25, 0.2), (0.2, 0.25, 0), (0.2, -0.25, 0),
     (0, 0.1, 0), (0, -0.1, 0), (0.03, 0.1, -0.4), (0.03, -0.1, -0.4), (0, 0.1, -0.8), (0, -0.1, -0.8)]
)  # fmt: skip
TWO = np.stack([STANDING, STANDING + [-0.9, 0.9, 0]])


def truth(persons: np.ndarray = TWO) -> list[TruthPerson]:
    return truth_in_view(VIEW, CAMERAS, [seen_by(view, persons) for view in CAMERAS])


def perfect(persons: np.ndarray = TWO, scale: float = 1.0) -> Poses:
    """What a perfect model says in the camera measured, its 3D scaled."""
    points = VIEW.to_optical(persons)
    joints = COCO17_TO_H36M17.points(points)
    poses = seen_by(VIEW, persons)
    return poses.with_arrays(joints3d=(joints - joints[:, :1]) * scale, root=joints[:, 0])


def figures(poses: Poses, persons: np.ndarray = TWO, threshold: float = 0.3) -> dict:
    return footage_figures(SIZE, [Moment(truth(persons), poses)], threshold)


def test_nobody() -> None:
    nobody = truth(np.zeros((0, 17, 3)))
    assert nobody == []
    empty = footage_figures(SIZE, [Moment([], Poses.empty())], 0.3)
    assert (empty["images"], empty["persons"], empty["found"], empty["unexplained_per_image"]) == (1, 0, 0, 0)
    for name in ("recall", "keypoint_ap", "pixel_error_median", "pck", "mpjpe_mm", "root_error_median_mm"):
        assert empty[name] is None
    assert truth_figures([nobody])["reprojection_error_median_px"] is None


def test_the_truth_is_where_the_other_cameras_say() -> None:
    first, second = sorted(truth(), key=lambda person: float(person.pixels[0, 0]))
    expected = sorted(VIEW.camera.project(VIEW.to_optical(TWO)), key=lambda pixels: float(pixels[0, 0]))
    np.testing.assert_allclose([first.pixels, second.pixels], expected, atol=0.01)
    assert first.inside.all()
    assert first.cameras == 3
    said = truth_figures([truth(), []])
    assert (said["images"], said["persons"], said["joints"]) == (2, 2, 34)
    assert said["persons_by_cameras"] == {"3": 2}
    assert said["reprojection_error_p90_px"] < 0.01


def test_perfect_poses_have_no_error() -> None:
    found = figures(perfect())
    assert (found["persons"], found["found"], found["recall"], found["unexplained_per_image"]) == (2, 2, 1, 0)
    assert (found["pck"], found["pck_of_all"], found["recall_oks50"]) == (1, 1, 1)
    assert found["keypoint_ap"] == pytest.approx(1)
    assert found["keypoint_ar"] == pytest.approx(1)
    assert (found["joints"], found["persons_3d"], found["roots"]) == (34, 2, 2)
    for name in ("pixel_error_median", "mpjpe_mm", "n_mpjpe_mm", "pa_mpjpe_mm", "root_error_median_mm"):
        assert found[name] == pytest.approx(0, abs=0.02), name
    assert all(error == pytest.approx(0, abs=0.02) for error in found["mpjpe_mm_by_joint"].values())
    assert len(found["mpjpe_mm_by_joint"]) == 16


def test_errors_are_what_they_are() -> None:
    poses = perfect(scale=1.1)
    keypoints, roots = poses.keypoints.copy(), poses.root.copy()
    wrist = COCO17.index("left_wrist")
    keypoints[:, wrist] += [30, 40]  # 50 pixels
    roots[0] += [0.3, 0, 0.4]
    roots[1] = np.nan
    found = figures(poses.with_arrays(keypoints=keypoints, root=roots))
    joints = COCO17_TO_H36M17.points(STANDING)
    length = np.linalg.norm(joints - joints[0], axis=1)[1:].mean()
    assert found["mpjpe_mm"] == pytest.approx(100 * length, abs=0.05)
    assert found["n_mpjpe_mm"] == pytest.approx(0, abs=0.02)
    assert (found["roots"], found["root_error_median_mm"]) == (1, pytest.approx(500, abs=0.05))
    assert found["pixel_error_median_by_joint"]["left_wrist"] == pytest.approx(50, abs=0.02)
    assert found["pixel_error_median"] == pytest.approx(0, abs=0.02)
    shifted = figures(perfect().with_arrays(keypoints=perfect().keypoints + [3, -4]))
    assert shifted["pixel_offset_median"] == pytest.approx([3, -4], abs=0.02)
    assert shifted["pixel_error_median"] == pytest.approx(5, abs=0.02)
    assert found["pck"] == pytest.approx(32 / 34)  # the torsos are 50 to 70 pixels high


def test_who_is_missed_and_who_is_too_much() -> None:
    poses = perfect()
    one_unsure = poses.with_arrays(box_scores=np.array([0.9, 0.2]))
    found = figures(one_unsure)
    assert (found["found"], found["recall"], found["pck"], found["pck_of_all"]) == (1, 0.5, 1, 0.5)
    assert found["keypoint_ap"] == pytest.approx(1)  # which has no threshold
    ghost = poses.select([0]).with_arrays(keypoints=poses.keypoints[:1] + 150, boxes=poses.boxes[:1] + 150)
    found = figures(Poses.concatenate([poses, ghost]))
    assert (found["recall"], found["unexplained_per_image"]) == (1, 1)
    nobody = figures(Poses.empty())
    assert (nobody["recall"], nobody["pck"], nobody["pck_of_all"], nobody["mpjpe_mm"]) == (0, None, 0, None)


def test_only_joints_inside_the_image_count() -> None:
    raised = STANDING[None] + [0, 0, 1.0]  # the head is above the upper edge
    (person,) = truth(raised)
    outside = VIEW.camera.project(VIEW.to_optical(raised[0]))[:, 1] < 0
    assert 0 < outside.sum() < 11
    np.testing.assert_array_equal(person.inside, ~outside)
    poses = perfect(raised)
    keypoints = poses.keypoints.copy()
    keypoints[0, outside] += 500
    found = figures(poses.with_arrays(keypoints=keypoints), raised)
    assert (found["found"], found["joints"], found["pck_of_all"]) == (1, int((~outside).sum()), 1)
    assert found["keypoint_ap"] == pytest.approx(1)


def test_without_a_pelvis_there_is_2d_only() -> None:
    (person,) = truth(STANDING[None])
    joints = person.joints.copy()
    joints[H36M17.index("pelvis")] = np.nan
    found = footage_figures(SIZE, [Moment([replace(person, joints=joints)], perfect(STANDING[None]))], 0.3)
    assert (found["found"], found["pck"], found["persons_3d"], found["roots"]) == (1, 1, 0, 0)
    assert found["mpjpe_mm"] is None
