"""One camera: its subscriptions, its pipeline, its counts and its results."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rclpy.event_handler import QoSMessageLostInfo, SubscriptionEventCallbacks, UnsupportedEventTypeError
from rclpy.lifecycle import LifecycleNode
from rclpy.qos import QoSCompatibility, QoSProfile, qos_check_compatible, qos_profile_sensor_data
from rclpy.subscription import Subscription
from sensor_msgs.msg import CameraInfo, CompressedImage, Image

from orpose_models.datasets.camera_file import View
from orpose_models.messages.camera_info import IntrinsicsByTime, is_rectified
from orpose_models.messages.compressed_images import message_to_bgr
from orpose_models.messages.depth_images import DepthByTime, depth_from_image
from orpose_models.messages.fields import stamp_of
from orpose_models.model_format.pose_model import PoseModel
from orpose_models.runtime.pipeline import Result, process_together
from orpose_models.vocabulary.cameras import Camera
from orpose_models.vocabulary.errors import OrposeError
from orpose_models.vocabulary.resolution import Size
from orpose_ros.gravity import TfGravity
from orpose_ros.outputs import Outputs, reliability
from orpose_ros.processing import Processing
from orpose_ros.stream_statistics import Snapshot, Statistics
from orpose_ros.topic_names import camera_info_topic, check_topics, image_topic, placed
from orpose_ros.worker import Worker

# Seconds that an image waits for the camera_info of its stamp, where each image has one.
_INFO_PATIENCE = 0.05
# Changes of the intrinsics that are remembered.
_INFO_MEMORY = 1000


@dataclass(frozen=True)
class Frame:
    """A message on its way to a worker, and when it arrived by `time.monotonic`."""

    message: Any
    arrival: float
    worker: "Worker[Frame]"


@dataclass(frozen=True, eq=False)
class _Ready:
    """An image on its way to the model.

    Attributes:
        frame, taken: as it arrived; when the worker took it, by `time.monotonic`.
        image: (h, w, 3) uint8 BGR.
        camera: calibrated or guessed.
        stamp: of the message in seconds; 0 if it has none.
        time: of acquisition in seconds, as well as it is known.
        depth: (h, w) metres of the same moment, or None.
    """

    frame: Frame
    taken: float
    image: NDArray[np.uint8]
    camera: Camera
    stamp: float
    time: float
    depth: NDArray[np.float32] | None


class CameraStream:
    """Takes the images of one camera from its topic to published results.

    Args:
        node: owns the subscriptions and publishers.
        parameters: the node's; those that are changeable are read for every image.
        model: finds the persons; may be shared by several streams of one worker.
        camera: its name, which is its topics' namespace below the node's; empty for the node's own.

    Raises:
        OrposeError: a topic's name is impossible, or gravity is to come from TF and tf2_ros is not installed.
    """

    def __init__(self, node: LifecycleNode, parameters: Mapping[str, Any], model: PoseModel, camera: str = "") -> None:
        check_topics(parameters, camera)
        self.camera = camera
        self.name = "/".join(filter(None, [node.get_namespace().strip("/"), camera])) or node.get_name()
        # Why the last image's intrinsics were not used, and whether any were.
        self.camera_problem = ""
        self.calibrated = False
        self._node = node
        self._parameters = parameters
        self._model = model
        self._processing = Processing(model, parameters)
        gravity = np.asarray(parameters["gravity"], np.float64)
        length = float(np.linalg.norm(gravity))
        self._fixed_gravity = gravity / length if length > 0 else None
        self._tf = TfGravity(node, parameters["gravity_frame"]) if parameters["gravity_frame"] else None
        self._outputs = Outputs(node, parameters, self.name, camera)
        self._statistics = Statistics(time.monotonic())
        self._intrinsics = IntrinsicsByTime(self.rectified, _INFO_MEMORY)
        self._depth = DepthByTime()
        self._reduced: tuple[Size, Size] | None = None
        self._worker: Worker[Frame] | None = None
        self._subscriptions: list[Subscription] = []
        self._qos = QoSProfile(
            depth=parameters["image_queue_depth"], reliability=reliability(parameters["image_reliability"])
        )
        # Held while publishing, so that nothing is published once `stop` returned.
        self._publishing = Lock()

    @property
    def _of_camera(self) -> str:
        """Begins a line of the log."""
        return f"{self.camera}: " if self.camera else ""

    @property
    def image_topic(self) -> str:
        """Full name of the image topic, after remapping."""
        return image_topic(self._node, self._parameters["image_topic"], self._parameters["compressed"], self.camera)

    @property
    def camera_info_topic(self) -> str:
        """Full name of the intrinsics' topic, after remapping."""
        parameters = self._parameters
        return camera_info_topic(self._node, parameters["image_topic"], parameters["camera_info_topic"], self.camera)

    @property
    def depth_topic(self) -> str:
        """Full name of the depth topic, after remapping; empty if there is none."""
        name = self._parameters["depth_topic"]
        return self._node.resolve_topic_name(placed(name, self.camera)) if name else ""

    @property
    def rectified(self) -> bool:
        """Whether the images are free of distortion and belong to the projection matrix of the intrinsics."""
        return is_rectified(self.image_topic, self._parameters["rectified"])

    def start(self, worker: Worker[Frame]) -> None:
        """Say what the poses mean and start to receive images, whose results `work` makes in the worker's thread."""
        self._worker = worker
        self._statistics = Statistics(time.monotonic())
        self._outputs.describe(self._model)
        image_type = CompressedImage if self._parameters["compressed"] else Image
        create = self._node.create_subscription
        try:
            events = SubscriptionEventCallbacks(message_lost=self._on_lost)
            images = create(image_type, self.image_topic, self._on_image, self._qos, event_callbacks=events)
        except UnsupportedEventTypeError:  # some middlewares cannot tell what they lost
            images = create(image_type, self.image_topic, self._on_image, self._qos)
        infos = create(CameraInfo, self.camera_info_topic, self._on_camera_info, qos_profile_sensor_data)
        self._subscriptions = [images, infos]
        if self.depth_topic:
            self._subscriptions.append(create(Image, self.depth_topic, self._depth.add, qos_profile_sensor_data))

    def stop(self) -> None:
        """Stop receiving; what is being worked on is not published any more."""
        with self._publishing:
            self._worker = None
        for subscription in self._subscriptions:
            self._node.destroy_subscription(subscription)
        self._subscriptions = []

    def close(self) -> None:
        """Release everything."""
        self.stop()
        self._outputs.destroy()
        if self._tf is not None:
            self._tf.close()

    def snapshot(self) -> Snapshot:
        """What was received and published, and how fast."""
        return self._statistics.snapshot(time.monotonic())

    def publishers(self) -> tuple[int, list[str]]:
        """How many nodes publish the images, and why those whose images cannot arrive are incompatible."""
        infos = self._node.get_publishers_info_by_topic(self.image_topic)
        wanted = "sensor_msgs/msg/CompressedImage" if self._parameters["compressed"] else "sensor_msgs/msg/Image"
        reasons = []
        for info in infos:
            if info.topic_type != wanted:
                reasons.append(f"type {info.topic_type} instead of {wanted}")
                continue
            compatibility, reason = qos_check_compatible(info.qos_profile, self._qos)
            if compatibility == QoSCompatibility.ERROR:
                reasons.append(reason.removeprefix("ERROR: ").rstrip("; ").lower())
        return len(infos), sorted(set(reasons))

    def work(self, frame: Frame) -> None:
        """Make and publish the result of one image; runs in the worker's thread."""
        if (ready := self._ready(frame)) is not None:
            self._done(ready, self._processing.process(ready.image, ready.camera, ready.time, ready.depth))

    def _ready(self, frame: Frame) -> "_Ready | None":
        """An image as the model is given it; None if it cannot be used."""
        taken = time.monotonic()
        try:
            image = message_to_bgr(frame.message)
        except OrposeError as error:
            self._bad(str(error))
            return None
        header = frame.message.header
        camera = self._camera((image.shape[1], image.shape[0]), header)
        stamp = stamp_of(header) * 1e-9
        return _Ready(frame, taken, image, camera, stamp, stamp or frame.arrival, self._depth_at(stamp_of(header)))

    def _done(self, ready: "_Ready", result: Result) -> None:
        frame = ready.frame
        with self._publishing:
            if self._worker is not frame.worker:
                return
            self._outputs.publish(result, frame.message.header, ready.camera)
        self._count(frame, ready.taken, ready.stamp, result)

    def may_wait_until(self, frame: Frame, window: float) -> float:
        """Until when, by `time.monotonic`, an image may wait for others: `window` seconds, at most half a period."""
        rate = self._statistics.snapshot(time.monotonic()).rate_in
        return frame.arrival + min(window, 0.5 / rate if rate > 0 else 0.0)

    def failed(self, error: Exception) -> None:
        """An image was lost to an error in `work`."""
        self._statistics.failed(time.monotonic(), f"{type(error).__name__}: {error}")
        self._node.get_logger().error(
            f"{self._of_camera}an image is lost, processing it failed: {type(error).__name__}: {error}",
            throttle_duration_sec=1.0,
        )

    def _count(self, frame: Frame, taken: float, stamp: float, result: Result) -> None:
        now = self._node.get_clock().now().nanoseconds * 1e-9
        monotonic = time.monotonic()
        self._statistics.processed(
            monotonic,
            from_arrival=monotonic - frame.arrival,
            from_stamp=now - stamp if stamp else None,
            persons=len(result.poses),
            resolution=result.resolution,
            waited=taken - frame.arrival,
        )
        sizes = (result.resolution.full, result.resolution.seen)
        if sizes != self._reduced:
            self._reduced = sizes
            (full, seen), limit = sizes, self._processing.max_input_pixels
            guard = f", at most {limit} pixels by the privacy guard," if limit else ""
            self._node.get_logger().info(
                f"{self._of_camera}frames of {full[0]} x {full[1]}{guard} reach the model as {seen[0]} x {seen[1]}"
            )

    def _camera(self, size: Size, header: Any) -> Camera:
        """The camera of an image: calibrated where intrinsics came and fit, else guessed."""
        gravity = self._fixed_gravity
        if gravity is None and self._tf is not None:
            gravity = self._tf.lookup(header.frame_id)
        direction = None if gravity is None else (float(gravity[0]), float(gravity[1]), float(gravity[2]))
        known = self._intrinsics.at(stamp_of(header), _INFO_PATIENCE)
        try:
            camera, problem = View(known.camera, direction).camera(size), known.problem
        except OrposeError as error:
            camera, problem = View(None, direction).camera(size), str(error)
        self.camera_problem, self.calibrated = problem, not camera.guessed
        return camera

    def _depth_at(self, stamp: int) -> NDArray[np.float32] | None:
        """The depth image of a moment (ns); None if there is none, or it cannot be read, which is said."""
        message = self._depth.at(stamp, _INFO_PATIENCE)
        if message is None:
            return None
        try:
            return depth_from_image(message)
        except OrposeError as error:
            self._node.get_logger().warning(f"{self._of_camera}depth not used: {error}", throttle_duration_sec=5.0)
            return None

    def _on_image(self, message: Any) -> None:
        worker = self._worker
        if worker is None:
            return
        now = time.monotonic()
        self._statistics.received(now)
        if worker.submit(self.name, Frame(message, now, worker)):
            self._statistics.dropped()

    def _on_lost(self, info: QoSMessageLostInfo) -> None:
        self._statistics.lost(info.total_count_change)

    def _on_camera_info(self, message: CameraInfo) -> None:
        said = self._intrinsics.add(message)
        if said is not None and said.problem:
            self._node.get_logger().warning(f"{self._of_camera}intrinsics not used: {said.problem}")

    def _bad(self, reason: str) -> None:
        self._statistics.bad(time.monotonic(), reason)
        self._node.get_logger().warning(f"{self._of_camera}an image is skipped: {reason}", throttle_duration_sec=1.0)


def work_together(frames: Sequence[tuple[CameraStream, Frame]]) -> None:
    """Make and publish the results of images of several cameras with one call of their model."""
    ready = [(stream, one) for stream, frame in frames if (one := stream._ready(frame)) is not None]
    shots = [stream._processing.shot(one.image, one.camera, one.time, one.depth) for stream, one in ready]
    for (stream, one), result in zip(ready, process_together(shots), strict=True):
        stream._done(one, result)
