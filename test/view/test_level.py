import numpy as np
import pytest
from support.room import looking, seen, standing

from orpose_models.view.level import Level
from orpose_models.vocabulary.poses import Poses
from orpose_models.vocabulary.skeletons import COCO17_TO_H36M17


def test_persons_stand_upright_on_the_floor_before_the_camera() -> None:
    view = looking("cam", (-4, 0, 2.5))
    people = [standing(0, 0.5), standing(0.4, -0.5, 1.0)]
    poses = seen(view, people).with_arrays(ids=np.array([3, 5]))
    persons = Level(np.asarray(view.camera.gravity)).persons(poses)
    # The room's x is ahead of this camera, its y to the left.
    joints = COCO17_TO_H36M17.points(np.stack(people))
    wanted = np.stack([-joints[..., 1], joints[..., 0] + 4, joints[..., 2] - 0.09], axis=2)
    np.testing.assert_allclose(persons.joints, wanted, atol=1e-5)
    assert persons.ids.tolist() == [3, 5]
    assert persons.seen_by.tolist() == [1, 1]


@pytest.mark.parametrize("gravity", [(0, 0, 0), (0, 2, 0)])
def test_without_gravity_down_is_down_in_the_image(gravity: tuple[float, float, float]) -> None:
    poses = Poses.from_arrays([(0, 0, 1, 1)], [0.9], joints3d=np.zeros((1, 17, 3)), root=[(1, 2, 5)], root_std=[0.1])
    np.testing.assert_allclose(Level(np.array(gravity)).persons(poses).joints[0, 0], (1, 5, 0), atol=1e-6)


def test_a_camera_that_looks_straight_down() -> None:
    poses = Poses.from_arrays([(0, 0, 1, 1)], [0.9], joints3d=np.zeros((1, 17, 3)), root=[(1, 2, 5)], root_std=[0.1])
    np.testing.assert_allclose(Level(np.array([0, 0, 1.0])).persons(poses).joints[0, 0], (1, -2, 0), atol=1e-6)


def test_whose_place_is_unknown_is_not_shown() -> None:
    poses = Poses.from_arrays([(0, 0, 1, 1)], [0.9], joints3d=np.zeros((1, 17, 3)))
    assert len(Level(np.zeros(3)).persons(poses)) == 0


def test_the_floor_settles() -> None:
    level = Level(np.zeros(3))
    for height in (2.0, 2.2):
        joints = np.zeros((1, 17, 3))
        root = [(0, height, 5)]
        persons = level.persons(Poses.from_arrays([(0, 0, 1, 1)], [0.9], joints3d=joints, root=root, root_std=[0.1]))
    np.testing.assert_allclose(persons.joints[0, 0, 2], -0.2 * 0.95, atol=1e-6)
