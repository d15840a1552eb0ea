import numpy as np

from orpose_models.drawing.overlays import SIDE_COLOURS, bone_side, draw_poses, draw_scene3d, side_by_side
from orpose_models.vocabulary.cameras import Camera, gravity_from_tilt
from orpose_models.vocabulary.poses import Poses
from orpose_models.vocabulary.skeletons import COCO17, H36M17


def person(**arrays) -> Poses:
    keypoints = np.full((1, 17, 2), 50.0)
    keypoints[0, 5], keypoints[0, 7] = [20, 20], [20, 80]
    scores = np.zeros((1, 17))
    scores[0, [5, 7]] = 0.9
    return Poses.from_arrays([[10, 10, 90, 90]], [0.8], keypoints, scores, **arrays)


def test_nobody_leaves_the_image_as_it_is() -> None:
    image = np.full((100, 100, 3), 30, np.uint8)
    np.testing.assert_array_equal(draw_poses(image, Poses.empty()), image)
    assert draw_scene3d(Poses.empty(), np.zeros((0, 3)), size=(200, 150)).shape == (150, 200, 3)


def test_a_left_upper_arm_has_the_left_colour() -> None:
    image = np.zeros((100, 100, 3), np.uint8)
    drawn = draw_poses(image, person(), boxes=False)
    assert drawn[50, 20].tolist() == list(SIDE_COLOURS["left"])
    assert image.max() == 0
    assert drawn[50, 50].max() == 0


def test_poses_are_in_pixels_of_the_original() -> None:
    small = draw_poses(np.zeros((50, 50, 3), np.uint8), person(), (100, 100), boxes=False)
    assert small[25, 10].max() > 100
    assert small[45:, 40:].max() == 0


def test_bones_have_sides() -> None:
    assert bone_side(COCO17, (5, 7)) == "left"
    assert bone_side(COCO17, (5, 6)) == "centre"
    assert bone_side(H36M17, (0, 1)) == "right"
    assert bone_side(H36M17, (7, 8)) == "centre"


def test_a_standing_person_stands_upright_in_the_side_view() -> None:
    # A camera looking 40 degrees down sees a vertical body tilted; gravity sets it upright again.
    down = gravity_from_tilt(40)
    joints3d = np.linspace(0, -1.5, 17)[:, None] * down
    camera = Camera.from_fov(640, 480).with_gravity(down)
    picture = draw_scene3d(
        person(joints3d=joints3d[None]), np.array([[0, 0, 3.0]]), camera, (300, 300), elevation_deg=0
    )
    coloured = np.abs(picture.astype(int) - picture.mean(axis=2, keepdims=True)).max(axis=2) > 40
    rows, columns = np.nonzero(coloured)
    assert np.ptp(rows) > 100
    assert np.ptp(columns) < 12


def test_side_by_side_scales_to_the_first() -> None:
    assert side_by_side(np.zeros((100, 50, 3), np.uint8), np.zeros((200, 80, 3), np.uint8)).shape == (100, 90, 3)
