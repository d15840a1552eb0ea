"""A `pose_node` in a process of its own, and a client of the tests that talks to it over DDS."""

import signal
from array import array
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from diagnostic_msgs.msg import DiagnosticStatus
from lifecycle_msgs.msg import Transition
from lifecycle_msgs.srv import ChangeState, GetState
from numpy.typing import NDArray
from rcl_interfaces.msg import Parameter as ParameterMessage
from rcl_interfaces.msg import SetParametersResult
from rcl_interfaces.srv import GetParameters, SetParameters
from rclpy.parameter import Parameter
from sensor_msgs.msg import CameraInfo, Image

from orpose_models.vocabulary.errors import OrposeError
from orpose_msgs.msg import PersonPose2DArray, PersonPose3DArray
from orpose_ros.parameters import PARAMETERS
from orpose_ros.tools.client import Client, NodeProgram, PlayedCamera, Program

LIMIT = 60.0  # seconds that a wait may take before the test fails
CONFIGURE = Transition.TRANSITION_CONFIGURE
CLEANUP = Transition.TRANSITION_CLEANUP
ACTIVATE = Transition.TRANSITION_ACTIVATE
DEACTIVATE = Transition.TRANSITION_DEACTIVATE


class NodeProcess(NodeProgram):
    """The node with its logs in a folder.

    Args:
        environment: changes to the environment, for example ROS_DOMAIN_ID.
    """

    def __init__(self, folder: Path, environment: dict[str, str], **parameters: Any) -> None:
        super().__init__(folder / "log.txt", {"ROS_LOG_DIR": str(folder), **environment}, **parameters)

    def end(self, number: signal.Signals) -> int:
        """Send a signal and return the exit code."""
        self.process.send_signal(number)
        return self.process.wait(LIMIT)


class Rig(Client):
    """Publishes images to a camera of a `pose_node` and collects what it publishes.

    Args:
        program: the node, or what started it.
        domain: ROS domain of both.
        namespace: of the node.
        reliable: whether images are published reliably.
        camera: which of several cameras of the node.
    """

    def __init__(
        self, program: Program, domain: int, namespace: str = "/orpose", reliable: bool = True, camera: str = ""
    ) -> None:
        super().__init__(program, domain, namespace=f"{namespace}/{camera}".rstrip("/"), limit=LIMIT, patient=True)
        self.namespace = namespace
        self.camera = PlayedCamera(self, camera, namespace, reliable=reliable)
        self.poses2d, self.poses3d = self.camera.poses2d, self.camera.poses3d
        self.markers, self.overlays = self.camera.markers, self.camera.overlays
        self.diagnostics = self.camera.statuses
        self._next_stamp = 1_000_000_000

    def wait(self, condition: Callable[[], Any], what: str = "") -> Any:
        """Spin until the condition is true, and return its value; the whole log if it never is."""
        try:
            return super().wait(condition, f"{what} did not happen")
        except OrposeError as error:
            raise AssertionError(f"{error}\n{self.program.log}") from None

    def wait_ready(self) -> None:
        """Wait until images go in and results of every kind come out."""
        picture = np.full((48, 64, 3), 90, np.uint8)
        everything = (self.poses2d, self.poses3d, self.overlays, self.markers)

        def ready() -> bool:
            stamp = self.send(picture)
            self.wait_briefly(lambda: stamp in self.poses3d)
            return all(everything) and bool(self.diagnostics)

        self.wait(lambda: self.camera.is_heard, "a subscription to images")
        self.wait(ready, "a first result of every kind")

    def wait_answered(self) -> None:
        """Wait until an image has a result: a subscription that was just made anew may miss the first ones."""
        picture = np.full((48, 64, 3), 90, np.uint8)

        def answered() -> bool:
            stamp = self.send(picture)
            self.wait_briefly(lambda: stamp in self.poses3d)
            return stamp in self.poses3d

        self.wait(answered, "a first result")

    def send(self, picture: NDArray[np.uint8] | Image, frame_id: str = "camera_optical") -> int:
        """Publish an image, BGR or a message that is stamped here; its stamp in nanoseconds."""
        message = picture if isinstance(picture, Image) else image_message(picture)
        stamp = self.give_stamp(message, frame_id)
        self.camera.send(message, stamp)
        return stamp

    def give_stamp(self, message: Any, frame_id: str = "camera_optical") -> int:
        """Stamp a message 40 ms after the one before; the stamp in nanoseconds."""
        self._next_stamp += 40_000_000
        message.header.stamp.sec, message.header.stamp.nanosec = divmod(self._next_stamp, 1_000_000_000)
        message.header.frame_id = frame_id
        return self._next_stamp

    def send_info(self, info: CameraInfo) -> None:
        self.camera.send_info(info)

    def process_image(self, picture: NDArray[np.uint8] | Image) -> tuple[PersonPose2DArray, PersonPose3DArray]:
        """Publish an image and wait for its poses."""
        stamp = self.send(picture)
        self.wait(lambda: stamp in self.poses2d and stamp in self.poses3d, "a result")
        return self.poses2d[stamp], self.poses3d[stamp]

    def diagnosed(
        self,
        condition: Callable[[DiagnosticStatus], Any],
        what: str,
        meanwhile: Callable[[], Any] = lambda: None,
    ) -> DiagnosticStatus:
        """Wait for a new diagnostic status that fulfils the condition, doing something again and again meanwhile."""
        self.diagnostics.clear()

        def found() -> DiagnosticStatus | None:
            meanwhile()
            return next((status for status in self.diagnostics if condition(status)), None)

        return self.wait(found, what)

    def change_state(self, transition: int) -> bool:
        """Ask for a lifecycle transition; whether it succeeded."""
        request = ChangeState.Request(transition=Transition(id=transition))
        return self._call(ChangeState, "change_state", request).success

    def state(self) -> str:
        return self._call(GetState, "get_state", GetState.Request()).current_state.label

    def set(self, **values: Any) -> SetParametersResult:
        """Set parameters, one after the other; the last result, or the first refusal."""
        parameters = [Parameter(name, value=value).to_parameter_msg() for name, value in values.items()]
        results = self._call(SetParameters, "set_parameters", SetParameters.Request(parameters=parameters)).results
        return next((result for result in results if not result.successful), results[-1])

    def get_double(self, name: str) -> float:
        return self._call(GetParameters, "get_parameters", GetParameters.Request(names=[name])).values[0].double_value

    def reconfigure(self, **values: Any) -> None:
        """Through unconfigured back to active, with other parameters."""
        if self.state() == "active":
            assert self.change_state(DEACTIVATE)
        if self.state() == "inactive":
            assert self.change_state(CLEANUP)
        if values:
            assert self.set(**values).successful
        assert self.change_state(CONFIGURE)
        assert self.change_state(ACTIVATE)

    def parameters(self) -> list[Any]:
        """The values of all parameters, in the declaration's order."""
        return list(self._call(GetParameters, "get_parameters", GetParameters.Request(names=list(PARAMETERS))).values)

    def restore(self, values: list[Any]) -> None:
        """Make the node active with these values of all parameters, if it is not."""
        now, state = self.parameters(), self.state()
        if state == "active" and now == values:
            return
        if state == "active":
            assert self.change_state(DEACTIVATE)
        if state in ("active", "inactive"):
            assert self.change_state(CLEANUP)
        changes = [
            ParameterMessage(name=n, value=v) for n, v, old in zip(PARAMETERS, values, now, strict=True) if v != old
        ]
        request = SetParameters.Request(parameters=changes)
        assert all(result.successful for result in self._call(SetParameters, "set_parameters", request).results)
        assert self.change_state(CONFIGURE)
        assert self.change_state(ACTIVATE)
        self.wait_ready()

    def _call(self, kind: Any, name: str, request: Any) -> Any:
        client = self.node.create_client(kind, f"{self.namespace}/pose_node/{name}")
        self.wait(client.service_is_ready, f"service {name}")
        future = client.call_async(request)
        self.wait(future.done, f"an answer of {name}")
        self.node.destroy_client(client)
        return future.result()


def stamp(message: Any) -> int:
    """Stamp of a message in nanoseconds."""
    return message.header.stamp.sec * 1_000_000_000 + message.header.stamp.nanosec


def image_message(pixels: NDArray[Any], encoding: str = "bgr8", padding: int = 0, bigendian: bool = False) -> Image:
    """An image message of rows (h, w[, c]) in the encoding's own layout, with padding bytes after each row.

    The rows of planar YUV are those of its luminance and colour planes together.
    """
    height, width = pixels.shape[:2]
    if encoding in ("nv12", "nv21"):
        height = height * 2 // 3
    values = pixels.astype(pixels.dtype.newbyteorder(">")) if bigendian else pixels
    rows = np.frombuffer(np.ascontiguousarray(values).tobytes(), np.uint8).reshape(pixels.shape[0], -1)
    rows = np.pad(rows, ((0, 0), (0, padding)), constant_values=77)
    data = array("B", rows.tobytes())
    return Image(
        height=height, width=width, encoding=encoding, is_bigendian=int(bigendian), step=rows.shape[1], data=data
    )
