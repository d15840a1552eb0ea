"""The node of the live view: what is published of the room, on a page in the browser. It publishes nothing."""

from functools import partial
from typing import Any

import numpy as np
from diagnostic_msgs.msg import DiagnosticArray
from rclpy.node import Node
from rclpy.qos import qos_profile_sensor_data
from sensor_msgs.msg import Image

from orpose_models.messages.fields import stamp_of
from orpose_models.messages.images import image_to_bgr
from orpose_models.messages.pose_messages import poses3d_from_message
from orpose_models.messages.room_messages import room_persons_from_message
from orpose_models.view.level import Level
from orpose_models.view.server import ViewServer
from orpose_models.view.state import Health, ViewState
from orpose_models.vocabulary.errors import OrposeError
from orpose_ros.declaration import NodeParameters
from orpose_ros.message_types import message_class
from orpose_ros.topic_names import CAMERA, camera_names
from orpose_ros.web_parameters import WEB_PARAMETERS

_LEVELS = {0: "ok", 1: "warn"}


class WebView(Node):
    """Serves the page from its start to its end.

    Raises:
        OrposeError: the address cannot be bound to, or a topic's name is impossible.
    """

    def __init__(self) -> None:
        super().__init__("web_view", namespace="orpose")
        self._declared = False
        settings = NodeParameters(self, lambda: self._declared, WEB_PARAMETERS)
        self._declared = True  # from here on they are in use
        cameras = [name for name in camera_names(settings["cameras"]) if name]
        self._state = ViewState("orpose", images=bool(cameras))
        self._level = Level(np.asarray(settings["gravity"]))
        topic, name, receive = settings["persons_topic"], "RoomPersonArray", self._on_persons
        if settings["poses3d_topic"]:
            topic, name, receive = settings["poses3d_topic"], "PersonPose3DArray", self._on_poses
        self.create_subscription(message_class(f"orpose_msgs/msg/{name}"), topic, receive, qos_profile_sensor_data)
        self.create_subscription(DiagnosticArray, "/diagnostics", self._on_diagnostics, 10)
        for name in cameras:
            topic = settings["overlay_topic"].replace(CAMERA, name)
            self.create_subscription(Image, topic, partial(self._on_picture, name), qos_profile_sensor_data)
        self._server = ViewServer(self._state, settings["host"], settings["port"], settings["token"])
        self.get_logger().info(f"the room is shown on {self._server.address}")

    def close(self) -> bool:
        """Stop serving."""
        self._server.close()
        return True

    def _on_persons(self, message: Any) -> None:
        cameras = sorted({name for person in message.persons for name in person.cameras} | set(message.cameras))
        persons = room_persons_from_message(message, cameras)
        self._state.show_persons(persons, cameras, message.header.frame_id, stamp_of(message.header) * 1e-9)

    def _on_poses(self, message: Any) -> None:
        header = message.header
        persons = self._level.persons(poses3d_from_message(message))
        self._state.show_persons(persons, [header.frame_id], f"{header.frame_id}, level", stamp_of(header) * 1e-9)

    def _on_picture(self, camera: str, message: Image) -> None:
        try:
            self._state.show_picture(camera, image_to_bgr(message))
        except OrposeError as error:
            self.get_logger().warning(f"{camera}: a picture is left out: {error}", throttle_duration_sec=5.0)

    def _on_diagnostics(self, message: DiagnosticArray) -> None:
        for status in message.status:
            if status.name.startswith(self.get_namespace()):
                name = status.name.removeprefix(self.get_namespace()).lstrip("/")
                self._state.show_health(Health(name, _LEVELS.get(status.level[0], "error"), status.message))
