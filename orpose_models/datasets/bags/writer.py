"""Writing rosbag2: a bag is there whole or not at all."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

from rosbags.interfaces import (
    Connection,
    Qos,
    QosDurability,
    QosHistory,
    QosLiveliness,
    QosReliability,
    QosTime,
)
from rosbags.rosbag2 import StoragePlugin, Writer

from orpose_models.datasets.bags.types import typestore
from orpose_models.files.disk import atomic_folder
from orpose_models.vocabulary.errors import OrposeError

Storage = Literal["mcap", "sqlite3"]
STORAGES: tuple[Storage, ...] = ("mcap", "sqlite3")


def chosen_storage(name: str) -> Storage:
    """The kind of bag of a name.

    Raises:
        OrposeError: there is none.
    """
    for storage in STORAGES:
        if name == storage:
            return storage
    raise OrposeError(f"storage {name!r} is not known; choose one of: {', '.join(STORAGES)}")


_PLUGINS = {"mcap": StoragePlugin.MCAP, "sqlite3": StoragePlugin.SQLITE3}
_FOREVER = QosTime(9223372036, 854775807)


class BagWriter:
    """Writes messages of rosbags' classes; made by `new_bag`."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer
        self._connections: dict[str, Connection] = {}

    def add_topic(self, name: str, kind: str, transient_local: bool = False) -> None:
        """Announce a topic.

        Args:
            name: its name.
            kind: full name of its message type.
            transient_local: whether players should keep its latest message for late subscribers.
        """
        qos = Qos(
            QosHistory.KEEP_LAST,
            1 if transient_local else 10,
            QosReliability.RELIABLE,
            QosDurability.TRANSIENT_LOCAL if transient_local else QosDurability.VOLATILE,
            _FOREVER,
            _FOREVER,
            QosLiveliness.AUTOMATIC,
            _FOREVER,
            avoid_ros_namespace_conventions=False,
        )
        self._connections[name] = self._writer.add_connection(
            name, kind, typestore=typestore(), offered_qos_profiles=[qos]
        )

    def write(self, topic: str, message: Any, time_ns: int) -> None:
        """Write a message of an announced topic, recorded at a time in nanoseconds."""
        connection = self._connections[topic]
        self._writer.write(connection, time_ns, typestore().serialize_cdr(message, connection.msgtype))


@contextmanager
def new_bag(path: str | Path, storage: Storage = "mcap", notes: Mapping[str, str] | None = None) -> Iterator[BagWriter]:
    """Write a new bag, which appears when it is complete.

    Args:
        path: its folder.
        storage: the kind of file inside.
        notes: kept in the bag's metadata as custom data.

    Raises:
        OrposeError: `path` exists already.
    """
    with atomic_folder(path) as folder, Writer(folder, version=9, storage_plugin=_PLUGINS[storage]) as writer:
        for key, note in (notes or {}).items():
            writer.set_custom_data(key, note)
        yield BagWriter(writer)
