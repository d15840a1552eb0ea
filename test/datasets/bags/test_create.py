from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from orpose_models.datasets.bags.create import START_NS, BagPlan, create_bag
from orpose_models.datasets.bags.reader import open_bag
from orpose_models.datasets.bags.types import typestore
from orpose_models.datasets.frames import open_frames
from orpose_models.messages.camera_info import camera_from_info
from orpose_models.messages.compressed_images import compressed_to_bgr
from orpose_models.messages.images import image_to_bgr
from orpose_models.vocabulary.cameras import Camera
from orpose_models.vocabulary.errors import OrposeError
from orpose_models.vocabulary.resolution import resize_down


def write_images(folder: Path, count: int = 4) -> Path:
    folder.mkdir()
    rng = np.random.default_rng(0)
    for i in range(count):
        cv2.imwrite(str(folder / f"{i}.png"), rng.integers(0, 256, (48, 64, 3), np.uint8))
    return folder


def write_video(path: Path, fps: float = 20.0, count: int = 10) -> Path:
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), fps, (64, 48))
    for i in range(count):
        writer.write(np.full((48, 64, 3), 20 * i, np.uint8))
    writer.release()
    return path


def read(path: Path) -> list[tuple[str, int, Any]]:
    messages = open_bag(path).messages()
    return [(m.topic, m.time_ns, typestore().deserialize_cdr(m.data, m.type)) for m in messages]


def test_a_folder_where_no_image_can_be_read_makes_no_bag(tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()
    (tmp_path / "images" / "a.png").write_bytes(b"nonsense")
    with pytest.raises(OrposeError, match="none of the images could be taken"):
        create_bag(open_frames(tmp_path / "images"), tmp_path / "bag", BagPlan())
    assert not (tmp_path / "bag").exists()


def test_images_are_kept_and_stamped(tmp_path: Path) -> None:
    images = write_images(tmp_path / "images")
    assert create_bag(open_frames(images), tmp_path / "bag", BagPlan(frame_id="ceiling")) == 4
    for i, (topic, time_ns, message) in enumerate(read(tmp_path / "bag")):
        assert (topic, time_ns) == ("/orpose/image_raw", START_NS + i * 100_000_000)
        assert (message.header.stamp.sec, message.header.stamp.nanosec) == (1_600_000_000, i * 100_000_000)
        assert message.header.frame_id == "ceiling"
        np.testing.assert_array_equal(image_to_bgr(message), cv2.imread(str(images / f"{i}.png")))


def test_an_unreadable_image_leaves_its_time_free(tmp_path: Path) -> None:
    images = write_images(tmp_path / "images")
    (images / "1.png").write_bytes(b"nonsense")
    frames = open_frames(images)
    assert create_bag(frames, tmp_path / "bag", BagPlan(rate=1.0)) == 3
    assert [time_ns - START_NS for _, time_ns, _ in read(tmp_path / "bag")] == [0, 2 * 10**9, 3 * 10**9]
    assert len(frames.problems) == 1


def test_a_video_keeps_its_times(tmp_path: Path) -> None:
    frames = open_frames(write_video(tmp_path / "video.avi"))
    create_bag(frames, tmp_path / "own", BagPlan(stride=3))
    assert [time_ns - START_NS for _, time_ns, _ in read(tmp_path / "own")] == [
        0,
        150_000_000,
        300_000_000,
        450_000_000,
    ]
    create_bag(frames, tmp_path / "rate", BagPlan(stride=3, rate=2.0))
    assert [time_ns - START_NS for _, time_ns, _ in read(tmp_path / "rate")] == [0, 5 * 10**8, 10**9, 15 * 10**8]


def test_size_and_camera_fit_each_other(tmp_path: Path) -> None:
    images = write_images(tmp_path / "images", count=1)
    camera = Camera(640, 480, 500.0, 510.0, 320.0, 240.0, (0.1, 0.0, 0.0, 0.0, 0.2))
    create_bag(open_frames(images), tmp_path / "bag", BagPlan(topic="/or/left/image", short_side=24), camera)
    (info_topic, _, info), (topic, _, message) = read(tmp_path / "bag")
    assert (info_topic, topic) == ("/or/left/camera_info", "/or/left/image")
    image = image_to_bgr(message)
    np.testing.assert_array_equal(image, resize_down(cv2.imread(str(images / "0.png")), (32, 24)))
    back, expected = camera_from_info(info), camera.resized(32, 24)
    assert back is not None
    assert (back.width, back.height, back.distortion) == (32, 24, camera.distortion)
    np.testing.assert_allclose(
        [back.fx, back.fy, back.cx, back.cy], [expected.fx, expected.fy, expected.cx, expected.cy]
    )


def test_a_camera_of_another_shape_is_refused(tmp_path: Path) -> None:
    images = write_images(tmp_path / "images", count=1)
    with pytest.raises(OrposeError, match="do not fit an image of 64 x 48"):
        create_bag(open_frames(images), tmp_path / "bag", BagPlan(), Camera(480, 640, 500, 500, 240, 320))


def test_one_image_of_another_shape_is_named_and_left_out(tmp_path: Path) -> None:
    images = write_images(tmp_path / "images")
    cv2.imwrite(str(images / "2.png"), np.zeros((40, 64, 3), np.uint8))
    frames = open_frames(images)
    assert create_bag(frames, tmp_path / "bag", BagPlan(), Camera(64, 48, 50, 50, 32, 24)) == 3
    (problem,) = frames.problems
    assert problem.startswith("2.png: intrinsics for 64 x 48 pixels do not fit an image of 64 x 40")


def test_images_follow_in_natural_order(tmp_path: Path) -> None:
    images = write_images(tmp_path / "images", count=12)
    create_bag(open_frames(images), tmp_path / "bag", BagPlan())
    for i, (_, _, message) in enumerate(read(tmp_path / "bag")):
        np.testing.assert_array_equal(image_to_bgr(message), cv2.imread(str(images / f"{i}.png")))


def test_a_topic_of_compressed_images_keeps_its_name(tmp_path: Path) -> None:
    images = write_images(tmp_path / "images", count=1)
    plan = BagPlan("/left/image/compressed", compressed=True)
    create_bag(open_frames(images), tmp_path / "bag", plan, Camera(64, 48, 50, 50, 32, 24))
    assert [topic for topic, _, _ in read(tmp_path / "bag")] == ["/left/camera_info", "/left/image/compressed"]


def test_compressed_images(tmp_path: Path) -> None:
    frames = open_frames(write_video(tmp_path / "video.avi"))
    create_bag(frames, tmp_path / "bag", BagPlan(compressed=True, storage="sqlite3"))
    messages = read(tmp_path / "bag")
    assert {topic for topic, _, _ in messages} == {"/orpose/image_raw/compressed"}
    for i, (_, _, message) in enumerate(messages):
        assert abs(compressed_to_bgr(message).mean() - 20 * i) < 2


@pytest.mark.parametrize("storage", ["mcap", "sqlite3"])
def test_the_same_input_makes_the_same_bytes(tmp_path: Path, storage: Any) -> None:
    images = write_images(tmp_path / "images")
    contents = []
    for name in ("a", "b"):
        create_bag(open_frames(images), tmp_path / name / "bag", BagPlan(storage=storage))
        contents.append({file.name: file.read_bytes() for file in (tmp_path / name / "bag").iterdir()})
    assert contents[0] == contents[1]
    assert len(contents[0]) == 2
