"""Bags as a source of images to label."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.counting_teacher import SETTINGS, Counting
from support.room_recordings import room_cameras, write_room_bag

from orpose_models.cli.main import run
from orpose_models.datasets.bags.types import message_class
from orpose_models.datasets.bags.writer import Storage, new_bag
from orpose_models.datasets.camera_file import View
from orpose_models.datasets.image_file import read_image
from orpose_models.messages.camera_info import camera_info_message
from orpose_models.messages.compressed_images import bgr_to_compressed
from orpose_models.messages.fields import make_header
from orpose_models.messages.images import bgr_to_image
from orpose_models.training.image_source import Choice, Source
from orpose_models.training.labels import ImageLabels
from orpose_models.training.sources import open_sources
from orpose_models.training.teaching import Paths, Shard, label_shard, merge_shards
from orpose_models.vocabulary.cameras import Camera
from orpose_models.vocabulary.errors import OrposeError

CAMERA = Camera(40, 30, 50.0, 50.0, 19.5, 14.5)
START, STEP = 7_000_000_000, 100_000_000
TILTED = View.read(None, 30.0)


def write_bag(
    path: Path, count: int = 5, storage: Storage = "mcap", broken: int | None = None, info: Camera | None = CAMERA
) -> Path:
    """Raw images of 0, 10, 20 ... grey levels with intrinsics, compressed ones of 200, 210 ... without."""
    with new_bag(path, storage) as bag:
        bag.add_topic("/left/image_raw", "sensor_msgs/msg/Image")
        bag.add_topic("/left/camera_info", "sensor_msgs/msg/CameraInfo")
        bag.add_topic("/right/image_raw/compressed", "sensor_msgs/msg/CompressedImage")
        for i in range(count):
            header = make_header(START + i * STEP, "camera", message_class)
            picture = np.full((30, 40, 3), 10 * (i % 5), np.uint8)
            image: Any = bgr_to_image(picture, header, message_class)
            if i == broken:
                image.encoding = "32FC1"
            if info is not None:
                bag.write("/left/camera_info", camera_info_message(info, header, message_class), i * STEP)
            bag.write("/left/image_raw", image, i * STEP)
            compressed = bgr_to_compressed(picture + 200, header, message_class)
            bag.write("/right/image_raw/compressed", compressed, i * STEP)
    return path


def label(
    bag: Path, folder: Path, choice: Choice, teachers: list[Counting]
) -> tuple[list[Source], list[ImageLabels], list[str]]:
    paths = Paths(folder / "labels.json")
    sources = open_sources([bag], paths.frames, [choice])
    for i, teacher in enumerate(teachers):
        label_shard(sources, teacher, paths, SETTINGS, Shard(i, len(teachers)))
    merged = merge_shards(sources, paths, SETTINGS, len(teachers), {"accept": 0.3})
    assert merged is not None
    labels, problems = merged
    for image in labels.images:  # what training opens is what was labelled
        assert float(image.soft.boxes[0, 2]) == pytest.approx(10 + read_image(labels.path_of(image))[0, 0, 0], abs=2)
    return sources, labels.images, problems


@pytest.mark.parametrize("storage", ["mcap", "sqlite3"])
def test_all_image_topics_are_labelled(tmp_path: Path, storage: Storage) -> None:
    teachers = [Counting(), Counting()]
    sources, images, problems = label(write_bag(tmp_path / "run", storage=storage), tmp_path, Choice(TILTED), teachers)
    assert [(s.kind, s.topic, s.count) for s in sources] == [
        ("bag", "/left/image_raw", 5),
        ("bag", "/right/image_raw/compressed", 5),
    ]
    assert problems == []
    assert teachers[0].seen == pytest.approx([0, 20, 40, 200, 220, 240], abs=2)
    assert len(images) == 10
    assert [image.stamp_ns for image in images] == [START + i * STEP for i in range(5)] * 2
    assert [image.file_name for image in images[:2]] == ["000000.jpg", "000001.jpg"]
    left, right = images[0], images[9]
    assert (left.camera_name, left.group) == ("/left/image_raw", "run")
    assert left.camera is not None
    assert left.camera.fx == 50
    assert left.camera.gravity == pytest.approx((0, 0.8660254, 0.5))
    assert right.camera is not None
    assert right.camera.fx == Camera.from_fov(40, 30).fx  # guessed: no intrinsics, but the tilt is known
    assert sources[1].notes == ("no intrinsics on /right/camera_info: persons have no position in space",)


def test_depth_images_are_not_labelled(tmp_path: Path) -> None:
    write_room_bag(tmp_path / "bag", room_cameras(2), 3, with_depth=True)
    sources = open_sources([tmp_path / "bag"], tmp_path / "frames", [Choice(TILTED)])
    assert [(s.topic, s.count) for s in sources] == [("/cam1/image_raw", 3), ("/cam2/image_raw", 3)]


def test_one_topic_every_other_image(tmp_path: Path) -> None:
    choice = Choice(stride=2, topics=("/right/image_raw/compressed",))
    teacher = Counting()
    (source,), images, _ = label(write_bag(tmp_path / "run"), tmp_path, choice, [teacher])
    assert source.settings()["topic"] == "/right/image_raw/compressed"
    assert [image.file_name for image in images] == ["000000.jpg", "000002.jpg", "000004.jpg"]
    assert [image.camera for image in images] == [None] * 3
    assert teacher.seen == pytest.approx([200, 220, 240], abs=2)


def test_intrinsics_of_the_bag_come_before_those_of_a_file(tmp_path: Path) -> None:
    choice = Choice(View(Camera(40, 30, 99.0, 99.0, 19.5, 14.5)), at_most=2)
    sources, images, _ = label(write_bag(tmp_path / "run"), tmp_path, choice, [Counting()])
    assert [source.stride for source in sources] == [3, 3]
    assert [image.camera.fx for image in images if image.camera] == [50, 50, 99, 99]
    assert sources[1].notes == ()


@pytest.mark.parametrize(("rectified", "focal"), [("auto", 50.0), ("false", 50.0), ("true", 40.0)])
def test_rectified_images_have_the_projection_matrix(tmp_path: Path, rectified: str, focal: float) -> None:
    with new_bag(tmp_path / "run") as bag:
        bag.add_topic("/cam/image_raw", "sensor_msgs/msg/Image")
        bag.add_topic("/cam/camera_info", "sensor_msgs/msg/CameraInfo")
        header = make_header(START, "camera", message_class)
        info = camera_info_message(CAMERA, header, message_class)
        info.p = np.array([40.0, 0, 19.5, 0, 0, 40, 14.5, 0, 0, 0, 1, 0])
        bag.write("/cam/camera_info", info, 0)
        bag.write("/cam/image_raw", bgr_to_image(np.zeros((30, 40, 3), np.uint8), header, message_class), 0)
    (source,), (image,), _ = label(tmp_path / "run", tmp_path, Choice(rectified=rectified), [Counting()])
    assert image.camera is not None
    assert image.camera.fx == focal
    assert source.settings().get("rectified", "auto") == rectified


def test_what_goes_by_a_topics_name_is_told(tmp_path: Path) -> None:
    with new_bag(tmp_path / "run") as bag:
        bag.add_topic("/cam/image_rect", "sensor_msgs/msg/Image")
        bag.add_topic("/cam/camera_info", "sensor_msgs/msg/CameraInfo")
        header = make_header(START, "camera", message_class)
        info = camera_info_message(CAMERA, header, message_class)
        info.p = np.array([40.0, 0, 19.5, 0, 0, 40, 14.5, 0, 0, 0, 1, 0])
        bag.write("/cam/camera_info", info, 0)
        bag.write("/cam/image_rect", bgr_to_image(np.zeros((30, 40, 3), np.uint8), header, message_class), 0)
    told = "/cam/image_rect is taken for rectified by its name: its camera is P, without distortion"
    for rectified, focal, notes in (("auto", 40.0, (told,)), ("true", 40.0, ()), ("false", 50.0, ())):
        (source,), (image,), _ = label(
            tmp_path / "run", tmp_path / rectified, Choice(rectified=rectified), [Counting()]
        )
        assert image.camera is not None
        assert (image.camera.fx, source.notes) == (focal, notes)


def test_one_file_of_a_bag_will_do(tmp_path: Path) -> None:
    (file,) = write_bag(tmp_path / "run").glob("*.mcap")
    _, images, _ = label(file, tmp_path, Choice(), [Counting()])
    assert len(images) == 10
    assert images[0].group == file.stem


def test_interrupted_work_goes_on(tmp_path: Path) -> None:
    paths = Paths(tmp_path / "labels.json")
    sources = open_sources([write_bag(tmp_path / "run")], paths.frames, [Choice()])
    first = Counting(stop_after=6)
    with pytest.raises(KeyboardInterrupt):
        label_shard(sources, first, paths, SETTINGS, Shard())
    rest = Counting()
    counts: list[int] = []
    label_shard(sources, rest, paths, SETTINGS, Shard(), counts.append)
    assert (len(first.seen), len(rest.seen), sum(counts)) == (6, 4, 10)


@pytest.mark.parametrize("storage", ["mcap", "sqlite3"])
def test_a_bag_recorded_again_is_another(tmp_path: Path, storage: Storage) -> None:
    found = []
    for i, count in enumerate((5, 5, 6)):
        bag = write_bag(tmp_path / str(i), count, storage, broken=3 if i == 1 else None)
        for path in (bag, next(iter(bag.glob("*.mcap")), bag)):
            sources = open_sources([path], tmp_path / "frames", [Choice()])
            assert sources[0].content == sources[1].content
            found.append(sources[0].content)
    assert len(set(found)) == 3
    assert found[::2] == found[1::2]


def test_what_cannot_be_decoded_is_named(tmp_path: Path) -> None:
    bag = write_bag(tmp_path / "run", broken=3)
    _, images, (problem,) = label(bag, tmp_path, Choice(), [Counting()])
    assert len(images) == 9
    assert "run: /left/image_raw, image 3: image message: encoding '32FC1' is a depth im" in problem


def test_a_bag_that_was_cut_short(tmp_path: Path) -> None:
    bag = write_bag(tmp_path / "run", count=900)
    (file,) = bag.glob("*.mcap")
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    sources, images, _ = label(bag, tmp_path, Choice(topics=("/left/image_raw",)), [Counting()])
    assert 0 < len(images) < 900
    assert "damaged" in sources[0].notes[0]


def test_mistakes(tmp_path: Path) -> None:
    bag = write_bag(tmp_path / "run")
    (tmp_path / "images").mkdir()
    with new_bag(tmp_path / "other") as writer:
        writer.add_topic("/info", "sensor_msgs/msg/CameraInfo")
        header = make_header(0, "camera", message_class)
        writer.write("/info", camera_info_message(CAMERA, header, message_class), 0)
    write_bag(tmp_path / "empty", count=0)
    (tmp_path / "none.mcap").write_bytes(b"no bag")
    for path, topics, message in (
        (bag, ("/middle",), r"run: no image topic /middle; image topics are: /left/image_raw, /right"),
        (bag, ("/left/camera_info",), r"no image topic /left/camera_info"),
        (tmp_path / "other", (), r"other: no image topic; topics are: /info \(sensor_msgs/msg/CameraInfo\)"),
        (tmp_path / "empty", (), r"empty: no image on /left/image_raw, /right"),
        (tmp_path / "none.mcap", (), r"none.mcap: the bag is damaged .*no message can be read"),
        (tmp_path / "nowhere.db3", (), r"nowhere.db3: no such bag"),
        (tmp_path / "images", ("/left/image_raw",), r"images: not a bag, so it has no topic /left/image_raw"),
    ):
        with pytest.raises(OrposeError, match=message):
            open_sources([path], tmp_path / "frames", [Choice(topics=topics)])
    with pytest.raises(OrposeError, match="the same or have the same name"):
        open_sources([bag, bag], tmp_path / "frames", [Choice()] * 2)


def test_the_verb_labels_a_bag(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bag = write_bag(tmp_path / "run", count=2)
    arguments = ["teach", str(bag), "--teacher", "teacher-fast", "--out", str(tmp_path / "out" / "labels.json")]
    assert run([*arguments, "--topic", "/middle"]) == 2
    assert "no image topic /middle" in " ".join(capsys.readouterr().err.split())
    assert run([*arguments, "--topic", "/left/image_raw"]) == 0
    said = " ".join(capsys.readouterr().err.split())
    assert "0 persons accepted, 0 rejected in 2 images" in said
    assert (tmp_path / "out" / "frames" / "run" / "left-image_raw" / "000001.jpg").is_file()
