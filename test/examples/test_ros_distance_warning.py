"""The example node in a process of its own, with poses from a publisher over real DDS."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip(
    "orpose_msgs.msg._person_pose3_d", reason="orpose's messages are not built (make build; source tools/ros_env.sh)"
)

import rclpy
from geometry_msgs.msg import Point
from rclpy.context import Context
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from std_msgs.msg import String

from orpose_msgs.msg import Keypoint3D, PersonPose3D, PersonPose3DArray

EXAMPLE = Path(__file__).parents[2] / "examples" / "ros_distance_warning.py"
DOMAIN = 76
LIMIT = 60.0
UNKNOWN = float("nan")


class Publisher:
    """Publishes poses and hears warnings."""

    def __init__(self) -> None:
        self.heard: list[str] = []
        self._context = Context()
        rclpy.init(args=[], context=self._context, domain_id=DOMAIN)
        self.node = Node("publisher", context=self._context)
        self._executor = SingleThreadedExecutor(context=self._context)
        self._executor.add_node(self.node)
        self._poses = self.node.create_publisher(PersonPose3DArray, "/orpose/poses3d", 10)
        self.node.create_subscription(
            String, "/distance_warning/warning", lambda message: self.heard.append(message.data), 10
        )

    def connected(self) -> bool:
        self._executor.spin_once(timeout_sec=0.1)
        return self._poses.get_subscription_count() > 0 and self.node.count_publishers("/distance_warning/warning") > 0

    def send(self, *persons: PersonPose3D) -> None:
        self._poses.publish(PersonPose3DArray(persons=list(persons)))

    def wait_for(self, count: int) -> None:
        end = time.monotonic() + LIMIT
        while len(self.heard) < count:
            assert time.monotonic() < end, f"heard {self.heard}"
            self._executor.spin_once(timeout_sec=0.1)

    def close(self) -> None:
        self._executor.shutdown()
        self.node.destroy_node()
        rclpy.shutdown(context=self._context)


@pytest.fixture
def publisher(tmp_path: Path) -> Iterator[Publisher]:
    """Talks to the node; the point is at 0, 0, 3."""
    log = tmp_path / "log.txt"
    with log.open("w") as file:
        process = subprocess.Popen(
            [sys.executable, str(EXAMPLE), "--ros-args", "-p", "point:=[0.0, 0.0, 3.0]"],
            stdout=file,
            stderr=subprocess.STDOUT,
            env={**os.environ, "ROS_DOMAIN_ID": str(DOMAIN), "ROS_LOG_DIR": str(tmp_path)},
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
        )
    publisher = Publisher()
    try:
        end = time.monotonic() + LIMIT
        while not publisher.connected():
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < end, log.read_text()
        yield publisher
        process.send_signal(signal.SIGINT)
        assert process.wait(LIMIT) == 0, log.read_text()
        assert "Traceback" not in log.read_text()
        assert "somebody's place in space is unknown" in log.read_text()
    finally:
        process.kill()
        process.wait()
        publisher.close()


def person(
    number: int, root: tuple[float, float, float], hand: tuple[float, float, float] | None = None
) -> PersonPose3D:
    """Somebody of whom the pelvis and perhaps a wrist, relative to it, are known."""
    nowhere = Keypoint3D(position=Point(x=UNKNOWN, y=UNKNOWN, z=UNKNOWN))
    keypoints = [nowhere] * 17
    keypoints[PersonPose3D.PELVIS] = Keypoint3D(position=Point(x=0.0, y=0.0, z=0.0))
    if hand is not None:
        keypoints[PersonPose3D.LEFT_WRIST] = Keypoint3D(position=Point(x=hand[0], y=hand[1], z=hand[2]))
    x, y, z = root
    known = z == z
    return PersonPose3D(
        id=number, keypoints=keypoints, root=Point(x=x, y=y, z=z), root_valid=known, root_std=0.25 if known else UNKNOWN
    )


def test_it_warns_of_those_who_are_near(publisher: Publisher) -> None:
    publisher.send()
    publisher.send(person(1, (0.0, 0.0, 4.5)), person(2, (UNKNOWN,) * 3, (0.0, 0.0, 0.0)))
    publisher.send(person(3, (0.0, 0.0, 4.5), (0.0, 0.0, -1.0)))  # the hand is half a metre away
    publisher.send(person(4, (0.75, 0.0, 3.0)), person(5, (0.0, 1.5, 3.0)), person(6, (0.0, 0.0, 3.0)))
    publisher.wait_for(3)
    assert publisher.heard == [
        "person 3 is 0.50 m from the point, give or take 0.25 m",
        "person 4 is 0.75 m from the point, give or take 0.25 m",
        "person 6 is 0.00 m from the point, give or take 0.25 m",
    ]
