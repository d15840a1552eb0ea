"""Who is followed and what happens in zones, as ROS messages. For rclpy's classes and rosbags' alike."""

from collections.abc import Sequence
from typing import Any

from orpose_models.messages.fields import MessageTypes, copy_header, make_time
from orpose_models.vocabulary.happenings import Followed, ZoneEvent


def tracks_message(followed: Sequence[Followed], header: Any, types: MessageTypes) -> Any:
    """An orpose_msgs/TrackArray.

    Args:
        followed: everybody.
        header: of the image or moment; it is copied.
        types: finds the message classes.
    """
    track = types("orpose_msgs/msg/Track")
    tracks = [
        track(
            id=one.id,
            first_seen=make_time(one.first_ns, types),
            last_seen=make_time(one.last_ns, types),
            zones=list(one.zones),
        )
        for one in followed
    ]
    return types("orpose_msgs/msg/TrackArray")(header=copy_header(header, types), tracks=tracks)


def zone_event_message(event: ZoneEvent, header: Any, types: MessageTypes) -> Any:
    """An orpose_msgs/ZoneEvent; arguments as in `tracks_message`."""
    x, y, z = (float(v) for v in event.position)
    return types("orpose_msgs/msg/ZoneEvent")(
        header=copy_header(header, types),
        event=int(event.change),
        zone=event.zone,
        id=event.person,
        distance=event.distance,
        position=types("geometry_msgs/msg/Point")(x=x, y=y, z=z),
        lost=event.lost,
    )
