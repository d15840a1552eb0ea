"""Outputs that other systems read, each off by default: detections, frames and bodies of persons, lists of tracks.

Their message packages need not be installed; `require` says so in a sentence where one is asked for and is not.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rclpy.lifecycle import LifecycleNode, LifecyclePublisher
from rclpy.publisher import Publisher
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy

from orpose_models.messages.bodies import bodies_messages, ids_message, poses_transforms_message
from orpose_models.messages.event_messages import tracks_message
from orpose_models.messages.fields import stamp_of
from orpose_models.messages.vision_detections import detections2d_message, detections3d_message
from orpose_models.tracking.roll import Roll
from orpose_models.vocabulary.errors import OrposeError
from orpose_models.vocabulary.poses import Poses
from orpose_models.vocabulary.resolution import Size
from orpose_ros.message_types import message_class
from orpose_ros.topic_names import placed

LATCHED = QoSProfile(depth=1, reliability=ReliabilityPolicy.RELIABLE, durability=DurabilityPolicy.TRANSIENT_LOCAL)
BODIES = "/humans/bodies"
_KEPT_BODIES = 5 * 10**9  # nanoseconds for which the topics of a body that is gone are kept


def require(what: str, instead: str, *names: str) -> None:
    """
    Args:
        what: begins the sentence: what needs the messages.
        instead: ends it: what to do where they cannot be installed.
        names: of their classes, in full.

    Raises:
        OrposeError: a class is not installed.
    """
    for name in names:
        try:
            message_class(name)
        except (ImportError, AttributeError):
            package, _, cls = name.split("/")
            raise OrposeError(
                f"{what} needs {package}/{cls}, which is not installed here; install {package}, or {instead}"
            ) from None


_NEEDED = {
    "detections": ("vision_msgs/msg/Detection2DArray", "vision_msgs/msg/Detection3DArray", "vision_msgs/msg/Point2D"),
    "body_frames": ("tf2_msgs/msg/TFMessage",),
    "hri_bodies": (
        "hri_msgs/msg/IdsList", "hri_msgs/msg/NormalizedRegionOfInterest2D", "hri_msgs/msg/Skeleton2D",
        "hri_msgs/msg/NormalizedPointOfInterest2D",
    ),
}  # fmt: skip


def check_installed(parameters: Mapping[str, Any]) -> None:
    """
    Raises:
        OrposeError: messages that a node's parameters ask for are not installed.
    """
    for parameter, names in _NEEDED.items():
        if parameters[parameter]:
            require(f"parameter '{parameter}'", f"leave {parameter} off", *names)


class TrackList:
    """The latched topic `tracks`, published when somebody comes, goes or changes zones.

    Args:
        node: owns the publisher.
        topic: its name.
        memory: seconds after which somebody unseen is struck off.
    """

    def __init__(self, node: LifecycleNode, topic: str, memory: float) -> None:
        self._node, self._roll = node, Roll(round(memory * 1e9))
        self._publisher = node.create_lifecycle_publisher(message_class("orpose_msgs/msg/TrackArray"), topic, LATCHED)
        self._said = False

    def update(self, ids: Iterable[int], header: Any, zones: Mapping[int, tuple[str, ...]] | None = None) -> None:
        """Take who is seen, and publish if that changes the list, or if nothing was published yet."""
        if self._roll.call(ids, stamp_of(header), zones) or not self._said:
            self._said = True
            self._publisher.publish(tracks_message(self._roll.all, header, message_class))

    def destroy(self) -> None:
        """Give the topic up."""
        self._node.destroy_lifecycle_publisher(self._publisher)


class Frames:
    """TF frames of persons on /tf."""

    def __init__(self, node: LifecycleNode) -> None:
        self._node = node
        self._publisher = node.create_lifecycle_publisher(message_class("tf2_msgs/msg/TFMessage"), "/tf", 100)

    def publish(self, make: Callable[[], Any]) -> None:
        """Publish the message that `make` makes, if somebody listens and it has frames."""
        if self._publisher.get_subscription_count():
            message = make()
            if message.transforms:
                self._publisher.publish(message)

    def destroy(self) -> None:
        """Give the topic up."""
        self._node.destroy_lifecycle_publisher(self._publisher)


class Bodies:
    """The topics of REP-155: /humans/bodies/tracked, and roi and skeleton2d of each body.

    Args:
        node: owns the publishers.
        source: of the persons, part of their ids.
        images: whether there are images, in which bodies have a region and a skeleton.
    """

    def __init__(self, node: LifecycleNode, source: str, images: bool = True) -> None:
        kinds = {"roi": "hri_msgs/msg/NormalizedRegionOfInterest2D", "skeleton2d": "hri_msgs/msg/Skeleton2D"}
        self._node, self._source = node, source
        self._kinds = {name: message_class(kind) for name, kind in kinds.items()} if images else {}
        tracked = message_class("hri_msgs/msg/IdsList")
        self._tracked = node.create_lifecycle_publisher(tracked, f"{BODIES}/tracked", 10)
        self._of_body: dict[str, dict[str, Publisher]] = {}
        self._last: dict[str, int] = {}  # nanoseconds

    def publish(self, ids: NDArray[np.int64], header: Any, poses: Poses | None = None, size: Size = (1, 1)) -> None:
        """Publish who is there; of those in an image of a size (width, height) also where."""
        now = stamp_of(header)
        self._tracked.publish(ids_message(ids, self._source, header, message_class))
        if poses is None or not self._kinds:
            return
        for name, roi, skeleton in bodies_messages(poses, size, self._source, header, message_class):
            publishers = self._of_body.get(name)
            if publishers is None:
                publishers = {
                    topic: self._node.create_publisher(kind, f"{BODIES}/{name}/{topic}", 1)
                    for topic, kind in self._kinds.items()
                }
                self._of_body[name] = publishers
            self._last[name] = now
            publishers["roi"].publish(roi)
            publishers["skeleton2d"].publish(skeleton)
        for name in [name for name, at in self._last.items() if abs(now - at) > _KEPT_BODIES]:
            self._forget(name)

    def _forget(self, name: str) -> None:
        self._last.pop(name, None)
        for publisher in self._of_body.pop(name, {}).values():
            self._node.destroy_publisher(publisher)

    def destroy(self) -> None:
        """Give the topics up."""
        for name in list(self._of_body):
            self._forget(name)
        self._node.destroy_lifecycle_publisher(self._tracked)


class CameraOthers:
    """What others read of one camera's persons.

    Args:
        node: owns the publishers.
        parameters: the node's.
        source: of the persons, part of the names of frames and bodies.
        camera: its name, which is the topics' namespace below the node's; empty for the node's own.

    Raises:
        OrposeError: messages that are asked for are not installed, or REP-155 is asked for with several cameras.
    """

    def __init__(self, node: LifecycleNode, parameters: Mapping[str, Any], source: str, camera: str) -> None:
        check_installed(parameters)
        self._node, self._source = node, source
        self._detections: list[LifecyclePublisher] = []
        self._frames: Frames | None = None
        self._bodies: Bodies | None = None
        self._tracks: TrackList | None = None
        if parameters["hri_bodies"] and camera:
            raise OrposeError(
                "parameter 'hri_bodies' is for a node of one camera: /humans/bodies/tracked is one list; with several "
                "cameras set it for fusion_node"
            )
        if parameters["detections"]:
            kinds = {n: message_class(f"vision_msgs/msg/Detection{n}DArray") for n in (2, 3)}
            self._detections = [
                node.create_lifecycle_publisher(kind, placed(f"detections{n}d", camera), 10)
                for n, kind in kinds.items()
            ]
        if parameters["body_frames"]:
            self._frames = Frames(node)
        if parameters["hri_bodies"]:
            self._bodies = Bodies(node, source)
        if parameters["track_list"]:
            self._tracks = TrackList(node, placed("tracks", camera), parameters["id_memory"])

    def publish(self, poses: Poses, size: Size, header: Any) -> None:
        """Publish one image's persons; `size` is the full image's, `header` the image's."""
        for publisher, make in zip(self._detections, (detections2d_message, detections3d_message), strict=False):
            if publisher.get_subscription_count():
                publisher.publish(make(poses, header, message_class))
        if self._frames is not None:
            self._frames.publish(lambda: poses_transforms_message(poses, self._source, header, message_class))
        if self._bodies is not None:
            self._bodies.publish(poses.ids, header, poses, size)
        if self._tracks is not None:
            self._tracks.update(poses.ids.tolist(), header)

    def destroy(self) -> None:
        """Give the topics up."""
        for publisher in self._detections:
            self._node.destroy_lifecycle_publisher(publisher)
        for one in (self._frames, self._bodies, self._tracks):
            if one is not None:
                one.destroy()
        self._detections, self._frames, self._bodies, self._tracks = [], None, None, None
