"""A client of the node: starts it in a process of its own, sends images to it, listens, and waits for what happens.

Benchmark, demo and tests talk to the node as any other program does: over DDS.
"""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import rclpy
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from rclpy.context import Context
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import CameraInfo, Image
from typing_extensions import Self
from visualization_msgs.msg import MarkerArray

from orpose_models.messages.fields import stamp_of
from orpose_models.vocabulary.errors import OrposeError
from orpose_ros.dds import use_large_image_profile
from orpose_ros.message_types import message_class

NAMESPACE = "/orpose"
_STOP_TIMEOUT = 10.0


class Program:
    """A command that runs beside us and is stopped, gently first, at the end of the `with` statement.

    Args:
        command: the words of it.
        log: what it says is appended to this file.
        environment: changes to the environment, for example ROS_DOMAIN_ID.
    """

    def __init__(self, command: Sequence[str], log: Path, environment: Mapping[str, str] | None = None) -> None:
        log.parent.mkdir(parents=True, exist_ok=True)
        self.log_file = log
        use_large_image_profile(os.environ)
        surroundings = {**os.environ, **(environment or {})}
        with log.open("ab") as output:
            self.process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT, env=surroundings)

    @property
    def log(self) -> str:
        return self.log_file.read_text()

    @property
    def runs(self) -> bool:
        return self.process.poll() is None

    def stop(self) -> int:
        """Ask it to end, and make it; its exit code."""
        if self.runs:
            self.process.terminate()
        try:
            return self.process.wait(_STOP_TIMEOUT)
        except subprocess.TimeoutExpired:
            return self.kill()

    def kill(self) -> int:
        """End it at once; its exit code."""
        self.process.kill()
        return self.process.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


class NodeProgram(Program):
    """The executable `pose_node` with parameters.

    Args:
        log, environment: see `Program`.
        namespace: of the node.
        parameters: by name.
    """

    def __init__(
        self,
        log: Path,
        environment: Mapping[str, str] | None = None,
        *,
        namespace: str = NAMESPACE,
        **parameters: Any,
    ) -> None:
        options = [option for name, value in parameters.items() for option in ("-p", f"{name}:={_text(value)}")]
        command = [sys.executable, "-m", "orpose_ros.pose_node", "--ros-args", "-r", f"__ns:={namespace}", *options]
        super().__init__(command, log, environment)


class Client:
    """A ROS node that lets messages arrive only while it spins or waits.

    Args:
        program: the node that is listened to, or what started it.
        domain: the ROS domain; None for that of the environment.
        namespace: of this client.
        limit: seconds that a wait may take.
        patient: whether a node that says that it cannot be configured may become able to.
    """

    def __init__(
        self,
        program: Program,
        domain: int | None = None,
        *,
        namespace: str = NAMESPACE,
        limit: float = 120.0,
        patient: bool = False,
    ) -> None:
        self.program = program
        self._limit = limit
        self._patient = patient
        self._problem = ""
        self._camera_status: dict[str, list[DiagnosticStatus]] = {}
        use_large_image_profile(os.environ)
        self._context = Context()
        rclpy.init(args=[], context=self._context, domain_id=domain)
        self.node = Node("orpose_client", namespace=namespace, context=self._context)
        self._executor = SingleThreadedExecutor(context=self._context)
        self._executor.add_node(self.node)
        self.listen(DiagnosticArray, "/diagnostics", self._on_diagnostics, 10)

    def close(self) -> None:
        self._executor.shutdown()
        self.node.destroy_node()
        rclpy.shutdown(context=self._context)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def statuses(self, camera: str = "", namespace: str = NAMESPACE) -> list[DiagnosticStatus]:
        """The diagnostics of a camera of the node, the latest last: a list that grows, and may be cleared."""
        name = f"{namespace}/pose_node: poses" + (f" of {camera}" if camera else "")
        return self._camera_status.setdefault(name, [])

    def listen(self, kind: Any, topic: str, callback: Callable[[Any], None], quality: QoSProfile | int = 50) -> None:
        """Call a function with each message of a topic."""
        self.node.create_subscription(kind, topic, callback, quality)

    def spin(self, seconds: float) -> None:
        """Let messages arrive for a time."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            self._executor.spin_once(timeout_sec=min(left, 0.1))

    def wait(self, condition: Callable[[], Any], failure: str) -> Any:
        """Let messages arrive until the condition is true; its value.

        Args:
            condition: asked again and again.
            failure: what to say if that never is; what the node said is added.

        Raises:
            OrposeError: the node ended, cannot be configured, or it took too long.
        """
        end = time.monotonic() + self._limit
        while not (value := condition()):
            if self._problem and not self._patient:
                raise OrposeError(f"{failure}: {self._problem}")
            if not self.program.runs or time.monotonic() > end:
                lines = self.program.log.strip().splitlines()
                raise OrposeError(f"{failure}; in {self.program.log_file} it said: {lines[-1] if lines else 'nothing'}")
            self._executor.spin_once(timeout_sec=0.02)
        return value

    def wait_briefly(self, condition: Callable[[], Any], seconds: float = 2.0) -> None:
        """Let messages arrive until the condition is true, or for some seconds."""
        end = time.monotonic() + seconds
        while not condition() and time.monotonic() < end:
            self._executor.spin_once(timeout_sec=0.05)

    def _on_diagnostics(self, message: DiagnosticArray) -> None:
        self._problem = "; ".join(s.message for s in message.status if s.message.startswith("not configured"))
        for status in message.status:
            if status.name in self._camera_status:
                self._camera_status[status.name].append(status)


class Camera:
    """What the node answers of one of its cameras.

    Args:
        client: which lets the messages arrive.
        name: which of several cameras of the node.
        namespace: of the node.
        keep: whether the messages are kept, or only the times at which they arrived.

    Attributes:
        poses2d, poses3d, markers: messages by stamp; empty markers have no stamp and are kept as 0.
        arrived: when the 3D poses arrived, by stamp, of `time.monotonic`.
        skeleton: the latest description of the poses; empty until the node is active.
        statuses: the diagnostics.
    """

    def __init__(self, client: Client, name: str = "", namespace: str = NAMESPACE, keep: bool = True) -> None:
        self.name = name
        self.client = client
        self.poses2d: dict[int, Any] = {}
        self.poses3d: dict[int, Any] = {}
        self.markers: dict[int, MarkerArray] = {}
        self.arrived: dict[int, float] = {}
        self.skeleton: list[Any] = []
        self.statuses = client.statuses(name, namespace)
        self.prefix = f"{namespace}/{name}".rstrip("/")
        self._keep = keep
        latched = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
        poses2d, poses3d, skeleton = (
            message_class(f"orpose_msgs/msg/{name}")
            for name in ("PersonPose2DArray", "PersonPose3DArray", "SkeletonInfo")
        )
        client.listen(poses2d, f"{self.prefix}/poses2d", self._keeper(self.poses2d))
        client.listen(poses3d, f"{self.prefix}/poses3d", self._on_poses3d)
        client.listen(MarkerArray, f"{self.prefix}/markers", self._on_markers)
        client.listen(skeleton, f"{self.prefix}/skeleton_info", self._on_skeleton, latched)

    def _keeper(self, messages: dict[int, Any]) -> Callable[[Any], None]:
        def keep(message: Any) -> None:
            if self._keep:
                messages[stamp_of(message.header)] = message

        return keep

    def _on_poses3d(self, message: Any) -> None:
        self.arrived.setdefault(stamp_of(message.header), time.monotonic())
        self._keeper(self.poses3d)(message)

    def _on_markers(self, message: MarkerArray) -> None:
        if self._keep:
            self.markers[stamp_of(message.markers[0].header) if message.markers else 0] = message

    def _on_skeleton(self, message: Any) -> None:
        self.skeleton[:] = [message]


class PlayedCamera(Camera):
    """A camera whose images are published here.

    Args:
        client, name, namespace, keep: see `Camera`.
        reliable: whether the images are published reliably.

    Attributes:
        sent: when images were published, by stamp, of `time.monotonic`.
        overlays: messages by stamp.
    """

    def __init__(
        self, client: Client, name: str = "", namespace: str = NAMESPACE, *, keep: bool = True, reliable: bool = True
    ) -> None:
        super().__init__(client, name, namespace, keep)
        self.overlays: dict[int, Image] = {}
        client.listen(Image, f"{self.prefix}/overlay", self._keeper(self.overlays))
        self.sent: dict[int, float] = {}
        self.quality = QoSProfile(
            depth=10, reliability=ReliabilityPolicy.RELIABLE if reliable else ReliabilityPolicy.BEST_EFFORT
        )
        self._images = client.node.create_publisher(Image, f"{self.prefix}/image_raw", self.quality)
        self._infos = client.node.create_publisher(CameraInfo, f"{self.prefix}/camera_info", 10)

    @property
    def is_heard(self) -> bool:
        return bool(self._images.get_subscription_count())

    def send(self, image: Image, stamp: int) -> None:
        """Publish an image with a stamp in nanoseconds."""
        image.header.stamp.sec, image.header.stamp.nanosec = divmod(stamp, 1_000_000_000)
        self.sent[stamp] = time.monotonic()
        self._images.publish(image)

    def send_info(self, info: CameraInfo) -> None:
        self._infos.publish(info)


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else f'"{value}"' if isinstance(value, str) else str(value)
