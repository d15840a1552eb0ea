import numpy as np
import pytest

from orpose_models.lifting.depth import DEPTH_STD, GIRTH, roots_by_depth
from orpose_models.lifting.root import SIZE_STD
from orpose_models.vocabulary.cameras import Camera
from orpose_models.vocabulary.poses import Poses
from orpose_models.vocabulary.resolution import reduce_depth
from orpose_models.vocabulary.skeletons import COCO17, H36M17

CAMERA = Camera(640, 480, 540.0, 540.0, 319.5, 239.5)
TRUNK = {"left_shoulder": (340, 180), "right_shoulder": (300, 180), "left_hip": (335, 260), "right_hip": (305, 260)}

# Facing the camera, leaning back by 0.1 m: its front is at right angles to the line of sight but for that.
JOINTS = {
    "left_shoulder": (0.18, -0.5, 0.1), "right_shoulder": (-0.18, -0.5, 0.1),
    "left_hip": (0.1, 0, 0), "right_hip": (-0.1, 0, 0),
}  # fmt: skip
BENEATH = GIRTH[0]


def person(distance: float = 4.0, score: float = 0.9, unseen: tuple[str, ...] = ()) -> Poses:
    """Somebody upright in the middle, whom the lifter puts at a distance."""
    keypoints, scores = np.zeros((1, 17, 2)), np.zeros((1, 17))
    for name, place in TRUNK.items():
        keypoints[0, COCO17.index(name)] = place
        scores[0, COCO17.index(name)] = 0.0 if name in unseen else score
    joints = np.zeros((1, 17, 3))
    for name, place in JOINTS.items():
        joints[0, H36M17.index(name)] = place
    return Poses.from_arrays(
        [[290, 160, 350, 400]], [0.9], keypoints, scores, joints3d=joints, root=[[0.1, 0.2, distance]],
        root_std=[SIZE_STD * distance],
    )  # fmt: skip


def scene(trunk: float = 4.4, wall: float = 8.0) -> np.ndarray:
    """A wall, and a flat trunk that leans back by 0.1 m before it."""
    depth = np.full((480, 640), wall, np.float32)
    rows = np.arange(170, 270)
    depth[170:270, 290:350] = (trunk - BENEATH + 0.1 * (260 - rows) / 80)[:, None]
    return depth


def test_nobody() -> None:
    found = roots_by_depth(Poses.empty(), scene(), CAMERA)
    assert (len(found.measured), found.root.shape) == (0, (0, 3))


def test_the_root_goes_where_depth_sees_the_trunk_between_the_hips() -> None:
    found = roots_by_depth(person(), scene(), CAMERA)
    assert found.measured.tolist() == [True]
    assert found.root[0] == pytest.approx([4.4 * 0.5 / 540, 4.4 * 20.5 / 540, 4.4], abs=0.006)
    assert found.root_std[0] == np.float32(DEPTH_STD)
    # Joints grow with the distance, so that they still project where they did.
    assert found.joints3d[0] == pytest.approx(person().joints3d[0] * found.root[0, 2] / 4.0)


@pytest.mark.parametrize("unseen", [("left_hip", "right_hip"), ("left_hip",)])
def test_without_both_hips_the_root_moves_along_its_line_of_sight(unseen: tuple[str, ...]) -> None:
    found = roots_by_depth(person(unseen=unseen), scene(), CAMERA)
    assert found.root[0] == pytest.approx([0.11, 0.22, 4.4], abs=0.006)


@pytest.mark.parametrize("size", [(160, 120), (53, 40), (1280, 960)])
def test_any_size_will_do(size: tuple[int, int]) -> None:
    rows = np.arange(size[1]) * 480 // size[1]
    columns = np.arange(size[0]) * 640 // size[0]
    found = roots_by_depth(person(), scene()[np.ix_(rows, columns)], CAMERA)
    assert found.root[0, 2] == pytest.approx(4.4, abs=0.03)


def test_holes_and_what_stands_before_do_not_matter_as_long_as_enough_is_seen() -> None:
    depth = scene()
    rng = np.random.default_rng(0)
    depth[rng.random(depth.shape) < 0.4] = np.nan
    depth[:, 290:310] = 1.5  # a pole before a third of the trunk
    found = roots_by_depth(person(), depth, CAMERA)
    assert found.root[0, 2] == pytest.approx(4.4, abs=0.03)


@pytest.mark.parametrize(
    "depth",
    [np.full((480, 640), np.nan, np.float32), np.full((480, 640), 1.0, np.float32), scene(trunk=6.5)],
    ids=["nothing measured", "something before everything", "too far for the size"],
)
def test_without_a_trunk_the_root_stays(depth: np.ndarray) -> None:
    one = person()
    found = roots_by_depth(one, depth, CAMERA)
    assert found.measured.tolist() == [False]
    assert np.array_equal(found.root, one.root)
    assert np.array_equal(found.root_std, one.root_std)
    assert np.array_equal(found.joints3d, one.joints3d)


def test_who_stands_sideways_is_as_wide_as_the_shoulders() -> None:
    one = person()
    turned = one.joints3d.copy()
    for name in ("shoulder", "hip"):
        left, right = H36M17.index(f"left_{name}"), H36M17.index(f"right_{name}")
        turned[0, [left, right], 2] += turned[0, [left, right], 0] / 20  # narrow, so that depth is flat
        turned[0, [left, right], 0] = 0.0
    found = roots_by_depth(one.with_arrays(joints3d=turned), scene(), CAMERA)
    assert found.root[0, 2] - 4.4 == pytest.approx(GIRTH[1] - GIRTH[0], abs=0.02)


def test_of_two_one_behind_the_other_it_is_the_one_of_a_usual_size() -> None:
    depth = scene()
    depth[:, 290:320] = 3.6  # nearer, before half of the trunk
    assert roots_by_depth(person(4.4), depth, CAMERA).root[0, 2] == pytest.approx(4.4, abs=0.03)
    assert roots_by_depth(person(3.8), depth, CAMERA).root[0, 2] == pytest.approx(3.6 + BENEATH, abs=0.1)


def test_two_joints_of_the_trunk_are_enough_and_one_is_not() -> None:
    two = person(unseen=("left_hip", "right_hip"))
    assert roots_by_depth(two, scene(), CAMERA).root[0, 2] == pytest.approx(4.4, abs=0.02)
    one = person(unseen=("left_hip", "right_hip", "left_shoulder"))
    assert not roots_by_depth(one, scene(), CAMERA).measured.any()


def test_who_has_no_root_gets_none() -> None:
    lost = person().with_arrays(root=np.full((1, 3), np.nan))
    assert not roots_by_depth(lost, scene(), CAMERA).measured.any()


def test_depth_is_reduced_by_picking() -> None:
    assert reduce_depth(np.zeros((0, 0), np.float32), (4, 4)).shape == (0, 0)
    depth = np.arange(48, dtype=np.float32).reshape(6, 8)
    assert reduce_depth(depth, (4, 3)).tolist() == [[9, 11, 13, 15], [25, 27, 29, 31], [41, 43, 45, 47]]
    assert reduce_depth(depth, (100, 100)) is not depth
    assert np.array_equal(reduce_depth(depth, (8, 6)), depth)
