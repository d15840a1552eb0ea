"""Reading bags, whole or damaged: what can be read is given, and what could not is said."""

from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from rosbags.rosbag2 import Reader

from orpose_models.datasets.bags.ros1 import ROS1_SUFFIX, ros1_messages, ros1_topics
from orpose_models.datasets.bags.salvage import Salvaged, salvaged_messages
from orpose_models.datasets.bags.storage import SUFFIXES, files_of_bag, plain, require_room, storage_files
from orpose_models.datasets.bags.topics import BagTopic
from orpose_models.files.names import natural_key, printable
from orpose_models.vocabulary.errors import OrposeError, reason_of


@dataclass(frozen=True)
class BagMessage:
    """One message as it stands in the bag.

    Attributes:
        topic: its topic.
        type: full name of its type, such as "sensor_msgs/msg/Image".
        time_ns: when it was recorded, in nanoseconds.
        data: its bytes (CDR).
    """

    topic: str
    type: str
    time_ns: int
    data: bytes


@dataclass
class Bag:
    """A rosbag2, or a ROS 1 bag, that can be gone through any number of times.

    Attributes:
        path: its folder, or a single storage file.
        topics: its topics by name.
        problems: one sentence for each thing that could not be read; grows while messages are read.
        damaged: whether only parts of it can be read, in the order of the file.
        files: what it is stored in.
    """

    path: Path
    topics: dict[str, BagTopic]
    problems: list[str] = field(default_factory=list)
    damaged: bool = False
    files: tuple[Path, ...] = ()

    def messages(self, topics: Collection[str] | None = None) -> Iterator[BagMessage]:
        """The messages of some topics, or of all, in order of time.

        Those of a ROS 1 bag are made ROS 2's; what is of a type that ROS 2 has not is left out.
        """
        wanted = set(self.topics if topics is None else topics)
        if self.damaged:
            for topic, kind, time_ns, data in salvaged_messages(self.files, problems=[]):
                if topic in wanted:
                    yield BagMessage(topic, kind, time_ns, data)
            return
        count = 0
        expected = sum(topic.count for name, topic in self.topics.items() if name in wanted)
        messages = ros1_messages if self.path.suffix == ROS1_SUFFIX else _messages
        try:
            for topic, kind, time_ns, data in messages(self.path, wanted):
                yield BagMessage(topic, kind, time_ns, data)
                count += 1
        except Exception as error:  # whatever a damaged file makes of a storage library
            rest = f"damaged after {count} of {expected} messages ({reason_of(error)}); the rest is left out"
            problem = f"{printable(self.path)}: {rest}"
            if problem not in self.problems:
                self.problems.append(problem)


def _messages(path: Path, wanted: Collection[str]) -> Iterator[Salvaged]:
    with plain(path) as readable, Reader(readable) as reader:
        connections = [connection for connection in reader.connections if connection.topic in wanted]
        if not connections:
            return
        for connection, time_ns, data in reader.messages(connections):
            yield connection.topic, connection.msgtype, time_ns, bytes(data)


def open_bag(path: str | Path) -> Bag:
    """Open a bag: the folder of a rosbag2, one of its storage files (compressed or not), or a ROS 1 .bag file.

    A damaged bag (cut short, without metadata, with a broken file) is opened too; `problems` says what is wrong.

    Raises:
        OrposeError: nothing there, no bag, several bags, or nothing of it can be read.
    """
    path = Path(path)
    name = printable(path)
    if not path.exists():
        raise OrposeError(f"{name}: no such bag")
    if path.suffix == ROS1_SUFFIX and path.is_file():
        try:
            return Bag(path, {topic.name: topic for topic in ros1_topics(path)}, files=(path,))
        except Exception as error:  # whatever a foreign or damaged file makes of the library
            raise OrposeError(
                f"{name}: the ROS 1 bag cannot be read ({reason_of(error)}); where ROS 1 is, mend it: rosbag reindex"
            ) from None
    problems: list[str] = []
    files = tuple(files_of_bag(path, problems))
    if not files:
        raise OrposeError(_no_bag(path))
    require_room(path)
    try:
        with plain(path) as readable, Reader(readable) as reader:
            return Bag(path, _topics(reader), problems, files=files)
    except OrposeError:
        raise
    except Exception as error:  # whatever a foreign or damaged file makes of a storage library
        problems.append(f"{name}: the bag is damaged ({reason_of(error)}); reading what can be read")
        return _damaged_bag(path, files, problems)


def _topics(reader: Reader) -> dict[str, BagTopic]:
    topics: dict[str, BagTopic] = {}
    for c in reader.connections:
        known = topics.get(c.topic)
        count = c.msgcount + (known.count if known else 0)
        durabilities = {profile.durability.name for profile in c.ext.offered_qos_profiles}  # type: ignore[union-attr]
        topics[c.topic] = BagTopic(c.topic, c.msgtype, count, durabilities == {"TRANSIENT_LOCAL"})
    return topics


def _no_bag(path: Path) -> str:
    text = f"{printable(path)}: no rosbag2 here (a folder with {' or '.join(SUFFIXES)} files, or one such file)"
    if not path.is_dir():
        return text
    inside = [f for f in path.iterdir() if storage_files(f) or f.suffix == ROS1_SUFFIX]
    names = ", ".join(printable(file.name) for file in sorted(inside, key=natural_key)[:5])
    return f"{text}; give one of those in it: {names}" if names else text


def _damaged_bag(path: Path, files: tuple[Path, ...], problems: list[str]) -> Bag:
    counts: Counter[tuple[str, str]] = Counter()
    for topic, kind, _, _ in salvaged_messages(files, problems):
        counts[topic, kind] += 1
    if not counts:
        raise OrposeError("; ".join([*problems, f"{printable(path)}: no message can be read"]))
    topics = {topic: BagTopic(topic, kind, count) for (topic, kind), count in counts.items()}
    return Bag(path, topics, problems, damaged=True, files=files)
