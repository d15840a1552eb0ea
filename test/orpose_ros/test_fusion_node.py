"""The real fusion node: poses of several cameras in over DDS, persons of the room out."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip(
    "orpose_msgs.msg._room_person_array",
    reason="the ROS packages are not built or not sourced: source tools/ros_env.sh",
)

import numpy as np
import rclpy
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from rclpy.context import Context
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from sensor_msgs.msg import CameraInfo
from visualization_msgs.msg import MarkerArray

from orpose_models.messages.camera_info import camera_info_message
from orpose_models.messages.fields import make_header, stamp_of
from orpose_models.messages.poses import poses2d_message, poses3d_message
from orpose_models.messages.room import room_persons_from_message
from orpose_models.vocabulary.resolution import Resolution
from orpose_msgs.msg import PersonPose2DArray, PersonPose3DArray, RoomPersonArray
from orpose_ros.fusion_node import FUSION_NODE
from orpose_ros.message_types import message_class
from orpose_ros.pose_node import run

from support.room import rig, seen, standing  # isort: skip
from support.room_recordings import rig_text  # isort: skip

CAMERAS = rig(2)
DOMAIN = 100 + os.getpid() % 100
LIMIT = 300.0
SIZE = Resolution((640, 480), (640, 480), 1.0)


class RoomRig:
    """Publishes poses of two cameras, and hears what comes of them."""

    def __init__(self, folder: Path) -> None:
        (folder / "rig.yaml").write_text(rig_text(CAMERAS))
        self.log = folder / "log.txt"
        options = {"cameras": "cam1,cam2", "rig_file": folder / "rig.yaml", "check_period": 0.5, "patience": 10.0}
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

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self._executor.shutdown()
        self.node.destroy_node()
        rclpy.shutdown(context=self._context)


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RoomRig]:
    rig = RoomRig(tmp_path_factory.mktemp("room"))
    yield rig
    rig.close()


def test_persons_come_out_in_the_room(room: RoomRig) -> None:
    people = [standing(0.2, 0.1), standing(-0.8, 0.4, 1.0)]
    room.wait(lambda: room.persons and room.poses and room.markers, "a moment", lambda: room.send(people))
    stamp, message = max(room.persons.items())
    assert message.header.frame_id == "theatre"
    assert list(message.cameras) == ["cam1", "cam2"]
    persons = room_persons_from_message(message, ["cam1", "cam2"])
    assert sorted(persons.seen_by) == [2, 2]
    order = np.argsort(persons.joints[:, 0, 0])
    np.testing.assert_allclose(persons.joints[order, 0, :2], [[-0.8, 0.4], [0.2, 0.1]], atol=0.03)
    assert (np.linalg.eigvalsh(persons.covariances) > 0).all()
    poses = room.wait(lambda: room.poses.get(stamp), "the poses of the same moment")
    assert [person.id for person in poses.persons] == [person.id for person in message.persons]
    assert {marker.ns for marker in room.markers[-1].markers} == {"room/joints", "room/bones", "room/ids"}


def test_ids_last(room: RoomRig) -> None:
    seen_ids = set()
    for k in range(5):
        stamp = room.send([standing(0.2 + 0.05 * k, 0.1), standing(-0.8, 0.4, 1.0)])
        message = room.wait(partial(room.persons.get, stamp), "the next moment")
        seen_ids |= {person.id for person in message.persons}
    assert len(seen_ids) == 2


def test_diagnostics_speak_of_the_room_and_each_camera(room: RoomRig) -> None:
    people = [standing(0.1, 0.1), standing(-0.8, 0.4, 1.0)]

    def compared() -> bool:
        status = room.diagnostics.get("camera cam2")
        return status is not None and status.message.startswith("cam2: reprojection error")

    room.wait(compared, "a comparison of the cameras", lambda: [room.send(people) for _ in range(4)])
    assert room.diagnostics["camera cam1"].level == DiagnosticStatus.OK
    room.wait(lambda: "persons" in room.diagnostics["room"].message, "the room's status")


def test_it_ends_with_a_signal(room: RoomRig) -> None:
    room.process.send_signal(signal.SIGINT)
    assert room.process.wait(LIMIT) == 0
    assert "Traceback" not in room.log.read_text()


def test_a_misspelt_parameter_ends_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--ros-args", "-p", "fusion_node:rig_fil:=x.yaml"], FUSION_NODE) == 2
    assert "there is no parameter 'rig_fil'; is 'rig_file' meant?" in capsys.readouterr().err
