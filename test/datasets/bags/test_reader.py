from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest

from orpose_models.datasets.bags.reader import BagTopic, open_bag
from orpose_models.datasets.bags.types import message_class
from orpose_models.datasets.bags.writer import STORAGES, Storage, new_bag
from orpose_models.messages.fields import make_header
from orpose_models.messages.images import bgr_to_image
from orpose_models.vocabulary.errors import OrposeError

STEP = 100_000_000


def write_bag(path: Path, storage: Storage = "mcap", images: int = 20) -> Path:
    """A bag of noise, 230 kB an image, so that it has several chunks or many pages; and a latched topic."""
    rng = np.random.default_rng(0)
    with new_bag(path, storage) as bag:
        bag.add_topic("/image", "sensor_msgs/msg/Image")
        bag.add_topic("/name", "std_msgs/msg/String", transient_local=True)
        bag.write("/name", message_class("std_msgs/msg/String")("ceiling"), 0)
        for i in range(images):
            header = make_header(i * STEP, "camera", message_class)
            image = rng.integers(0, 256, (240, 320, 3), np.uint8)
            bag.write("/image", bgr_to_image(image, header, message_class), i * STEP)
    return path


def storage_file(path: Path) -> Path:
    return next(file for file in path.iterdir() if file.suffix in (".mcap", ".db3"))


def cut(path: Path, share: float) -> Path:
    file = storage_file(path)
    content = file.read_bytes()
    file.write_bytes(content[: int(len(content) * share)])
    return path


def test_a_bag_without_messages_has_its_topics(tmp_path: Path) -> None:
    with new_bag(tmp_path / "bag") as bag:
        bag.add_topic("/image", "sensor_msgs/msg/Image")
    opened = open_bag(tmp_path / "bag")
    assert opened.topics == {"/image": BagTopic("/image", "sensor_msgs/msg/Image", 0)}
    assert list(opened.messages()) == []


@pytest.mark.parametrize("storage", STORAGES)
def test_a_whole_bag(tmp_path: Path, storage: Storage) -> None:
    bag = open_bag(write_bag(tmp_path / "bag", storage))
    assert bag.topics == {
        "/image": BagTopic("/image", "sensor_msgs/msg/Image", 20),
        "/name": BagTopic("/name", "std_msgs/msg/String", 1, transient_local=True),
    }
    messages = list(bag.messages())
    assert [message.time_ns for message in messages] == [0, *(i * STEP for i in range(20))]
    assert [message.topic for message in bag.messages(["/name"])] == ["/name"]
    assert (bag.problems, bag.damaged) == ([], False)


@pytest.mark.parametrize("storage", STORAGES)
def test_a_single_file_is_a_bag(tmp_path: Path, storage: Storage) -> None:
    bag = open_bag(storage_file(write_bag(tmp_path / "bag", storage)))
    assert len(list(bag.messages())) == 21


@pytest.mark.parametrize("storage", STORAGES)
@pytest.mark.parametrize("share", [0.3, 0.7, 0.98])
def test_a_cut_bag_gives_its_beginning_and_says_so(tmp_path: Path, storage: Storage, share: float) -> None:
    whole = list(open_bag(write_bag(tmp_path / "whole", storage)).messages())
    bag = open_bag(cut(write_bag(tmp_path / "bag", storage), share))
    messages = list(bag.messages())
    assert messages == whole[: len(messages)]
    # A chunk of an MCAP file is read whole or not at all; the writer's have five of these images.
    assert 21 * share - 6 <= len(messages) <= 21 * share + 1
    assert bag.topics["/image"].count == len(messages) - 1
    assert "the bag is damaged" in bag.problems[0]
    assert f"cut short or damaged after {len(messages)} messages" in bag.problems[1]


@pytest.mark.parametrize("storage", STORAGES)
def test_a_bag_without_metadata_is_read_whole(tmp_path: Path, storage: Storage) -> None:
    path = write_bag(tmp_path / "bag", storage)
    (path / "metadata.yaml").unlink()
    bag = open_bag(path)
    assert len(list(bag.messages())) == 21
    assert len(bag.problems) == 1


def test_a_split_bag_with_a_broken_part_gives_the_others(tmp_path: Path) -> None:
    path = tmp_path / "bag"
    path.mkdir()
    for number in (2, 10, 9):  # in order of their numbers, not of their letters
        part = storage_file(write_bag(tmp_path / f"part{number}", images=number))
        part.rename(path / f"bag_{number}.mcap")
    (path / "bag_5.mcap").write_bytes(b"not an MCAP file")
    bag = open_bag(path)
    assert bag.topics["/image"].count == 21
    assert [message.time_ns for message in bag.messages(["/image"])] == [i * STEP for n in (2, 9, 10) for i in range(n)]
    assert bag.problems[1].startswith("bag_5.mcap: cut short or damaged after 0 messages")


@pytest.mark.parametrize(
    ("storage", "problem"), [("mcap", "of 21 messages"), ("sqlite3", "cut short or damaged after")]
)
def test_damage_in_the_middle_ends_the_reading(tmp_path: Path, storage: Storage, problem: str) -> None:
    whole = list(open_bag(write_bag(tmp_path / "whole", storage)).messages())
    path = write_bag(tmp_path / "bag", storage)
    file = storage_file(path)
    content = bytearray(file.read_bytes())
    content[len(content) // 2 : len(content) // 2 + 300_000] = b"\xff" * 300_000
    file.write_bytes(content)
    bag = open_bag(path)
    messages = list(bag.messages())
    assert 5 <= len(messages) < 21
    assert messages == whole[: len(messages)]
    problems = list(bag.problems)
    assert problem in problems[-1]
    assert f"after {len(messages)} " in problems[-1]
    assert list(bag.messages()) == messages
    assert bag.problems == problems


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("nothing", None, "no such bag"),
        (
            "recording.bag",
            b"#ROSBAG V2.0\n",
            "ROS 1 bag cannot be read .*; where ROS 1 is, mend it: rosbag reindex",
        ),
        ("recording.bag", b"", "the ROS 1 bag cannot be read"),
        ("notes.txt", b"hello", "no rosbag2 here"),
        ("empty.mcap", b"", "no message can be read"),
        ("empty.db3", b"", "no message can be read"),
        ("foreign.mcap", b"\x00" * 1000, "no message can be read"),
        ("foreign.db3", b"\x00" * 1000, "no message can be read"),
    ],
)
def test_what_is_no_bag_is_refused(tmp_path: Path, name: str, content: bytes | None, reason: str) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(OrposeError, match=reason):
        open_bag(tmp_path / name)


def test_a_folder_without_storage_is_refused(tmp_path: Path) -> None:
    with pytest.raises(OrposeError, match="no rosbag2 here"):
        open_bag(tmp_path)


def test_an_interrupted_writer_leaves_nothing(tmp_path: Path) -> None:
    with suppress(KeyboardInterrupt), new_bag(tmp_path / "bag") as bag:
        bag.add_topic("/image", "sensor_msgs/msg/Image")
        raise KeyboardInterrupt
    assert list(tmp_path.iterdir()) == []


def test_an_existing_bag_is_not_overwritten(tmp_path: Path) -> None:
    path = write_bag(tmp_path / "bag", images=1)
    with pytest.raises(OrposeError, match="exists already"), new_bag(path):
        pass
    assert len(list(open_bag(path).messages())) == 2
