"""The lifecycle node: camera images in, 2D and 3D poses, markers and diagnostics out."""

from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from threading import Lock, Thread

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from rclpy.clock import Clock, ClockType
from rclpy.lifecycle import LifecycleNode, LifecycleState, TransitionCallbackReturn
from rclpy.timer import Timer

from orpose_models.model_format.pose_model import PoseModel
from orpose_models.registry.batches import settled_batch
from orpose_models.registry.models import load_model
from orpose_models.runtime.engine_loading import DeviceError
from orpose_models.vocabulary.errors import OrposeError
from orpose_models.vocabulary.package_log import forward_log
from orpose_ros.declaration import NodeParameters
from orpose_ros.diagnostics import Health, Status, assess
from orpose_ros.stream import CameraStream, Frame, work_together
from orpose_ros.topic_names import camera_names
from orpose_ros.worker import Together, Worker

_STALL_CHECK_PERIOD = 0.2
# How long an inference may go on after the node was told to stop.
_STOP_TIMEOUT = 1.0


class PoseNode(LifecycleNode):
    """Parameters and model are taken in configure, images in activate; cleanup releases all of it."""

    def __init__(self) -> None:
        super().__init__("pose_node", namespace="orpose")
        self._model: PoseModel | None = None
        self._streams: dict[str, CameraStream] = {}  # by name
        self._worker: Worker[Frame] | None = None
        self._loader: Thread | None = None
        self._state = "unconfigured"
        self._configure_problem = ""
        self._device_problem = ""  # of the device that computes the model, while it was in use
        self._stalled: set[str] = set()
        # The worker that was stopped may still be at an image when the node is active again, with another worker.
        self._working = Lock()
        self._settings = NodeParameters(self, configured=lambda: self._state != "unconfigured")
        forward_log(self.get_logger().info, self.get_logger().warning)
        self._diagnostics = self.create_publisher(DiagnosticArray, "/diagnostics", 10)
        steady = Clock(clock_type=ClockType.STEADY_TIME)  # goes on when simulated time stands still
        self.create_timer(1.0, self._publish_diagnostics, clock=steady)
        self.create_timer(_STALL_CHECK_PERIOD, self._watch, clock=steady)
        self._autostart: Timer | None = None
        if self._settings["autostart"]:
            self._autostart = self.create_timer(0.0, self._start, clock=steady)

    def on_configure(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Load the model and create the publishers."""
        try:
            self._model = self._load_model_interruptibly()
            for camera in camera_names(self._settings["cameras"]):
                stream = CameraStream(self, self._settings, self._model, camera)
                self._streams[stream.name] = stream
        except Exception as error:
            self._configure_problem = str(error) if isinstance(error, OrposeError) else repr(error)
            self.get_logger().error(f"not configured: {self._configure_problem}")
            self._release()
            return TransitionCallbackReturn.FAILURE
        self._configure_problem = self._device_problem = ""
        self._state = "inactive"
        limit = self._settings["max_input_pixels"]
        guard = f"frames are reduced to at most {limit} pixels before anything else" if limit else "off"
        self.get_logger().info(
            f"model {self._model.name} ({self._model.engine}, sha256 {self._model.sha256[:12]}), privacy guard: {guard}"
        )
        return super().on_configure(state)

    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Start to receive images."""
        streams = dict(self._streams)
        try:
            result = super().on_activate(state)
            self._worker = Worker(
                work=lambda name, frame: self._work(streams[name], frame),
                on_error=lambda name, frame, error: self._failed(streams[name], error),
                together=self._together(streams),
            )
            for stream in streams.values():
                stream.start(self._worker)
        except Exception as error:  # of the middleware; rclpy would call on_error and say nothing
            self._configure_problem = f"cannot be activated: {error!r}"
            self.get_logger().error(f"not active: {error!r}")
            return TransitionCallbackReturn.ERROR
        self._stalled.clear()
        self._state = "active"
        for stream in streams.values():
            kind = "rectified images (P of camera_info, no distortion)" if stream.rectified else "images"
            self.get_logger().info(f"waiting for {kind} on {stream.image_topic}")
        return result

    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Stop receiving and publishing; to the state of errors if that is because the device failed."""
        self._stop()
        if self._device_problem:
            return TransitionCallbackReturn.ERROR
        self._state = "inactive"
        return super().on_deactivate(state)

    def on_cleanup(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Release the model and the topics."""
        self._release()
        self._state = "unconfigured"
        return super().on_cleanup(state)

    def on_shutdown(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Release everything for good."""
        self._release()
        self._state = "finalized"
        return super().on_shutdown(state)

    def on_error(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Fall back to unconfigured, from where configure loads the model anew."""
        self._release()
        self._configure_problem = self._device_problem or self._configure_problem
        self._state = "unconfigured"
        return super().on_error(state)

    def close(self) -> bool:
        """Stop working.

        Returns:
            Whether all threads ended. They have not if a model is being loaded, or an inference takes a second more.
        """
        return self._stop() and not (self._loader and self._loader.is_alive())

    def _start(self) -> None:
        """
        Raises:
            OrposeError: it does not become active, and is not to wait until that is mended.
        """
        assert self._autostart is not None
        self.destroy_timer(self._autostart)
        if self._state == "unconfigured" and self.trigger_configure() == TransitionCallbackReturn.SUCCESS:
            self.trigger_activate()
        if self._state != "active" and self._settings["end_if_unconfigured"] and self.context.ok():
            raise OrposeError(f"{self.get_fully_qualified_name()} did not become active: {self._configure_problem}")

    def _load_model_interruptibly(self) -> PoseModel:
        """Load in a thread of its own, so that a signal need not wait for it."""
        future: Future[PoseModel] = Future()

        def load() -> None:
            try:
                future.set_result(self._load_model())
            except Exception as error:
                future.set_exception(error)

        self._loader = Thread(target=load, name="orpose-loader", daemon=True)
        self._loader.start()
        while not future.done() and self.context.ok():
            self._loader.join(0.1)
        if not future.done():
            raise OrposeError("told to stop while the model was being loaded")
        self._loader.join()
        return future.result()

    def _load_model(self) -> PoseModel:
        engine = self._settings["engine"]
        return load_model(
            self._settings["model"], self._settings["threads"] or None, None if engine == "default" else engine
        )

    def _work(self, stream: CameraStream, frame: Frame) -> None:
        with self._working:
            stream.work(frame)

    def _together(self, streams: Mapping[str, CameraStream]) -> Together[Frame] | None:
        """How images of several cameras are computed at once; None where the device gains nothing by that."""
        window = 1e-3 * self._settings["batch_window"]
        if len(streams) < 2 or window == 0 or self._model is None or (most := settled_batch(self._model)) < 2:
            return None
        self.get_logger().info(f"images of several cameras that arrive within {1e3 * window:g} ms are computed at once")

        def work(frames: Sequence[tuple[str, Frame]]) -> None:
            with self._working:
                work_together([(streams[name], frame) for name, frame in frames])

        most = min(most, len(streams))
        return Together(most, lambda name, frame: streams[name].may_wait_until(frame, window), work)

    def _failed(self, stream: CameraStream, error: Exception) -> None:
        """An image is lost; runs in the worker's thread."""
        stream.failed(error)
        if isinstance(error, DeviceError):
            self._device_problem = str(error)

    def _give_up_device(self) -> None:
        """Leave the active state because the device failed: it has to be loaded anew."""
        self.get_logger().error(f"{self._device_problem}; configure the node again to load the model anew")
        self.trigger_deactivate()

    def _stop(self) -> bool:
        for stream in self._streams.values():
            stream.stop()
        ended = self._worker is None or self._worker.stop(_STOP_TIMEOUT)
        self._worker = None
        return ended

    def _release(self) -> None:
        self._stop()
        for stream in self._streams.values():
            stream.close()
        self._streams = {}
        self._model = None

    def _watch(self) -> None:
        """Tell at once when a camera stalls or comes back; the diagnostics' own rate would be too slow."""
        if self._state != "active":
            return
        if self._device_problem:
            self._give_up_device()
            return
        silences = {name: stream.snapshot().silence for name, stream in self._streams.items()}
        stalled = {name for name, silence in silences.items() if silence > self._settings["image_timeout"]}
        for name in sorted(stalled ^ self._stalled):
            topic = self._streams[name].image_topic
            if name in stalled:
                self.get_logger().warning(f"no image for {silences[name]:.1f} s on {topic}")
            else:
                self.get_logger().info(f"images are coming again on {topic}")
        if stalled != self._stalled:
            self._stalled = stalled
            self._publish_diagnostics()

    def _status(self, stream: CameraStream | None) -> Status:
        health = Health(self._state, self._configure_problem, model=self._model)
        if self._state != "active" or stream is None:
            return assess(health, None)
        health.image_topic = stream.image_topic
        health.publishers, health.incompatible = stream.publishers()
        health.camera_problem = stream.camera_problem
        health.calibrated = stream.calibrated
        health.image_timeout = self._settings["image_timeout"]
        health.max_input_pixels = self._settings["max_input_pixels"]
        return assess(health, stream.snapshot())

    def _publish_diagnostics(self) -> None:
        """One status a camera; one in all as long as the node has none."""
        array = DiagnosticArray()
        for stream in self._streams.values() or [None]:
            status = self._status(stream)
            camera = f" of {stream.camera}" if stream is not None and stream.camera else ""
            message = DiagnosticStatus(
                level=bytes([status.level]),
                name=f"{self.get_fully_qualified_name()}: poses{camera}",
                message=status.message,
                hardware_id=stream.image_topic if stream is not None else "",
                values=[KeyValue(key=key, value=value) for key, value in status.values.items()],
            )
            array.status.append(message)
        array.header.stamp = self.get_clock().now().to_msg()
        self._diagnostics.publish(array)
