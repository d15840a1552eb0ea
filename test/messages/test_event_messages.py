import numpy as np

from orpose_models.datasets.bags.types import message_class
from orpose_models.messages.event_messages import tracks_message, zone_event_message
from orpose_models.messages.fields import make_header, stamp_of
from orpose_models.vocabulary.happenings import Followed, ZoneChange, ZoneEvent

HEADER = make_header(7_000_000_001, "room", message_class)


def test_a_list_of_tracks() -> None:
    followed = [Followed(3, 1_500_000_000, 2_000_000_000, ("table",)), Followed(9, 0, 1)]
    message = tracks_message(followed, HEADER, message_class)
    assert stamp_of(message.header) == 7_000_000_001
    first, second = message.tracks
    assert (first.id, first.zones) == (3, ["table"])
    assert (first.first_seen.sec, first.first_seen.nanosec, first.last_seen.sec) == (1, 500_000_000, 2)
    assert (second.id, second.zones, second.last_seen.nanosec) == (9, [], 1)


def test_an_event_in_a_zone() -> None:
    cls = message_class("orpose_msgs/msg/ZoneEvent")
    for change in ZoneChange:
        event = ZoneEvent(change, "table", 3, 0.25, np.array([1.0, 2.0, 3.0]), lost=True)
        message = zone_event_message(event, HEADER, message_class)
        assert message.event == getattr(cls, change.name)
        assert (message.zone, message.id, message.distance, message.lost) == ("table", 3, 0.25, True)
        assert (message.position.x, message.position.y, message.position.z) == (1, 2, 3)
