from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from support.room_recordings import room_cameras, write_room_bag
from support.square_finder import CAMERA, square_picture

from orpose_models.datasets.bags.types import message_class
from orpose_models.datasets.bags.writer import new_bag
from orpose_models.messages.camera_info import camera_info_message
from orpose_models.messages.fields import make_header
from orpose_models.messages.images import bgr_to_image
from orpose_models.runs.bag_images import open_bag_images
from orpose_models.vocabulary.errors import OrposeError


def write_bag(path: Path, stamps: tuple[int, ...], calibrated: bool = True) -> Path:
    """Images that are recorded at 100, 101 ... ns; the second is damaged."""
    with new_bag(path) as bag:
        bag.add_topic("/or/image_raw", "sensor_msgs/msg/Image")
        bag.add_topic("/or/camera_info", "sensor_msgs/msg/CameraInfo")
        for i, stamp in enumerate(stamps):
            header = make_header(stamp, "ceiling", message_class)
            image = bgr_to_image(square_picture(4 * i), header, message_class)
            if i == 1:
                image.step = 5
            if calibrated:
                bag.write("/or/camera_info", camera_info_message(CAMERA, header, message_class), 100 + i)
            bag.write("/or/image_raw", image, 100 + i)
    return path


def test_a_topic_without_images(tmp_path: Path) -> None:
    images = open_bag_images(write_bag(tmp_path / "bag", ()))
    assert (len(images), images.topic, list(images)) == (0, "/or/image_raw", [])
    assert images.problems == ["no intrinsics on /or/camera_info: persons have no position in space"]


def test_images_with_their_cameras_and_times(tmp_path: Path) -> None:
    images = open_bag_images(write_bag(tmp_path / "bag", (5_000_000_000, 6, 0)), gravity=(0.0, 1.0, 0.0))
    for _ in range(2):  # problems are those of the latest pass
        first, third = images
        np.testing.assert_array_equal(first.image, square_picture(0))
        np.testing.assert_array_equal(third.image, square_picture(8))
        assert (first.stamp_ns, first.time, third.stamp_ns) == (5_000_000_000, 5.0, 102)
        assert (first.frame_id, first.camera.fx, first.camera.gravity) == ("ceiling", CAMERA.fx, (0.0, 1.0, 0.0))
        assert not first.camera.guessed
        (problem,) = images.problems
        assert "step is 5" in problem
    assert len(images) == 3


def test_a_bag_without_intrinsics_has_guessed_cameras(tmp_path: Path) -> None:
    images = open_bag_images(write_bag(tmp_path / "bag", (1,), calibrated=False))
    assert [one.camera.guessed for one in images] == [True]
    assert len(images.problems) == 1


def test_images_are_rectified_by_their_topics_name_or_as_told(tmp_path: Path) -> None:
    distorted = replace(CAMERA, distortion=(0.1, 0.0, 0.0, 0.0))
    with new_bag(tmp_path / "bag") as bag:
        for topic, kind in (("image_rect", "Image"), ("camera_info", "CameraInfo")):
            bag.add_topic(f"/or/{topic}", f"sensor_msgs/msg/{kind}")
        header = make_header(1, "ceiling", message_class)
        bag.write("/or/camera_info", camera_info_message(distorted, header, message_class), 1)
        bag.write("/or/image_rect", bgr_to_image(square_picture(0), header, message_class), 1)
    for rectified, distortion in (("auto", ()), ("true", ()), ("false", (0.1, 0.0, 0.0, 0.0))):
        (one,) = open_bag_images(tmp_path / "bag", rectified=rectified)
        assert one.camera.distortion[:4] == distortion


def test_no_such_bag_or_topic(tmp_path: Path) -> None:
    with pytest.raises(OrposeError, match="no such bag"):
        open_bag_images(tmp_path / "absent")
    with pytest.raises(OrposeError, match="no image topic /other"):
        open_bag_images(write_bag(tmp_path / "bag", (1,)), "/other")


def test_the_one_topic_that_is_not_of_depth_need_not_be_named(tmp_path: Path) -> None:
    write_room_bag(tmp_path / "bag", room_cameras(1), 2, with_depth=True)
    assert open_bag_images(tmp_path / "bag").topic == "/cam1/image_raw"
