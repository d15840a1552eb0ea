"""What the node adds to the time of its model, and what becomes of the images of one camera and of several.

The node runs in a process of its own, as it is used; here images are published to it and all its outputs are
subscribed to. `python -m orpose_ros.tools.node_benchmark MODEL [THREADS]` prints the measurement as JSON.
"""

import os
import subprocess
import sys
import time
from array import array
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import rclpy
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from numpy.typing import NDArray
from rclpy.context import Context
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy, qos_profile_sensor_data
from sensor_msgs.msg import CameraInfo, Image
from visualization_msgs.msg import MarkerArray

from orpose_models.lab.benchmark.benchmark_files import Camera, NodeBenchmark, NodeRun
from orpose_models.lab.benchmark.benchmark_run import REFERENCE_PERSONS
from orpose_models.lab.benchmark.contenders import Contender
from orpose_models.lab.benchmark.machine import Circumstances
from orpose_models.lab.benchmark.measuring_process import ContenderError, MeasuringProcess
from orpose_models.lab.benchmark.staged_pictures import SIZE, pictures, save_pictures
from orpose_models.lab.benchmark.timing_statistics import timing
from orpose_models.messages.camera_info import camera_info_message
from orpose_models.messages.fields import make_header, stamp_of
from orpose_models.vocabulary import cameras
from orpose_models.vocabulary.errors import OrposeError
from orpose_ros.dds import use_large_image_profile
from orpose_ros.message_types import message_class

CALLS = 60
WARM = 8
SINGLE_FPS, SEVERAL_FPS = 30.0, 15.0
SECONDS = 10.0
CAMERAS = ("cam1", "cam2", "cam3", "cam4")

_NAMESPACE = "/orpose_benchmark"
_LIMIT = 120.0  # seconds until the node must be active, or have answered
_STOP_TIMEOUT = 10.0


class _Eye:
    """One camera as the benchmark plays it: its publishers, and what the node answers."""

    def __init__(self, node: Node, name: str, images: list[Image]) -> None:
        self.name = name
        self.sent: dict[int, float] = {}
        self.arrived: dict[int, float] = {}
        self.status: dict[str, str] = {}
        self.longest_wait = 0.0
        self._images = images
        prefix = f"{_NAMESPACE}/{name}".rstrip("/")
        self.status_name = f"{_NAMESPACE}/pose_node: poses" + (f" of {name}" if name else "")
        reliable = QoSProfile(depth=5, reliability=ReliabilityPolicy.RELIABLE)
        self._publisher = node.create_publisher(Image, f"{prefix}/image_raw", reliable)
        self._infos = node.create_publisher(CameraInfo, f"{prefix}/camera_info", qos_profile_sensor_data)
        camera = replace(cameras.Camera.from_fov(*SIZE), guessed=False)
        self._info = camera_info_message(camera, make_header(0, "camera", message_class), message_class)
        latched = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
        subscribe = node.create_subscription
        subscribe(message_class("orpose_msgs/msg/PersonPose3DArray"), f"{prefix}/poses3d", self._on_poses, 50)
        # The other outputs cost what they cost only if somebody takes them.
        subscribe(message_class("orpose_msgs/msg/PersonPose2DArray"), f"{prefix}/poses2d", _ignore, 50)
        subscribe(MarkerArray, f"{prefix}/markers", _ignore, 50)
        subscribe(Image, f"{prefix}/overlay", _ignore, 10)
        subscribe(message_class("orpose_msgs/msg/SkeletonInfo"), f"{prefix}/skeleton_info", _ignore, latched)

    @property
    def is_heard(self) -> bool:
        return self._publisher.get_subscription_count() > 0

    def send(self) -> int:
        """Publish the next picture, and the intrinsics; the stamp in nanoseconds."""
        message = self._images[len(self.sent) % len(self._images)]
        stamp = time.time_ns()
        message.header.stamp.sec, message.header.stamp.nanosec = divmod(stamp, 1_000_000_000)
        self._infos.publish(self._info)
        self.sent[stamp] = time.monotonic()
        self._publisher.publish(message)
        return stamp

    def on_status(self, status: DiagnosticStatus) -> None:
        self.status = {pair.key: pair.value for pair in status.values}
        self.longest_wait = max(self.longest_wait, float(self.status.get("longest wait (ms)", 0)))

    def count(self, key: str) -> int:
        """A count of the node's diagnostics."""
        return int(self.status[key])

    def _on_poses(self, message: Any) -> None:
        self.arrived.setdefault(stamp_of(message.header), time.monotonic())


class _Room:
    """The cameras, and the loop that lets messages arrive."""

    def __init__(self, context: Context, names: tuple[str, ...], images: list[Image], process: Any, log: Path) -> None:
        self._process = process
        self._log = log
        self._node = Node("orpose_benchmark", context=context)
        self._executor = SingleThreadedExecutor(context=context)
        self._executor.add_node(self._node)
        self.eyes = [_Eye(self._node, name, images) for name in names]
        self._statuses = 0
        self._trouble = ""
        self._node.create_subscription(DiagnosticArray, "/diagnostics", self._on_diagnostics, 10)

    def close(self) -> None:
        self._executor.shutdown()
        self._node.destroy_node()

    def spin(self, until: float) -> None:
        """Let messages arrive until a time."""
        while (left := until - time.monotonic()) > 0:
            self._executor.spin_once(timeout_sec=min(left, 0.1))

    def wait(self, condition: Callable[[], Any], what: str) -> None:
        """Let messages arrive until something has happened.

        Raises:
            OrposeError: the node ended, or it took too long.
        """
        end = time.monotonic() + _LIMIT
        while not condition():
            if self._trouble:
                raise OrposeError(f"the node gave no {what}; it says: {self._trouble}")
            if self._process.poll() is not None or time.monotonic() > end:
                lines = self._log.read_text().strip().splitlines()
                raise OrposeError(f"the node gave no {what}; it said: {lines[-1] if lines else 'nothing'}")
            self._executor.spin_once(timeout_sec=0.02)

    def ask(self, eye: _Eye) -> float:
        """Publish an image and wait for its poses; seconds."""
        stamp = eye.send()
        self.wait(lambda: stamp in eye.arrived, "poses")
        return eye.arrived[stamp] - eye.sent[stamp]

    def warm_up(self) -> None:
        """Until every camera's images give poses and its intrinsics are in use."""
        self.wait(lambda: all(eye.is_heard for eye in self.eyes), "subscription")
        for eye in self.eyes:
            for _ in range(WARM):
                self.ask(eye)
        self.fresh_status()

    def fresh_status(self) -> None:
        """Wait for diagnostics that were made after now."""
        wanted = self._statuses + 2
        self.wait(lambda: self._statuses >= wanted and all(eye.status for eye in self.eyes), "diagnostics")

    def _on_diagnostics(self, message: DiagnosticArray) -> None:
        mine = {status.name: status for status in message.status}
        troubles = [status.message for status in message.status if status.message.startswith("not configured")]
        self._trouble = "; ".join(troubles)
        for eye in self.eyes:
            if status := mine.get(eye.status_name):
                eye.on_status(status)
        self._statuses += any(eye.status_name in mine for eye in self.eyes)


def _ignore(message: Any) -> None:
    """What arrived is of no interest."""


def measure_node(model: str, threads: int, report: Callable[[str], None] = lambda text: None) -> NodeBenchmark:
    """Measure the node with a model.

    Args:
        model: a name that `load_model` knows.
        threads: how many the model may use.
        report: called with one sentence before each step.

    Raises:
        OrposeError: the model cannot be loaded, the footage is not fetched, or the node does not work.
    """
    circumstances = Circumstances()
    shown = pictures(REFERENCE_PERSONS)
    with TemporaryDirectory(prefix="orpose-benchmark-") as temporary:
        folder = Path(temporary)
        report(f"the node beside the model alone, {CALLS} images each")
        bare, node, engine = _overhead(model, threads, shown, folder)
        report(f"one camera of {SINGLE_FPS:g} images a second for {SECONDS:g} s")
        single = _stream(model, threads, shown, folder, ("",), SINGLE_FPS)
        report(f"{len(CAMERAS)} cameras of {SEVERAL_FPS:g} images a second each for {SECONDS:g} s")
        several = _stream(model, threads, shown, folder, CAMERAS, SEVERAL_FPS)
    name = Path(model).name
    return NodeBenchmark(
        **circumstances.record(),
        command=f"orpose benchmark-node --model {name} --threads {threads}",
        model=name,
        engine=engine,
        threads=threads,
        persons=REFERENCE_PERSONS,
        bare=timing(bare),
        node=timing(node),
        single=single,
        several=several,
    )


def _overhead(
    model: str, threads: int, shown: list[NDArray[np.uint8]], folder: Path
) -> tuple[list[float], list[float], str]:
    """Seconds of the model alone and of the node, image by image in turn, and the model's engine."""
    files = save_pictures(REFERENCE_PERSONS, folder)
    bare, node = [], []
    try:
        with MeasuringProcess(Contender("model", model, None, threads), pinned=False) as alone:
            alone.wait_loaded()
            engine = alone.do("start", picture=files[0], persons=0, boxes=[])["engine"]

            def ask_alone(i: int) -> float:
                order = {"persons": 0, "downsample": 1.0, "boxes": [], "warm": 0, "calls": 1}
                seconds: float = alone.do("run", pictures=[files[i % len(files)]], **order)["seconds"][0]
                return seconds

            for i in range(len(files)):
                ask_alone(i)
            with _running(model, threads, shown, folder, ("",)) as room:
                for i in range(CALLS):
                    node.append(room.ask(room.eyes[0]))
                    bare.append(ask_alone(i))
    except ContenderError as problem:
        raise OrposeError(str(problem)) from None
    return bare, node, str(engine)


def _stream(
    model: str, threads: int, shown: list[NDArray[np.uint8]], folder: Path, names: tuple[str, ...], fps: float
) -> NodeRun:
    """Cameras that send images at their own rate, whatever the node makes of them."""
    with _running(model, threads, shown, folder, names) as room:
        for eye in room.eyes:
            eye.longest_wait = 0.0
            eye.sent.clear()
            eye.arrived.clear()
        before = [{key: eye.count(key) for key in ("received", "processed", "dropped")} for eye in room.eyes]
        start = time.monotonic()
        images = round(SECONDS * fps)
        for i in range(images):
            for j, eye in enumerate(room.eyes):
                # The cameras are not synchronised: their images are spread evenly over the period.
                room.spin(start + (i + j / len(room.eyes)) / fps)
                eye.send()
        room.spin(start + images / fps)
        arrived = [len(eye.arrived) for eye in room.eyes]
        room.spin(time.monotonic() + 1.0)
        room.fresh_status()
        seen = [
            Camera(
                name=eye.name or "camera",
                sent=len(eye.sent),
                received=eye.count("received") - first["received"],
                processed=eye.count("processed") - first["processed"],
                dropped=eye.count("dropped") - first["dropped"],
                oldest_ms=eye.longest_wait,
                rate=round(count / SECONDS, 2),
            )
            for eye, first, count in zip(room.eyes, before, arrived, strict=True)
        ]
        latencies = [eye.arrived[s] - eye.sent[s] for eye in room.eyes for s in eye.arrived if s in eye.sent]
    if not latencies:
        raise OrposeError("the node gave no poses of images that came at the cameras' rate")
    return NodeRun(cameras=seen, fps=fps, seconds=SECONDS, latency=timing(latencies))


@contextmanager
def _running(
    model: str, threads: int, shown: list[NDArray[np.uint8]], folder: Path, names: tuple[str, ...]
) -> Iterator[_Room]:
    """A node that is active and warm, with these cameras; ended at the end."""
    use_large_image_profile(os.environ)
    domain = os.getpid() % 100  # nobody else's node is to be measured along
    parameters = {
        "model": f'"{model}"',
        "threads": threads,
        "image_reliability": "reliable",
        "cameras": ",".join(names),
    }
    arguments = [word for name, value in parameters.items() if value for word in ("-p", f"{name}:={value}")]
    command = [sys.executable, "-m", "orpose_ros.pose_node", "--ros-args", "-r", f"__ns:={_NAMESPACE}", *arguments]
    environment = {**os.environ, "ROS_DOMAIN_ID": str(domain), "ROS_LOG_DIR": str(folder)}
    log = folder / "log.txt"
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT, env=environment)
    context = Context()
    rclpy.init(args=[], context=context, domain_id=domain)
    room = None
    try:
        room = _Room(context, names, [_message(picture) for picture in shown], process, log)
        room.warm_up()
        yield room
    finally:
        process.terminate()
        try:
            process.wait(_STOP_TIMEOUT)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if room is not None:
            room.close()
        rclpy.shutdown(context=context)


def _message(picture: NDArray[np.uint8]) -> Image:
    height, width = picture.shape[:2]
    message = Image(height=height, width=width, encoding="bgr8", step=3 * width)
    message.header.frame_id = "camera"
    message.data = array("B", picture.tobytes())
    return message


if __name__ == "__main__":
    print(measure_node(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 1).model_dump_json(indent=1))
