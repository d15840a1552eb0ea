"""The persons of a room in a bag, as `orpose fuse` writes them."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from orpose_models.datasets.bags.bag_pictures import decoded
from orpose_models.datasets.bags.reader import Bag, open_bag
from orpose_models.messages.fields import stamp_of
from orpose_models.messages.room_messages import room_persons_from_message
from orpose_models.vocabulary.errors import OrposeError
from orpose_models.vocabulary.room_persons import RoomPersons

_TYPE = "orpose_msgs/msg/RoomPersonArray"


@dataclass(frozen=True, eq=False)
class RoomMessage:
    """A moment of a room.

    Attributes:
        stamp_ns: when, nanoseconds.
        frame: the room's.
        cameras: their names, in the order of the persons' views.
        persons: who was there.
    """

    stamp_ns: int
    frame: str
    cameras: tuple[str, ...]
    persons: RoomPersons


def open_room(path: Path) -> tuple[Bag, str]:
    """A bag, and its topic of a room's persons.

    Raises:
        OrposeError: no bag, or none with persons of a room.
    """
    bag = open_bag(path)
    topics = sorted(name for name, topic in bag.topics.items() if topic.type == _TYPE)
    if not topics:
        raise OrposeError(f"{path}: no persons of a room in this bag; make one with orpose fuse")
    return bag, topics[0]


def room_messages(bag: Bag, topic: str) -> Iterator[RoomMessage]:
    """The moments in order; a message that is damaged becomes one of the bag's problems."""
    for message in bag.messages([topic]):
        try:
            content = decoded(message)
        except OrposeError as error:
            bag.problems.append(f"{topic}: {error}")
            continue
        cameras = tuple(content.cameras)
        persons = room_persons_from_message(content, cameras)
        yield RoomMessage(stamp_of(content.header), content.header.frame_id, cameras, persons)
