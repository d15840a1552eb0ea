"""A `fusion_node` in a process of its own, with a made-up room of two cameras, and a listener."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import rclpy
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from rclpy.context import Context
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import CameraInfo
from visualization_msgs.msg import MarkerArray

from orpose_models.messages.camera_info import camera_info_message
from orpose_models.messages.fields import make_header, stamp_of
from orpose_models.messages.pose_messages import poses2d_message, poses3d_message
from orpose_models.vocabulary.resolution import Resolution
from orpose_msgs.msg import PersonPose2DArray, PersonPose3DArray, RoomPersonArray
from orpose_ros.message_types import message_class

from support.room import rig, seen  # isort: skip
from support.room_recordings import rig_text  # isort: skip

CAMERAS = rig(2)
DOMAIN = 100 + os.getpid() % 100
LIMIT = 300.0
SIZE = Resolution((640, 480), (640, 480), 1.0)


LATCHED = QoSProfile(depth=1, reliability=ReliabilityPolicy.RELIABLE, durability=DurabilityPolicy.TRANSIENT_LOCAL)


class RoomRig:
    """Publishes poses of two cameras, and hears what comes of them.

    Args:
        folder: for the rig file and the log.
        others: parameters of the node besides the cameras and the rig file.
    """

    def __init__(self, folder: Path, **others: Any) -> None:
        (folder / "rig.yaml").write_text(rig_text(CAMERAS))
        self.log = folder / "log.txt"
        options: dict[str, Any] = {
            "cameras": "cam1,cam2",
            "rig_file": folder / "rig.yaml",
            "check_period": 0.5,
            "patience": 10.0,
        }
        options |= others
        arguments = [word for name, value in options.items() for word in ("-p", f"{name}:={value}")]
        environment = {**os.environ, "ROS_DOMAIN_ID": str(DOMAIN), "ROS_LOG_DIR": str(folder)}
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "orpose_ros.fusion_node", "--ros-args", *arguments],
                stdout=log, stderr=subprocess.STDOUT, env=environment,
                preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
            )  # fmt: skip
        self._context = Context()
        rclpy.init(args=[], context=self._context, domain_id=DOMAIN)
        self.node = Node("rig", context=self._context)
        self._executor = SingleThreadedExecutor(context=self._context)
        self._executor.add_node(self.node)
        self.persons: dict[int, RoomPersonArray] = {}
        self.poses: dict[int, PersonPose3DArray] = {}
        self.markers: list[MarkerArray] = []
        self.diagnostics: dict[str, DiagnosticStatus] = {}
        create = self.node.create_publisher
        self._out = {
            view.name: (
                create(PersonPose2DArray, f"/orpose/{view.name}/poses2d", 10),
                create(PersonPose3DArray, f"/orpose/{view.name}/poses3d", 10),
                create(CameraInfo, f"/{view.name}/camera_info", 10),
            )
            for view in CAMERAS
        }
        listen = self.node.create_subscription
        listen(RoomPersonArray, "/orpose/room/persons", lambda m: self._keep(self.persons, m), 10)
        listen(PersonPose3DArray, "/orpose/room/poses3d", lambda m: self._keep(self.poses, m), 10)
        listen(MarkerArray, "/orpose/room/markers", self.markers.append, 10)
        listen(DiagnosticArray, "/diagnostics", self._hear, 10)
        self._next = 1_000_000_000

    def _keep(self, where: dict[int, Any], message: Any) -> None:
        where[stamp_of(message.header)] = message

    def _hear(self, message: DiagnosticArray) -> None:
        self.diagnostics |= {status.name.rpartition(": ")[2]: status for status in message.status}

    def wait(self, condition: Callable[[], Any], what: str, again: Callable[[], Any] = lambda: None) -> Any:
        """Spin until the condition is true; `again` is done every second meanwhile."""
        end, due = time.monotonic() + LIMIT, 0.0
        while not (value := condition()):
            assert self.process.poll() is None, f"the node ended:\n{self.log.read_text()}"
            assert time.monotonic() < end, f"{what} did not happen:\n{self.log.read_text()}"
            if time.monotonic() >= due:
                again()
                due = time.monotonic() + 1.0
            self._executor.spin_once(timeout_sec=0.05)
        return value

    def send(self, people: list[Any]) -> int:
        """Publish what both cameras see of people; the stamp."""
        self._next += 100_000_000
        for view in CAMERAS:
            header = make_header(self._next, f"{view.name}_optical", message_class)
            poses = seen(view, people)
            two, three, info = self._out[view.name]
            info.publish(camera_info_message(view.camera, header, message_class))
            three.publish(poses3d_message(poses, SIZE, header, message_class))
            two.publish(poses2d_message(poses, SIZE, header, message_class))
        return self._next

    def listen(self, kind: Any, topic: str, latched: bool = False) -> list[Any]:
        """A list that fills with the messages of a topic."""
        heard: list[Any] = []
        self.node.create_subscription(kind, topic, heard.append, LATCHED if latched else 10)
        return heard

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self._executor.shutdown()
        self.node.destroy_node()
        rclpy.shutdown(context=self._context)
