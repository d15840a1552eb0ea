"""The demonstration: a bag is played to a running node, and what arrives over DDS is measured and drawn."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import rclpy
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile
from sensor_msgs.msg import CameraInfo
from visualization_msgs.msg import MarkerArray

from orpose_models.datasets.bags.topics import POSES2D, POSES3D, SKELETON_INFO
from orpose_models.messages.fields import stamp_of
from orpose_models.messages.poses import poses_from_messages
from orpose_models.vocabulary.errors import OrposeError
from orpose_models.vocabulary.poses import Poses
from orpose_ros.dds import use_large_image_profile
from orpose_ros.message_types import message_class

_START_TIMEOUT = 180.0  # seconds until the node must have its model; it may have to build one
_LAST_POSES = 5.0  # seconds for what is still being worked on when the bag is over
_STOP_TIMEOUT = 10.0


@dataclass
class Arrivals:
    """What arrived over DDS.

    Attributes:
        sent: when each image was published, by its stamp: the arrival of its camera_info, which the player sends
            just before it. Times are of `time.monotonic`.
        poses2d, poses3d: messages by stamp, with the time of arrival.
        markers: the one with the most markers.
        model: the node's model, in words; empty until the node is active.
        trouble: why the node is in error, from its diagnostics; empty if it is not.
    """

    sent: dict[int, float] = field(default_factory=dict)
    poses2d: dict[int, tuple[Any, float]] = field(default_factory=dict)
    poses3d: dict[int, tuple[Any, float]] = field(default_factory=dict)
    markers: MarkerArray = field(default_factory=MarkerArray)
    model: str = ""
    trouble: str = ""

    def poses(self) -> dict[int, Poses]:
        """The persons by stamp, of images whose 2D and 3D poses both arrived."""
        both = sorted(self.poses2d.keys() & self.poses3d.keys())
        return {stamp: poses_from_messages(self.poses2d[stamp][0], self.poses3d[stamp][0])[0] for stamp in both}

    def latencies(self) -> list[float]:
        """Seconds from the publication of an image to the arrival of its 3D poses here, sorted."""
        return sorted(at - self.sent[stamp] for stamp, (_, at) in self.poses3d.items() if stamp in self.sent)

    def rate(self) -> float:
        """Pose messages per second."""
        times = sorted(at for _, at in self.poses3d.values())
        return (len(times) - 1) / (times[-1] - times[0]) if len(times) > 1 else 0.0

    def summary(self) -> list[str]:
        """Rate, latency and persons, in words."""
        poses = self.poses()
        counts = [len(one) for one in poses.values()]
        latencies = self.latencies()
        lines = [
            f"model      {self.model}",
            f"images     {len(self.sent)} seen published, {len(poses)} with poses, at {self.rate():.1f} a second",
            f"persons    {sum(counts)} in all, {np.mean(counts):.1f} per image on average, {max(counts)} at most",
        ]
        if latencies:
            p50, p95 = (1000 * float(np.percentile(latencies, q)) for q in (50, 95))
            lines.insert(
                2, f"latency    {p50:.0f} ms median, {p95:.0f} ms for 95 %, from image published to poses here"
            )
        return lines


def run_demo(bag: Path, images: str, infos: str, parameters: dict[str, Any], rate: float, log: Path) -> Arrivals:
    """Start the node, play the bag to it, and collect what it publishes.

    Args:
        bag: has images and camera_info.
        images, infos: their topics.
        parameters: of the node.
        rate: how fast to play.
        log: what node and player say is written here.

    Raises:
        OrposeError: the node does not start or fails, or no poses with persons arrive; `log` says more.
    """
    use_large_image_profile(os.environ)
    arguments = [f"{name}:={value}" for name, value in {**parameters, "image_topic": images}.items()]
    node_command = [sys.executable, "-m", "orpose_ros.pose_node", "--ros-args"]
    node_command += [word for argument in arguments for word in ("-p", argument)]
    verb = "from orpose_ros.tools.command import main; main()"
    player_command = [sys.executable, "-c", verb, "bag", "play", str(bag), "--rate", str(rate), "--wait", "20"]
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as output, rclpy.init(args=[]), _listening(infos) as (arrivals, spin):
        with _process(node_command, output) as node:
            _wait_for_model(node, arrivals, spin, log)
            with _process(player_command, output) as player:
                while player.poll() is None and node.poll() is None:
                    spin()
            end = time.monotonic() + _LAST_POSES
            while time.monotonic() < end and max(arrivals.sent, default=0) not in arrivals.poses3d:
                spin()
        if node.returncode != 0 or player.returncode != 0:
            raise OrposeError(f"node ended with code {node.returncode}, player with {player.returncode}; see {log}")
    if not any(len(poses) for poses in arrivals.poses().values()):
        seen = len(arrivals.sent)
        raise OrposeError(f"no poses with persons arrived over DDS ({seen} images seen published); see {log}")
    return arrivals


def _wait_for_model(node: "subprocess.Popen[bytes]", arrivals: Arrivals, spin: Callable[[], None], log: Path) -> None:
    """Until the node says what its poses mean, which it does when it is active."""
    end = time.monotonic() + _START_TIMEOUT
    while not arrivals.model:
        spin()
        if arrivals.trouble:
            raise OrposeError(f"the node did not become active: {arrivals.trouble}")
        if node.poll() is not None or time.monotonic() > end:
            raise OrposeError(f"the node did not become active; what it said is in {log}")


@contextmanager
def _listening(infos: str) -> Iterator[tuple[Arrivals, Callable[[], None]]]:
    """Subscribe to everything; yields what arrives and a function that lets it arrive."""
    arrivals = Arrivals()
    node = Node("orpose_demo")

    def on_markers(message: MarkerArray) -> None:
        if len(message.markers) >= len(arrivals.markers.markers):
            arrivals.markers = message

    def keep(store: dict[int, tuple[Any, float]]) -> Callable[[Any], None]:
        return lambda message: store.__setitem__(stamp_of(message.header), (message, time.monotonic()))

    def on_info(message: CameraInfo) -> None:
        arrivals.sent[stamp_of(message.header)] = time.monotonic()

    def on_skeleton(message: Any) -> None:
        arrivals.model = f"{message.model} ({message.engine}, sha256 {message.model_sha256[:12]})"

    def on_diagnostics(message: DiagnosticArray) -> None:
        errors = [s.message for s in message.status if s.level == DiagnosticStatus.ERROR and "pose_node" in s.name]
        # That no image comes before the player has started is no trouble; it may be told before the model is.
        arrivals.trouble = "; ".join(error for error in errors if error.startswith("not "))

    latched = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
    subscribe = node.create_subscription
    subscribe(message_class("orpose_msgs/msg/PersonPose2DArray"), POSES2D, keep(arrivals.poses2d), 50)
    subscribe(message_class("orpose_msgs/msg/PersonPose3DArray"), POSES3D, keep(arrivals.poses3d), 50)
    subscribe(MarkerArray, f"{POSES3D.rpartition('/')[0]}/markers", on_markers, 50)
    subscribe(message_class("orpose_msgs/msg/SkeletonInfo"), SKELETON_INFO, on_skeleton, latched)
    subscribe(DiagnosticArray, "/diagnostics", on_diagnostics, 10)
    subscribe(CameraInfo, infos, on_info, 50)
    executor = SingleThreadedExecutor()
    executor.add_node(node)
    try:
        yield arrivals, lambda: executor.spin_once(timeout_sec=0.1)
    finally:
        executor.shutdown()
        node.destroy_node()


@contextmanager
def _process(command: list[str], output: Any) -> Iterator["subprocess.Popen[bytes]"]:
    """Run a command beside us and stop it at the end, gently first."""
    process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT)
    try:
        yield process
    finally:
        if process.poll() is None:
            process.terminate()
        try:
            process.wait(_STOP_TIMEOUT)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
