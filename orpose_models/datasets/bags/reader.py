"""Reading rosbag2, whole or damaged: what can be read is given, and what could not is said."""

from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from rosbags.rosbag2 import Reader

from orpose_models.datasets.bags.salvage import SUFFIXES, salvaged_messages, storage_files
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


@dataclass(frozen=True)
class BagTopic:
    """A topic of a bag; `transient_local` if its publisher kept the latest message for late subscribers."""

    name: str
    type: str
    count: int
    transient_local: bool = False


@dataclass
class Bag:
    """A rosbag2 that can be gone through any number of times.

    Attributes:
        path: its folder, or a single .mcap or .db3 file.
        topics: its topics by name.
        problems: one sentence for each thing that could not be read; grows while messages are read.
        damaged: whether only parts of it can be read, in the order of the file.
    """

    path: Path
    topics: dict[str, BagTopic]
    problems: list[str] = field(default_factory=list)
    damaged: bool = False

    def messages(self, topics: Collection[str] | None = None) -> Iterator[BagMessage]:
        """The messages of some topics, or of all, in order of time."""
        wanted = set(self.topics if topics is None else topics)
        if self.damaged:
            for topic, kind, time_ns, data in salvaged_messages(self.path, problems=[]):
                if topic in wanted:
                    yield BagMessage(topic, kind, time_ns, data)
            return
        count = 0
        expected = sum(topic.count for name, topic in self.topics.items() if name in wanted)
        try:
            with Reader(self.path) as reader:
                connections = [connection for connection in reader.connections if connection.topic in wanted]
                if not connections:
                    return
                for connection, time_ns, data in reader.messages(connections):
                    yield BagMessage(connection.topic, connection.msgtype, time_ns, bytes(data))
                    count += 1
        except Exception as error:  # whatever a damaged file makes of a storage library
            problem = (
                f"{self.path}: damaged after {count} of {expected} messages ({reason_of(error)}); the rest is left out"
            )
            if problem not in self.problems:
                self.problems.append(problem)


def open_bag(path: str | Path) -> Bag:
    """Open a rosbag2: its folder, or a single .mcap or .db3 file.

    A damaged bag (cut short, without metadata, with a broken file) is opened too; `problems` says what is wrong.

    Raises:
        OrposeError: nothing there, no rosbag2, or nothing of it can be read.
    """
    path = Path(path)
    if not path.exists():
        raise OrposeError(f"{path}: no such bag")
    if path.suffix == ".bag":
        raise OrposeError(f"{path}: a ROS 1 bag; convert it first: rosbags-convert --src {path} --dst {path.stem}")
    if not storage_files(path):
        raise OrposeError(f"{path}: no rosbag2 here (a folder with {' or '.join(SUFFIXES)} files, or one such file)")
    try:
        with Reader(path) as reader:
            topics: dict[str, BagTopic] = {}
            for c in reader.connections:
                known = topics.get(c.topic)
                durabilities = {profile.durability.name for profile in c.ext.offered_qos_profiles}  # type: ignore[union-attr]
                topics[c.topic] = BagTopic(
                    c.topic,
                    c.msgtype,
                    c.msgcount + (known.count if known else 0),
                    durabilities == {"TRANSIENT_LOCAL"},
                )
            return Bag(path, topics)
    except Exception as error:  # whatever a foreign or damaged file makes of a storage library
        problems = [f"{path}: the bag is damaged ({reason_of(error)}); reading what can be read"]
        return _damaged_bag(path, problems)


def _damaged_bag(path: Path, problems: list[str]) -> Bag:
    counts: Counter[tuple[str, str]] = Counter()
    for topic, kind, _, _ in salvaged_messages(path, problems):
        counts[topic, kind] += 1
    if not counts:
        raise OrposeError("; ".join([*problems, f"{path}: no message can be read"]))
    topics = {topic: BagTopic(topic, kind, count) for (topic, kind), count in counts.items()}
    return Bag(path, topics, problems, damaged=True)
