from collections.abc import Callable
from dataclasses import replace
from threading import Thread
from typing import Any

import cv2
import numpy as np
import pytest

from orpose_models.datasets.bags.types import message_class
from orpose_models.lifting.root import solve_root
from orpose_models.messages.camera_info import (
    Intrinsics,
    IntrinsicsByTime,
    camera_from_info,
    camera_info_message,
    is_rectified,
)
from orpose_models.messages.fields import make_header
from orpose_models.vocabulary.cameras import Camera
from orpose_models.vocabulary.errors import OrposeError
from orpose_models.vocabulary.skeletons import COCO17, H36M17

Types = Callable[[str], Any]
CAMERA = Camera(640, 480, 540.0, 541.0, 322.5, 238.25)
SECOND = 1_000_000_000


def info_of(camera: Camera, types: Types = message_class, stamp: int = 0, **changes: Any) -> Any:
    info = camera_info_message(camera, make_header(stamp, "camera", types), types)
    for name, value in changes.items():
        setattr(info, name, value)
    return info


def region(x: int, y: int, width: int, height: int) -> Any:
    return message_class("sensor_msgs/msg/RegionOfInterest")(
        x_offset=x, y_offset=y, height=height, width=width, do_rectify=False
    )


@pytest.mark.parametrize("count", [0, 4, 5, 8])
def test_camera_round_trip(count: int, message_types: Types) -> None:
    camera = replace(CAMERA, distortion=tuple(0.01 * (i + 1) for i in range(count)))
    info = info_of(camera, message_types)
    assert info.distortion_model == ("rational_polynomial" if count == 8 else "plumb_bob")
    back = camera_from_info(info)
    assert back is not None
    # plumb_bob has five coefficients; the fifth is 0 if it was not there.
    distortion = (*camera.distortion, 0.0) if count == 4 else camera.distortion
    assert vars(back) == {**vars(camera), "distortion": distortion}


@pytest.mark.parametrize("rectified", [False, True])
def test_an_uncalibrated_camera_is_none(message_types: Types, rectified: bool) -> None:
    assert camera_from_info(info_of(CAMERA, message_types, k=np.zeros(9)), rectified) is None


def test_a_rectified_image_is_projected_by_p_and_has_no_distortion(message_types: Types) -> None:
    raw = replace(CAMERA, distortion=(-0.3, 0.09, 0.0, 0.0, 0.0))
    p = np.array([[400.0, 0, 330, -40], [0, 410, 235, 0], [0, 0, 1, 0]]).reshape(-1)
    # The distortion's model does not matter any more.
    for model in ("plumb_bob", "equidistant"):
        info = info_of(raw, message_types, p=p, distortion_model=model)
        camera = camera_from_info(info, rectified=True)
        assert camera is not None
        assert vars(camera) == vars(Camera(640, 480, 400.0, 410.0, 330.0, 235.0))
    unrectified = camera_from_info(info_of(raw, message_types, p=p))
    assert unrectified is not None
    assert vars(unrectified) == vars(raw)


def test_without_a_projection_matrix_rectified_images_need_a_camera_without_distortion() -> None:
    camera = camera_from_info(info_of(CAMERA, p=np.zeros(12)), rectified=True)
    assert camera is not None
    assert vars(camera) == vars(CAMERA)
    raw = replace(CAMERA, distortion=(-0.3, 0.09, 0.0, 0.0, 0.0))
    with pytest.raises(OrposeError, match=r"^camera info: the images are rectified, but the .* matrix P is zero$"):
        camera_from_info(info_of(raw, p=np.zeros(12)), rectified=True)


def test_roots_of_rectified_images_are_those_of_the_plain_camera() -> None:
    """image_proc leaves the raw camera's message beside its images: K and D, and P that holds for them."""
    raw = Camera(640, 480, 520.0, 520.0, 319.5, 239.5, (-0.3, 0.09, 0.0, 0.0, 0.0))
    new, _ = cv2.getOptimalNewCameraMatrix(raw.matrix, np.array(raw.distortion), (640, 480), 0)
    plain = Camera(640, 480, new[0, 0], new[1, 1], new[0, 2], new[1, 2])
    info = info_of(raw, p=np.hstack([new, np.zeros((3, 1))]).reshape(-1))
    joints = np.random.default_rng(0).normal(scale=0.4, size=(3, 17, 3))
    joints[:, 0] = 0
    places = np.array([[0.3, 0.2, 3.44], [-0.2, 0.1, 1.97], [0.5, -0.1, 2.95]])
    shared = [joint for joint in COCO17.joints if joint in H36M17.joints]
    keypoints, scores = np.zeros((3, 17, 2)), np.zeros((3, 17))
    seen = [COCO17.index(joint) for joint in shared]
    keypoints[:, seen] = plain.project((joints + places[:, None])[:, [H36M17.index(joint) for joint in shared]])
    scores[:, seen] = 0.9

    def depths(rectified: bool) -> np.ndarray:
        camera = camera_from_info(info, rectified)
        assert camera is not None
        return solve_root(keypoints, scores, joints, camera)[0]

    np.testing.assert_allclose(depths(rectified=True), places, atol=0.01)
    assert (depths(rectified=False)[:, 2] > 1.05 * places[:, 2]).all()


def test_region_of_interest_and_binning_move_the_principal_point() -> None:
    camera = camera_from_info(info_of(CAMERA, roi=region(20, 40, 400, 200), binning_x=2, binning_y=2))
    assert camera is not None
    assert (camera.width, camera.height, camera.fx, camera.fy) == (200, 100, 270.0, 270.5)
    # The point that full-size pixel (300, 200) shows is at ((300 - 20) / 2, (200 - 40) / 2).
    np.testing.assert_allclose(camera.normalised([140, 80]), CAMERA.normalised([300, 200]))


@pytest.mark.parametrize("box", [(0, 0, 640, 480), (639, 479, 1, 1)])
def test_a_region_of_interest_up_to_the_edge(box: tuple[int, int, int, int]) -> None:
    camera = camera_from_info(info_of(CAMERA, roi=region(*box)))
    assert camera is not None
    assert (camera.width, camera.height, camera.cx, camera.cy) == (*box[2:], 322.5 - box[0], 238.25 - box[1])


@pytest.mark.parametrize("box", [(1, 0, 640, 480), (0, 0, 640, 481), (20, 40, 0, 0), (0, 0, 100, 0), (0, 0, 1280, 960)])
def test_a_region_of_interest_outside_of_the_image_is_refused(box: tuple[int, int, int, int]) -> None:
    with pytest.raises(OrposeError) as raised:
        camera_from_info(info_of(CAMERA, roi=region(*box)))
    x, y, width, height = box
    assert str(raised.value).startswith(
        f"camera info: the region of interest of {width} x {height} pixels at ({x}, {y}) is not in the image of 640 x 4"
    )


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"distortion_model": "equidistant", "d": np.array([0.1, 0, 0, 0])}, "'equidistant' is not supported"),
        ({"distortion_model": "equidistant", "d": np.zeros(4)}, "'equidistant' is not supported"),
        ({"distortion_model": "", "d": np.array([0.1])}, "'' is not supported"),
        ({"distortion_model": "none", "d": np.array([0.1, 0, 0, 0])}, "'none' is not supported"),
        ({"d": np.array([0.1, 0.2])}, "got 2"),
        ({"d": np.full(14, 0.1)}, "got 14"),
        ({"width": 0}, "must be positive"),
        ({"k": np.array([np.nan, 0, 1, 0, 1, 1, 0, 0, 1])}, "finite"),
        ({"k": np.array([5.0, 0, 1, 0, -5, 1, 0, 0, 1])}, "must be positive"),
    ],
)
def test_impossible_cameras_are_refused(changes: dict[str, Any], reason: str) -> None:
    with pytest.raises(OrposeError, match=reason):
        camera_from_info(info_of(CAMERA, **changes))


@pytest.mark.parametrize(
    "changes",
    [
        {"distortion_model": "", "d": np.zeros(0)},
        {"distortion_model": "none", "d": np.zeros(5)},
        {"distortion_model": "None", "d": np.zeros(0)},
        {"distortion_model": "plumb_bob", "d": np.zeros(5)},
        {"distortion_model": "rational_polynomial", "d": np.zeros(14)},
    ],
)
def test_no_distortion(changes: dict[str, Any]) -> None:
    camera = camera_from_info(info_of(CAMERA, **changes))
    assert camera is not None
    assert camera.distortion == ()


@pytest.mark.parametrize(
    ("topic", "setting", "rectified"),
    [
        ("", "auto", False),
        ("/cam/image_raw", "auto", False),
        ("/cam/image_rect", "auto", True),
        ("image_rect_color", "auto", True),
        ("/cam/image_rect/compressed", "auto", True),
        ("/image_rect/image", "auto", False),
        ("/cam/image_raw", "true", True),
        ("/cam/image_rect", "false", False),
    ],
)
def test_rectified_images_are_known_by_their_topic(topic: str, setting: str, rectified: bool) -> None:
    assert is_rectified(topic, setting) is rectified


def zoomed(factor: float, stamp: int) -> Any:
    return info_of(replace(CAMERA, fx=540.0 * factor, fy=541.0 * factor), stamp=stamp)


def focal_length(intrinsics: Intrinsics) -> float:
    assert intrinsics.camera is not None
    return intrinsics.camera.fx


def test_without_a_message_nothing_is_known() -> None:
    assert IntrinsicsByTime().at(0) == Intrinsics()
    assert IntrinsicsByTime().at(5 * SECOND, patience=0.01) == Intrinsics()


def test_a_zoom_holds_from_its_own_image_on() -> None:
    history = IntrinsicsByTime()
    told = [history.add(zoomed(factor, i * SECOND)) for i, factor in enumerate((1, 1, 2, 2, 3))]
    assert [said is not None for said in told] == [True, False, True, False, True]
    lengths = [focal_length(history.at(stamp)) / 540 for stamp in (0, SECOND, 2 * SECOND - 1, 2 * SECOND, 9 * SECOND)]
    assert lengths == [1, 1, 1, 2, 3]


def test_before_the_first_message_the_first_one_holds() -> None:
    history = IntrinsicsByTime()
    history.add(zoomed(2, 5 * SECOND))
    assert focal_length(history.at(SECOND)) == 1080


def test_messages_that_come_in_another_order() -> None:
    history = IntrinsicsByTime()
    for stamp, factor in ((0, 1), (2, 3), (1, 2)):
        history.add(zoomed(factor, stamp))
    assert [focal_length(history.at(stamp)) / 540 for stamp in (0, 1, 2)] == [1, 2, 3]


def test_a_message_of_the_same_stamp_replaces_the_other() -> None:
    history = IntrinsicsByTime()
    for factor in (1, 2):
        history.add(zoomed(factor, 0))
    assert (focal_length(history.at(7)), len(history)) == (1080, 1)


def test_when_time_begins_anew_the_old_messages_are_forgotten() -> None:
    history = IntrinsicsByTime()
    history.add(zoomed(1, 100 * SECOND))
    history.add(zoomed(2, 5 * SECOND))
    assert focal_length(history.at(100 * SECOND)) == 1080
    assert len(history) == 1


def test_what_cannot_be_used_is_told_once_and_holds_from_then_on() -> None:
    history = IntrinsicsByTime(keep=2)
    history.add(zoomed(1, 0))
    bad = [history.add(info_of(CAMERA, stamp=i, k=np.full(9, np.nan))) for i in (1, 2, 3)]
    assert [said.problem if said else None for said in bad] == [
        "camera info: camera intrinsics must be finite numbers",
        None,
        None,
    ]
    assert history.at(5).camera is None
    assert history.at(5).problem == bad[0].problem
    assert history.at(0).camera is not None


def test_no_more_changes_are_remembered_than_wanted() -> None:
    history = IntrinsicsByTime(keep=3)
    for i in range(10):
        history.add(zoomed(1 + i, i))
    assert len(history) == 3
    assert [focal_length(history.at(stamp)) / 540 for stamp in (0, 7, 8, 9)] == [8, 8, 9, 10]


def test_an_image_waits_for_its_own_message_where_they_come_in_pairs() -> None:
    history = IntrinsicsByTime()
    history.add(zoomed(1, SECOND))
    assert focal_length(history.at(SECOND, patience=60)) == 540
    found: list[float] = []
    image = Thread(target=lambda: found.append(focal_length(history.at(2 * SECOND, patience=60))))
    image.start()
    history.add(zoomed(2, 2 * SECOND))
    image.join(60)
    assert found == [1080]


def test_nobody_waits_for_messages_that_do_not_come_with_the_images() -> None:
    history = IntrinsicsByTime()
    history.add(zoomed(1, 1))
    assert focal_length(history.at(5, patience=0.01)) == 540  # the first one may
    assert focal_length(history.at(6, patience=1e6)) == 540


def test_rectified_images_have_the_projection_matrix() -> None:
    history = IntrinsicsByTime(rectified=True)
    history.add(info_of(CAMERA, p=np.array([400.0, 0, 330, 0, 0, 410, 235, 0, 0, 0, 1, 0])))
    assert focal_length(history.at(0)) == 400
