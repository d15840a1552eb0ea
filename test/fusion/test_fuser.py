import numpy as np
import pytest

from orpose_models.fusion.fuser import Fuser
from orpose_models.vocabulary.errors import OrposeError
from orpose_models.vocabulary.poses import Poses

from support.room import rig, seen, standing  # isort: skip

PEOPLE = [standing(0, 0), standing(1.0, 0.6, 2.0), standing(-0.9, 0.5, -1.0)]


def at(keypoints: np.ndarray) -> np.ndarray:
    return keypoints[:, [11, 12]].mean(axis=1)


def test_nobody() -> None:
    fuser = Fuser(rig(2))
    persons = fuser.update([Poses.empty(), Poses.empty()], 0.0)
    assert (len(persons), persons.views.shape, persons.errors.shape) == (0, (0, 2), (0, 2))


@pytest.mark.parametrize("count", [0, 1, 9])
def test_too_few_or_too_many_cameras_are_refused(count: int) -> None:
    with pytest.raises(OrposeError, match=f"2 to 8 cameras, got {count}"):
        Fuser(rig(count) if count else [])


@pytest.mark.parametrize("count", [2, 3, 4, 8])
def test_exact_views_give_exact_people(count: int) -> None:
    cameras = rig(count)
    # Each camera has its own order.
    orders = [np.roll(np.arange(3), k) for k in range(count)]
    poses = [seen(view, [PEOPLE[i] for i in order]) for view, order in zip(cameras, orders, strict=True)]
    persons = Fuser(cameras).update(poses, 0.0)
    assert len(persons) == 3
    for k in range(3):
        i = int(np.linalg.norm(at(persons.keypoints) - at(np.stack(PEOPLE))[k], axis=1).argmin())
        assert np.linalg.norm(persons.keypoints[i] - PEOPLE[k], axis=1).max() < 0.04
        assert persons.views[i].tolist() == [int(np.flatnonzero(order == k)[0]) for order in orders]
    np.testing.assert_allclose(persons.joints[:, 0], at(persons.keypoints), atol=1e-9)
    assert np.nanmax(persons.errors) < 4
    assert (np.linalg.eigvalsh(persons.covariances) > 0).all()


def test_the_covariance_says_how_far_off_the_joints_are() -> None:
    cameras, rng = rig(3), np.random.default_rng(5)
    distances = []
    for _ in range(30):
        person = standing(*rng.uniform(-0.8, 0.8, 2), rng.uniform(0, 6))
        poses = [seen(view, [person], 7.0, rng) for view in cameras]
        persons = Fuser(cameras).update(poses, 0.0)
        assert len(persons) == 1
        gap = persons.joints[0, [2, 3, 12, 13]] - person[[14, 16, 7, 9]]
        spread = persons.covariances[0, [2, 3, 12, 13]]
        distances += list(np.einsum("ja,jab,jb->j", gap, np.linalg.inv(spread), gap))
    assert 1.0 < np.median(distances) < 4.0  # 2.4 for three dimensions


def test_one_joint_that_one_camera_sees_elsewhere_loses_its_weight() -> None:
    cameras = rig(4)
    poses = [seen(view, [PEOPLE[0]]) for view in cameras]
    wrong = poses[1].keypoints.copy()
    wrong[0, 9] += [80, -60]
    persons = Fuser(cameras).update([poses[0], poses[1].with_arrays(keypoints=wrong), *poses[2:]], 0.0)
    assert np.linalg.norm(persons.keypoints[0, 9] - PEOPLE[0][9]) < 0.06


def test_joints_that_a_camera_does_not_see_stand_where_others_see_them() -> None:
    cameras = rig(3)
    poses = [seen(view, PEOPLE) for view in cameras]
    scores = poses[0].keypoint_scores.copy()
    scores[:, 9:] = 0
    known = np.where(scores[..., None] > 0, poses[0].keypoints, np.nan)
    poses[0] = poses[0].with_arrays(keypoint_scores=scores, keypoints=known)
    persons = Fuser(cameras).update(poses, 0.0)
    assert persons.seen_by.tolist() == [3, 3, 3]
    for person, keypoints in zip(persons.views[:, 1], persons.keypoints, strict=True):
        assert np.linalg.norm(keypoints - PEOPLE[person], axis=1).max() < 0.05


def test_somebody_whom_one_camera_sees_is_lifted() -> None:
    cameras = rig(3)
    poses = [seen(cameras[0], PEOPLE[:2]), seen(cameras[1], PEOPLE[:1]), seen(cameras[2], PEOPLE[:1])]
    persons = Fuser(cameras).update(poses, 0.0)
    assert sorted(persons.seen_by) == [1, 3]
    alone = int(persons.seen_by.argmin())
    assert np.linalg.norm(persons.keypoints[alone, 5:] - PEOPLE[1][5:], axis=1).max() < 0.1
    # Along the ray it is unsure, as the root is.
    spread = np.sqrt(np.linalg.eigvalsh(persons.covariances[alone, 0])[-1])
    assert 0.2 < spread < 0.45
    assert len(Fuser(cameras, single_views=False).update(poses, 0.0)) == 1


def test_without_lifted_poses_only_those_of_two_cameras_stand_anywhere() -> None:
    cameras = rig(2)
    poses = [seen(cameras[0], PEOPLE[:2], lifted=False), seen(cameras[1], PEOPLE[:1], lifted=False)]
    persons = Fuser(cameras).update(poses, 0.0)
    assert persons.seen_by.tolist() == [2]
    assert np.linalg.norm(persons.keypoints[0] - PEOPLE[0], axis=1).max() < 0.05


def test_a_second_box_of_somebody_is_nobody_else() -> None:
    cameras = rig(3)
    poses = [seen(view, [PEOPLE[0]]) for view in cameras]
    poses[1] = Poses.concatenate([poses[1], poses[1].with_arrays(box_scores=np.array([0.6]))])
    assert len(Fuser(cameras).update(poses, 0.0)) == 1


def test_ids_last_while_people_walk_and_somebody_is_gone_for_a_while() -> None:
    cameras, rng = rig(3), np.random.default_rng(0)
    fuser, ids = Fuser(cameras), []
    for frame in range(40):
        walking = standing(-1 + 0.05 * frame, 0.9)
        waiting = standing(0.3, -0.8, 1.5)
        people = [walking] if 15 <= frame < 25 else [walking, waiting]
        rng.shuffle(people)
        persons = fuser.update([seen(view, people, 3.0, rng) for view in cameras], 0.1 * frame)
        ids.append({(int(i), len(people)) for i in persons.ids})
        if frame == 39:
            i = int(np.abs(at(persons.keypoints)[:, 0] - 0.95).argmin())
            np.testing.assert_allclose(persons.velocity[i], [0.5, 0, 0], atol=0.25)
    assert len(set().union(*({i for i, _ in moment} for moment in ids))) == 2


def test_the_same_moments_give_the_same_people() -> None:
    def run() -> list[bytes]:
        cameras, rng, fuser = rig(4), np.random.default_rng(3), Fuser(rig(4))
        return [
            fuser.update([seen(view, PEOPLE, 5.0, rng) for view in cameras], 0.1 * k).keypoints.tobytes()
            for k in range(3)
        ]

    assert run() == run()
