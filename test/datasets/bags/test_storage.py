"""Bags as other programs leave them: compressed, split, side by side with others, of ROS 1."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from rosbags.rosbag1 import Writer as Writer1
from rosbags.rosbag2 import CompressionFormat, CompressionMode, StoragePlugin, Writer
from rosbags.typesys import Stores, get_types_from_msg, get_typestore

from orpose_models.datasets.bags import storage
from orpose_models.datasets.bags.bag_pictures import BagCameras, decoded, picture
from orpose_models.datasets.bags.reader import BagTopic, open_bag
from orpose_models.datasets.bags.storage import files_of_bag
from orpose_models.datasets.bags.types import message_class, typestore
from orpose_models.datasets.bags.writer import new_bag
from orpose_models.datasets.camera_file import View
from orpose_models.messages.camera_info import camera_info_message
from orpose_models.messages.fields import make_header
from orpose_models.messages.images import bgr_to_image
from orpose_models.vocabulary.cameras import Camera
from orpose_models.vocabulary.errors import OrposeError

STEP = 100_000_000


def image_message(brightness: int, time_ns: int) -> object:
    header = make_header(time_ns, "camera", message_class)
    return bgr_to_image(np.full((48, 64, 3), brightness, np.uint8), header, message_class)


def write(
    path: Path,
    plugin: StoragePlugin = StoragePlugin.SQLITE3,
    mode: CompressionMode = CompressionMode.NONE,
    images: int = 3,
) -> Path:
    writer = Writer(path, version=9, storage_plugin=plugin)
    if mode != CompressionMode.NONE:
        writer.set_compression(mode, CompressionFormat.ZSTD)
    with writer:
        topic = writer.add_connection("/image", "sensor_msgs/msg/Image", typestore=typestore())
        for i in range(images):
            data = typestore().serialize_cdr(image_message(60 + i, i * STEP), topic.msgtype)
            writer.write(topic, i * STEP, data)
    return path


def brightnesses(path: Path) -> list[int]:
    return [int(picture(decoded(message))[0, 0, 0]) for message in open_bag(path).messages()]


def test_an_empty_folder_has_no_files(tmp_path: Path) -> None:
    assert files_of_bag(tmp_path, []) == []


@pytest.mark.parametrize(
    ("plugin", "mode"),
    [
        (StoragePlugin.SQLITE3, CompressionMode.FILE),
        (StoragePlugin.SQLITE3, CompressionMode.MESSAGE),
        (StoragePlugin.MCAP, CompressionMode.STORAGE),
    ],
)
def test_compressed_bags_are_read(tmp_path: Path, plugin: StoragePlugin, mode: CompressionMode) -> None:
    path = write(tmp_path / "bag", plugin, mode)
    bag = open_bag(path)
    assert bag.topics == {"/image": BagTopic("/image", "sensor_msgs/msg/Image", 3)}
    assert (brightnesses(path), bag.problems, bag.damaged) == ([60, 61, 62], [], False)


def test_a_compressed_file_by_itself_and_without_metadata(tmp_path: Path) -> None:
    path = write(tmp_path / "bag", mode=CompressionMode.FILE)
    (file,) = path.glob("*.db3.zstd")
    assert brightnesses(file) == [60, 61, 62]
    (path / "metadata.yaml").unlink()
    assert brightnesses(path) == [60, 61, 62]


def test_a_compressed_file_that_is_cut_short_gives_its_beginning(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    writer = Writer(tmp_path / "bag", version=9, storage_plugin=StoragePlugin.SQLITE3)
    writer.set_compression(CompressionMode.FILE, CompressionFormat.ZSTD)
    with writer:
        topic = writer.add_connection("/image", "sensor_msgs/msg/Image", typestore=typestore())
        for i in range(20):
            noise = rng.integers(0, 256, (48, 64, 3), np.uint8)
            message = bgr_to_image(noise, make_header(i * STEP, "camera", message_class), message_class)
            writer.write(topic, i * STEP, typestore().serialize_cdr(message, topic.msgtype))
    (file,) = (tmp_path / "bag").glob("*.db3.zstd")
    content = file.read_bytes()
    file.write_bytes(content[: len(content) * 2 // 3])
    bag = open_bag(tmp_path / "bag")
    count = len(list(bag.messages()))
    assert 0 < count < 20
    assert "the bag is damaged" in bag.problems[0]
    assert bag.problems[1].startswith(f"{file.name}: cut short or damaged after {count} messages")


def test_a_bag_that_does_not_fit_the_disk_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path / "bag", mode=CompressionMode.FILE)
    monkeypatch.setattr(storage, "_KEEP_FREE", 1 << 60)
    with pytest.raises(OrposeError, match=r"there is no room in .* to unpack its [\d,]+ bytes"):
        open_bag(path)
    (file,) = path.glob("*.db3.zstd")
    with pytest.raises(OrposeError, match="there is no room in"):
        open_bag(file)


def test_a_file_beside_a_bag_is_named(tmp_path: Path) -> None:
    path = write(tmp_path / "bag")
    other = write(tmp_path / "other", images=1)
    shutil.copy(other / "other.db3", path / "other.db3")
    bag = open_bag(path)
    assert brightnesses(path) == [60, 61, 62]
    assert bag.problems == [
        f"{path}: left out 1 files that its metadata.yaml does not name, to be given by themselves (other.db3)"
    ]


def test_two_recordings_in_one_folder_are_named(tmp_path: Path) -> None:
    for name in ("left", "right"):
        shutil.copy(write(tmp_path / name) / f"{name}.db3", tmp_path / f"{name}_0.db3")
    with pytest.raises(OrposeError, match=r"several recordings and no metadata\.yaml; .*left_0\.db3, right_0\.db3"):
        open_bag(tmp_path)


def test_a_folder_of_bags_names_them(tmp_path: Path) -> None:
    for name in ("day2", "day10"):
        write(tmp_path / name)
    with pytest.raises(OrposeError, match=r"no rosbag2 here .*; give one of those in it: day2, day10"):
        open_bag(tmp_path)


def test_metadata_cannot_point_outside(tmp_path: Path) -> None:
    write(tmp_path / "secret", images=2)
    path = write(tmp_path / "bag", images=1)
    metadata = path / "metadata.yaml"
    metadata.write_text(metadata.read_text().replace("- bag.db3", "- ../secret/secret.db3"))
    bag = open_bag(path)
    assert bag.damaged
    assert brightnesses(path) == [60]


def write_ros1(path: Path) -> Path:
    store = get_typestore(Stores.ROS1_NOETIC)
    store.register(get_types_from_msg("uint8 level", "hospital_msgs/msg/Alarm"))
    types = store.types
    with Writer1(path) as writer:
        images = writer.add_connection("/cam/image_raw", "sensor_msgs/msg/Image", typestore=store)
        infos = writer.add_connection("/cam/camera_info", "sensor_msgs/msg/CameraInfo", typestore=store, latching=1)
        alarms = writer.add_connection("/alarm", "hospital_msgs/msg/Alarm", typestore=store)
        for i in range(3):
            stamp = types["builtin_interfaces/msg/Time"](0, i * STEP)
            header = types["std_msgs/msg/Header"](7, stamp, "camera")
            data = np.full(48 * 64 * 3, 60 + i, np.uint8)
            image = types["sensor_msgs/msg/Image"](header, 48, 64, "bgr8", 0, 192, data)
            if i == 0:
                roi = types["sensor_msgs/msg/RegionOfInterest"](0, 0, 0, 0, False)
                k = np.array([50.0, 0, 32, 0, 51, 24, 0, 0, 1])
                info = types["sensor_msgs/msg/CameraInfo"](
                    header, 48, 64, "plumb_bob", np.zeros(5), k, np.eye(3).ravel(), np.zeros(12), 0, 0, roi
                )
                writer.write(infos, i * STEP, store.serialize_ros1(info, infos.msgtype))
            writer.write(images, i * STEP, store.serialize_ros1(image, images.msgtype))
            alarm = types["hospital_msgs/msg/Alarm"](i)
            writer.write(alarms, i * STEP, store.serialize_ros1(alarm, alarms.msgtype))
    return path


def test_a_bag_of_ros_1(tmp_path: Path) -> None:
    bag = open_bag(write_ros1(tmp_path / "a.bag"))
    assert bag.topics == {
        "/cam/image_raw": BagTopic("/cam/image_raw", "sensor_msgs/msg/Image", 3),
        "/cam/camera_info": BagTopic("/cam/camera_info", "sensor_msgs/msg/CameraInfo", 1, transient_local=True),
        "/alarm": BagTopic("/alarm", "hospital_msgs/msg/Alarm", 3),
    }
    messages = list(bag.messages())
    assert sorted(message.topic for message in messages) == ["/cam/camera_info", *["/cam/image_raw"] * 3]
    for i, message in enumerate(message for message in messages if message.topic == "/cam/image_raw"):
        image = decoded(message)
        assert (message.time_ns, image.header.stamp.nanosec, image.header.frame_id) == (i * STEP, i * STEP, "camera")
        np.testing.assert_array_equal(picture(image), np.full((48, 64, 3), 60 + i))
    notes: list[str] = []
    camera = BagCameras(bag, "/cam/camera_info", View(), notes).at(0, (64, 48))
    assert (camera.fx, camera.fy, camera.guessed, notes) == (50.0, 51.0, False, [])


def test_a_bag_of_ros_1_that_is_cut_short(tmp_path: Path) -> None:
    path = write_ros1(tmp_path / "a.bag")
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(OrposeError, match=r"a\.bag: the ROS 1 bag cannot be read .*rosbag reindex"):
        open_bag(path)


@pytest.mark.parametrize(
    ("rectified", "focal", "distortion"), [(False, 50.0, (0.1, 0.0, 0.0, 0.0, 0.0)), (True, 40.0, ())]
)
def test_the_camera_of_rectified_images(
    tmp_path: Path, rectified: bool, focal: float, distortion: tuple[float, ...]
) -> None:
    info = camera_info_message(
        Camera(64, 48, 50, 50, 32, 24, (0.1, 0, 0, 0, 0)), make_header(0, "camera", message_class), message_class
    )
    info.p = np.array([40.0, 0, 30, 0, 0, 40, 20, 0, 0, 0, 1, 0])
    with new_bag(tmp_path / "bag") as bag:
        bag.add_topic("/cam/camera_info", "sensor_msgs/msg/CameraInfo")
        bag.write("/cam/camera_info", info, 0)
    notes: list[str] = []
    cameras = BagCameras(open_bag(tmp_path / "bag"), "/cam/camera_info", View(), notes, rectified)
    camera = cameras.at(0, (64, 48))
    assert (camera.fx, camera.distortion, notes) == (focal, distortion, [])


def test_a_zoom_takes_effect_with_its_own_image(tmp_path: Path) -> None:
    """By stamps, whenever the messages were recorded; by the recording where there is no stamp."""
    with new_bag(tmp_path / "bag") as bag:
        bag.add_topic("/cam/camera_info", "sensor_msgs/msg/CameraInfo")
        for stamp, recorded, focal in ((100, 900, 50.0), (300, 901, 70.0), (200, 902, 60.0), (0, 903, 90.0)):
            header = make_header(stamp, "camera", message_class)
            info = camera_info_message(Camera(64, 48, focal, focal, 32, 24), header, message_class)
            bag.write("/cam/camera_info", info, recorded)
    cameras = BagCameras(open_bag(tmp_path / "bag"), "/cam/camera_info", View(), [])
    found = [cameras.at(stamp, (64, 48)).fx for stamp in (0, 100, 199, 200, 299, 300, 902, 903)]
    assert found == [50.0, 50.0, 50.0, 60.0, 60.0, 70.0, 70.0, 90.0]
