"""The topics of one camera's results. Only what has subscribers is converted and published."""

from collections.abc import Mapping
from typing import Any

from rclpy.lifecycle import LifecycleNode, LifecyclePublisher
from rclpy.qos import QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import Image
from std_msgs.msg import Header
from visualization_msgs.msg import MarkerArray

from orpose_models.drawing.overlays import draw_poses
from orpose_models.messages.images import bgr_to_image
from orpose_models.messages.pose_messages import poses2d_message, poses3d_message, skeleton_info_message
from orpose_models.model_format.pose_model import PoseModel
from orpose_models.runtime.pipeline import Result
from orpose_models.vocabulary.cameras import Camera
from orpose_ros.markers import pose_markers
from orpose_ros.message_types import message_class
from orpose_ros.other_outputs import LATCHED, CameraOthers
from orpose_ros.topic_names import placed


def reliability(name: str) -> ReliabilityPolicy:
    """The policy of a parameter's value, 'reliable' or 'best_effort'."""
    return {"reliable": ReliabilityPolicy.RELIABLE, "best_effort": ReliabilityPolicy.BEST_EFFORT}[name]


class Outputs:
    """The publishers of one camera; they are the node's lifecycle publishers, silent unless it is active.

    Args:
        parameters: the node's, read at every result where they are changeable.
        marker_namespace: tells the markers of several cameras apart.
        camera: its name, which is the topics' namespace below the node's; empty for the node's own.

    Raises:
        OrposeError: as `CameraOthers`.
    """

    def __init__(
        self, node: LifecycleNode, parameters: Mapping[str, Any], marker_namespace: str, camera: str = ""
    ) -> None:
        self._node = node
        self._parameters = parameters
        self._marker_namespace = marker_namespace
        self._others = CameraOthers(node, parameters, marker_namespace, camera)
        qos = QoSProfile(
            depth=parameters["output_queue_depth"], reliability=reliability(parameters["output_reliability"])
        )

        def create(kind: Any, topic: str, qos: QoSProfile) -> LifecyclePublisher:
            return node.create_lifecycle_publisher(kind, placed(topic, camera), qos)

        self._poses2d = create(message_class("orpose_msgs/msg/PersonPose2DArray"), "poses2d", qos)
        self._poses3d = create(message_class("orpose_msgs/msg/PersonPose3DArray"), "poses3d", qos)
        self._markers = create(MarkerArray, "markers", qos)
        self._overlay = create(Image, "overlay", qos)
        self._skeleton_info = create(message_class("orpose_msgs/msg/SkeletonInfo"), "skeleton_info", LATCHED)

    @property
    def _all(self) -> tuple[LifecyclePublisher, ...]:
        return self._poses2d, self._poses3d, self._markers, self._overlay, self._skeleton_info

    def describe(self, model: PoseModel) -> None:
        """Publish what the poses mean, for every present and future subscriber."""
        header = Header(stamp=self._node.get_clock().now().to_msg())
        self._skeleton_info.publish(skeleton_info_message(model, header, message_class))

    def publish(self, result: Result, header: Header, camera: Camera) -> None:
        """Publish one result under the image's header.

        Args:
            camera: of the original image, calibrated or guessed.
        """
        wanted = {p: p.get_subscription_count() > 0 for p in self._all}
        if wanted[self._poses2d]:
            self._poses2d.publish(poses2d_message(result.poses, result.resolution, header, message_class))
        if wanted[self._poses3d]:
            self._poses3d.publish(poses3d_message(result.poses, result.resolution, header, message_class))
        if wanted[self._markers]:
            self._markers.publish(
                pose_markers(
                    result.poses,
                    result.display_roots,
                    header,
                    camera,
                    namespace=self._marker_namespace,
                    keypoint_threshold=self._parameters["keypoint_threshold"],
                    lifetime=self._parameters["marker_lifetime"],
                    boxes=self._parameters["marker_boxes"],
                )
            )
        if wanted[self._overlay] and self._parameters["publish_overlay"]:
            drawn = draw_poses(
                result.seen, result.poses, result.resolution.full, self._parameters["keypoint_threshold"]
            )
            self._overlay.publish(bgr_to_image(drawn, header, message_class))
        self._others.publish(result.poses, result.resolution.full, header)

    def destroy(self) -> None:
        """Give the topics up."""
        self._others.destroy()
        for publisher in self._all:
            self._node.destroy_lifecycle_publisher(publisher)
