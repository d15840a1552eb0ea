"""The topics of a room. What is not latched is only made if somebody subscribes to it."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from rclpy.lifecycle import LifecycleNode, LifecyclePublisher
from rclpy.qos import QoSProfile
from visualization_msgs.msg import MarkerArray

from orpose_models.fusion.room import RoomMoment
from orpose_models.fusion.zones import ZoneWatch, read_zones
from orpose_models.messages.bodies import room_transforms_message
from orpose_models.messages.event_messages import zone_event_message
from orpose_models.messages.fields import make_header
from orpose_models.messages.room_messages import room_markers_message, room_persons_message, room_poses3d_message
from orpose_models.messages.vision_detections import room_detections3d_message
from orpose_ros.message_types import message_class
from orpose_ros.other_outputs import Bodies, Frames, TrackList, check_installed
from orpose_ros.outputs import reliability

SOURCE = "room"  # of the persons, in names of frames and bodies


class RoomOutputs:
    """The publishers of a room; they are the node's lifecycle publishers, silent unless it is active.

    Args:
        node: owns them.
        parameters: the node's, read at every moment where they are changeable.
        cameras: their names, in the order of the persons' views.
        frame: the room's.

    Raises:
        OrposeError: messages that are asked for are not installed, or the zones are none.
    """

    def __init__(self, node: LifecycleNode, parameters: Mapping[str, Any], cameras: Sequence[str], frame: str) -> None:
        check_installed(parameters)
        zones = read_zones(parameters["zones"])
        self._node, self._parameters, self._cameras, self._frame = node, parameters, tuple(cameras), frame
        qos = QoSProfile(
            depth=parameters["output_queue_depth"], reliability=reliability(parameters["output_reliability"])
        )
        kinds = {
            "poses3d": message_class("orpose_msgs/msg/PersonPose3DArray"),
            "persons": message_class("orpose_msgs/msg/RoomPersonArray"),
            "markers": MarkerArray,
        }
        if parameters["detections"]:
            kinds["detections3d"] = message_class("vision_msgs/msg/Detection3DArray")
        self._publishers: dict[str, LifecyclePublisher] = {
            topic: node.create_lifecycle_publisher(kind, f"room/{topic}", qos) for topic, kind in kinds.items()
        }
        memory = parameters["memory"]
        self._watch = ZoneWatch(zones, parameters["zone_distance"], parameters["zone_joints"], memory)
        self._events: LifecyclePublisher | None = None
        if zones:
            kind = message_class("orpose_msgs/msg/ZoneEvent")
            self._events = node.create_lifecycle_publisher(kind, "room/zone_events", 100)
        self._frames = Frames(node) if parameters["body_frames"] else None
        self._bodies = Bodies(node, SOURCE, images=False) if parameters["hri_bodies"] else None
        self._tracks = TrackList(node, "room/tracks", memory) if parameters["track_list"] else None

    def publish(self, moment: RoomMoment) -> None:
        """Publish a moment."""
        header = make_header(moment.stamp_ns, self._frame, message_class)
        persons, parameters = moment.persons, self._parameters
        made: dict[str, Callable[[], Any]] = {
            "poses3d": lambda: room_poses3d_message(persons, header, message_class),
            "persons": lambda: room_persons_message(persons, self._cameras, moment.present, header, message_class),
            "markers": lambda: room_markers_message(
                persons, header, message_class, parameters["marker_lifetime"], parameters["joint_threshold"]
            ),
            "detections3d": lambda: room_detections3d_message(persons, header, message_class),
        }
        for topic, publisher in self._publishers.items():
            if publisher.get_subscription_count():
                publisher.publish(made[topic]())
        if self._frames is not None:
            self._frames.publish(lambda: room_transforms_message(persons, SOURCE, header, message_class))
        if self._bodies is not None:
            self._bodies.publish(persons.ids, header)
        if self._events is not None:
            for event in self._watch.update(persons, moment.stamp_ns * 1e-9):
                self._events.publish(zone_event_message(event, header, message_class))
        if self._tracks is not None:
            self._tracks.update(persons.ids.tolist(), header, self._watch.where())

    def destroy(self) -> None:
        """Give the topics up."""
        for publisher in [*self._publishers.values(), *([self._events] if self._events is not None else [])]:
            self._node.destroy_lifecycle_publisher(publisher)
        for one in (self._frames, self._bodies, self._tracks):
            if one is not None:
                one.destroy()
        self._publishers, self._events, self._frames, self._bodies, self._tracks = {}, None, None, None, None
