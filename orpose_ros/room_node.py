"""The lifecycle node of a room: poses of several cameras in, persons in the room out."""

import time
from collections import OrderedDict
from functools import partial
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from rclpy.clock import Clock, ClockType
from rclpy.lifecycle import LifecycleNode, LifecycleState, TransitionCallbackReturn
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy, qos_profile_sensor_data
from rclpy.timer import Timer
from sensor_msgs.msg import CameraInfo

from orpose_models.datasets.rig_file import FrameTree, Rig, read_rig
from orpose_models.fusion.room import Room, RoomMoment, RoomSettings
from orpose_models.messages.camera_info import camera_from_info
from orpose_models.messages.fields import stamp_of
from orpose_models.messages.pose_messages import poses_from_messages
from orpose_models.vocabulary.errors import OrposeError
from orpose_ros.declaration import NodeParameters
from orpose_ros.fusion_parameters import FUSION_PARAMETERS
from orpose_ros.message_types import message_class
from orpose_ros.other_outputs import require
from orpose_ros.room_diagnostics import SILENCE, RoomHealth, camera_statuses, room_status
from orpose_ros.room_outputs import RoomOutputs
from orpose_ros.topic_names import CAMERA, camera_names

_WAITING = 30  # 2D poses that wait for their 3D poses, and the other way round


class FusionNode(LifecycleNode):
    """Parameters and the rig are taken in configure, poses in activate; cleanup releases all of it."""

    def __init__(self) -> None:
        super().__init__("fusion_node", namespace="orpose")
        self._health = RoomHealth()
        self._type2d = message_class("orpose_msgs/msg/PersonPose2DArray")
        self._room: Room | None = None
        self._rig: Rig | None = None
        self._tree = FrameTree()
        self._frames: dict[str, str] = {}  # optical frame of each camera
        self._halves: dict[str, OrderedDict[int, Any]] = {}
        self._infos: dict[str, bytes] = {}
        self._inputs: list[Any] = []
        self._outputs: RoomOutputs | None = None
        self._times: list[float] = []  # when the last moments were published
        self._settings = NodeParameters(self, lambda: self._health.state != "unconfigured", FUSION_PARAMETERS)
        self._diagnostics = self.create_publisher(DiagnosticArray, "/diagnostics", 10)
        steady = Clock(clock_type=ClockType.STEADY_TIME)  # goes on when simulated time stands still
        self.create_timer(1.0, self._publish_diagnostics, clock=steady)
        self._checked = time.monotonic()
        self._autostart: Timer | None = None
        if self._settings["autostart"]:
            self._autostart = self.create_timer(0.0, self._start, clock=steady)

    def on_configure(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Read the rig and create the publishers."""
        try:
            self._configure()
        except OrposeError as error:
            self._health.problem = str(error)
            self.get_logger().error(f"not configured: {self._health.problem}")
            self._release()
            return TransitionCallbackReturn.FAILURE
        self._health.problem, self._health.state = "", "inactive"
        return super().on_configure(state)

    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Start to receive poses."""
        assert self._room is not None
        result = super().on_activate(state)
        for name in self._room.names:
            self._subscribe(name)
        if self._rig is None:
            latched = QoSProfile(
                depth=100, reliability=ReliabilityPolicy.RELIABLE, durability=DurabilityPolicy.TRANSIENT_LOCAL
            )
            kind = message_class("tf2_msgs/msg/TFMessage")
            self._inputs.append(self.create_subscription(kind, "/tf_static", self._on_transforms, latched))
            self._inputs.append(self.create_subscription(kind, "/tf", self._on_transforms, 100))
        self._health.state = "active"
        self.get_logger().info(f"waiting for poses of {', '.join(self._room.names)}")
        return result

    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Stop receiving and publishing."""
        self._stop()
        self._health.state = "inactive"
        return super().on_deactivate(state)

    def on_cleanup(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Release the topics."""
        self._release()
        self._health.state = "unconfigured"
        return super().on_cleanup(state)

    def on_shutdown(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Release everything for good."""
        self._release()
        self._health.state = "finalized"
        return super().on_shutdown(state)

    def close(self) -> bool:
        """Stop working. All is done in the executor's thread, so that nothing is left over."""
        self._stop()
        return True

    def _start(self) -> None:
        """
        Raises:
            OrposeError: it does not become active, and is not to wait until that is mended.
        """
        assert self._autostart is not None
        self.destroy_timer(self._autostart)
        if self._health.state == "unconfigured" and self.trigger_configure() == TransitionCallbackReturn.SUCCESS:
            self.trigger_activate()
        if self._health.state != "active" and self._settings["end_if_unconfigured"] and self.context.ok():
            raise OrposeError(f"{self.get_fully_qualified_name()} did not become active: {self._health.problem}")

    def _configure(self) -> None:
        settings = self._settings
        names = camera_names(settings["cameras"])
        if names == [""]:
            raise OrposeError("parameter 'cameras' is empty: name 2 to 8 cameras, separated by commas")
        for parameter in ("poses2d_topic", "poses3d_topic", "camera_info_topic"):
            if CAMERA not in settings[parameter]:
                raise OrposeError(f"parameter '{parameter}' cannot be {settings[parameter]!r}: it needs {CAMERA} in it")
        self._rig = read_rig(settings["rig_file"]) if settings["rig_file"] else None
        if self._rig is None:
            what = "rig_file is empty, so the cameras' places come from TF, which"
            require(what, "give a rig file", "tf2_msgs/msg/TFMessage")
        self._room = Room(
            names,
            RoomSettings(
                round(settings["tolerance"] * 1e9),
                round(settings["patience"] * 1e9),
                settings["memory"],
                settings["single_views"],
            ),
        )
        if self._rig is not None:
            for name in names:
                self._room.place(name, self._rig.of(name))
        self._halves = {name: OrderedDict() for name in names}
        self._outputs = RoomOutputs(self, settings, names, self._rig.frame if self._rig else settings["room_frame"])

    def _subscribe(self, name: str) -> None:
        for parameter, kind, receive in (
            ("poses2d_topic", message_class("orpose_msgs/msg/PersonPose2DArray"), self._on_poses),
            ("poses3d_topic", message_class("orpose_msgs/msg/PersonPose3DArray"), self._on_poses),
            ("camera_info_topic", CameraInfo, self._on_camera_info),
        ):
            topic = self._settings[parameter].replace(CAMERA, name)
            call = partial(receive, name)
            self._inputs.append(self.create_subscription(kind, topic, call, qos_profile_sensor_data))

    def _on_poses(self, name: str, message: Any) -> None:
        """Take the 2D or the 3D poses of an image; with both it is complete."""
        if self._room is None or self._health.state != "active":
            return
        stamp = stamp_of(message.header)
        halves = self._halves[name]
        other = halves.pop(stamp, None)
        if other is None or type(other) is type(message):
            halves[stamp] = message
            while len(halves) > _WAITING:
                halves.popitem(last=False)
            return
        two, three = (message, other) if isinstance(message, self._type2d) else (other, message)
        poses, resolution = poses_from_messages(two, three)
        self._locate(name, message.header.frame_id)
        began = time.perf_counter()
        moments = self._room.add(name, stamp, poses, resolution)
        if moments:
            self._health.cost = (time.perf_counter() - began) / len(moments)
        for moment in moments:
            self._publish(moment)

    def _locate(self, name: str, frame: str) -> None:
        """Look the camera's place up in TF, unless the rig file has it."""
        self._frames[name] = frame
        if self._rig is not None or self._room is None:
            return
        placement = self._tree.placement(self._settings["room_frame"], frame)
        if placement is not None:
            self._room.place(name, placement)

    def _on_transforms(self, message: Any) -> None:
        for one in message.transforms:
            t, q = one.transform.translation, one.transform.rotation
            try:
                self._tree.add(one.header.frame_id, one.child_frame_id, (t.x, t.y, t.z), (q.x, q.y, q.z, q.w))
            except ValueError:
                self.get_logger().warning(f"transform of {one.child_frame_id} not used: its quaternion is zero")

    def _on_camera_info(self, name: str, message: CameraInfo) -> None:
        if self._room is None:
            return
        content = repr((message.width, message.height, *message.k, *message.d, *message.p)).encode()
        if self._infos.get(name) == content:
            return
        self._infos[name] = content
        try:
            camera = camera_from_info(message, self._settings["rectified"])
        except OrposeError as error:
            self.get_logger().warning(f"{name}: intrinsics not used: {error}")
            return
        if camera is not None:
            self._room.calibrate(name, camera)

    def _publish(self, moment: RoomMoment) -> None:
        if self._outputs is not None:
            self._outputs.publish(moment)
        now = time.monotonic()
        self._times = [at for at in self._times if now - at < SILENCE] + [now]
        self._health.persons = len(moment.persons)

    def _stop(self) -> None:
        for one in self._inputs:
            self.destroy_subscription(one)
        self._inputs = []

    def _release(self) -> None:
        self._stop()
        if self._outputs is not None:
            self._outputs.destroy()
        self._outputs = self._room = self._rig = None
        self._tree, self._infos, self._health.verdicts = FrameTree(), {}, ()

    def _publish_diagnostics(self) -> None:
        """One status of the room, and one a camera."""
        now, health = time.monotonic(), self._health
        if (
            self._room is not None
            and health.state == "active"
            and now - self._checked >= self._settings["check_period"]
        ):
            self._checked = now
            health.verdicts = self._room.verdicts()
        health.moments = sum(now - at < SILENCE for at in self._times)
        found = {"room": room_status(health, self._room)}
        found |= {f"camera {name}": status for name, status in camera_statuses(health, self._room).items()}
        array = DiagnosticArray()
        array.header.stamp = self.get_clock().now().to_msg()
        array.status = [
            DiagnosticStatus(
                level=bytes([status.level]),
                name=f"{self.get_fully_qualified_name()}: {what}",
                message=status.message,
                hardware_id=what,
                values=[KeyValue(key=key, value=value) for key, value in status.values.items()],
            )
            for what, status in found.items()
        ]
        self._diagnostics.publish(array)
