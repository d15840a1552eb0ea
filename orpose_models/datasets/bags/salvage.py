"""Messages of damaged rosbag2 storage, file by file, in the order in which they were written."""

import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path

from mcap.records import Channel, Message, Schema
from mcap.stream_reader import StreamReader
from rosbags.rosbag2 import Reader

from orpose_models.datasets.bags.storage import plain
from orpose_models.files.names import printable
from orpose_models.vocabulary.errors import reason_of

Salvaged = tuple[str, str, int, bytes]  # topic, type, time in nanoseconds, data


def salvaged_messages(files: Sequence[Path], problems: list[str]) -> Iterator[Salvaged]:
    """Every message of storage files that can be read; what cannot is said in `problems`, one sentence a file."""
    for file in files:
        count = 0
        try:
            with plain(file) as readable:
                scan = _whole if _is_whole(readable) else _SCANS[readable.suffix]
                for salvaged in scan(readable):
                    yield salvaged
                    count += 1
        except Exception as error:  # whatever a damaged file makes of a storage library
            reason = f"cut short or damaged after {count} messages ({reason_of(error)})"
            problems.append(f"{printable(file.name)}: {reason}")


def _is_whole(file: Path) -> bool:
    """Whether the file alone is sound, which it is where only the bag's metadata is missing."""
    try:
        with Reader(file):
            return True
    except Exception:
        return False


def _whole(file: Path) -> Iterator[Salvaged]:
    with Reader(file) as reader:
        for connection, time_ns, data in reader.messages():
            yield connection.topic, connection.msgtype, time_ns, bytes(data)


def _scan_mcap(file: Path) -> Iterator[Salvaged]:
    """Record by record from the beginning, as far as whole chunks go."""
    schemas: dict[int, str] = {}
    channels: dict[int, Channel] = {}
    with file.open("rb") as stream:
        for record in StreamReader(stream).records:
            if isinstance(record, Schema):
                schemas[record.id] = record.name
            elif isinstance(record, Channel):
                channels[record.id] = record
            elif isinstance(record, Message):
                channel = channels[record.channel_id]
                yield channel.topic, schemas[channel.schema_id], record.log_time, record.data


def _scan_sqlite(file: Path) -> Iterator[Salvaged]:
    """Row by row without any index. A file shorter than its header says is opened all the same."""
    connection = sqlite3.connect(f"{file.resolve().as_uri()}?mode=ro&immutable=1", uri=True)
    try:
        connection.execute("PRAGMA writable_schema=ON")  # for reading: SQLite then tolerates the missing end
        rows = connection.execute("SELECT id, name, type FROM topics")
        topics = {number: (name, kind) for number, name, kind in rows}
        for number, time_ns, data in connection.execute("SELECT topic_id, timestamp, data FROM messages NOT INDEXED"):
            yield *topics[number], time_ns, data
    finally:
        connection.close()


_SCANS = {".mcap": _scan_mcap, ".db3": _scan_sqlite}
