"""Bags of ROS 1, whose messages are made those of ROS 2."""

from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

from rosbags.convert.converter import migrate_bytes
from rosbags.highlevel import AnyReader

from orpose_models.datasets.bags.topics import BagTopic
from orpose_models.datasets.bags.types import typestore

ROS1_SUFFIX = ".bag"


def ros1_topics(path: Path) -> list[BagTopic]:
    """The topics of a ROS 1 bag; raises whatever the library makes of a damaged one."""
    topics: dict[str, BagTopic] = {}
    with AnyReader([path]) as reader:
        for c in reader.connections:
            known = topics.get(c.topic)
            count = c.msgcount + (known.count if known else 0)
            topics[c.topic] = BagTopic(c.topic, c.msgtype, count, bool(getattr(c.ext, "latching", 0)))
    return list(topics.values())


def ros1_messages(path: Path, wanted: Collection[str]) -> Iterator[tuple[str, str, int, bytes]]:
    """Topic, type, time in nanoseconds and CDR bytes of each message of a type that ROS 2 has, in order of time."""
    store = typestore()
    kept: dict[str, Any] = {}
    with AnyReader([path]) as reader:
        connections = [c for c in reader.connections if c.topic in wanted and c.msgtype in store.types]
        if not connections:
            return
        for connection, time_ns, data in reader.messages(connections):
            kind = connection.msgtype
            cdr = migrate_bytes(reader.typestore, store, kind, kind, kept, data, src_is2=False, dst_is2=True)
            yield connection.topic, kind, time_ns, bytes(cdr)
