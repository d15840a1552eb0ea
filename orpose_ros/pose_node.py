"""The executable `pose_node`: runs the lifecycle node of `orpose_ros.node` until SIGINT or SIGTERM.

`run` serves the package's other nodes, too.
"""

import os
import signal
import sys
from collections.abc import Callable, Mapping
from threading import Event
from types import FrameType
from typing import TYPE_CHECKING, Any, NamedTuple

from orpose_ros.parent import end_with_parent

if TYPE_CHECKING:
    from orpose_ros.parameters import Parameter


class Program(NamedTuple):
    """A node that can be run.

    Attributes:
        name: the node's.
        declared: loads its parameters, without ROS.
        node: loads its class, which has a method `close` that tells whether all threads ended.
    """

    name: str
    declared: "Callable[[], Mapping[str, Parameter]]"
    node: Callable[[], Any]


def _parameters() -> "Mapping[str, Parameter]":
    from orpose_ros.parameters import PARAMETERS

    return PARAMETERS


def _node() -> Any:
    from orpose_ros.node import PoseNode

    return PoseNode


POSE_NODE = Program("pose_node", _parameters, _node)


def run(arguments: list[str] | None = None, program: Program = POSE_NODE) -> int:
    """Run the node; its exit code: 0 after a signal, whenever it comes, or 2 if it cannot start.

    It cannot for bad arguments or parameters, and with `end_if_unconfigured` if configuring or activating fails.
    """
    has_begun, told_to_stop = Event(), Event()

    def stop(number: int, frame: FrameType | None) -> None:
        if not has_begun.is_set():
            os._exit(0)  # an exception may come to nothing in what is being imported
        told_to_stop.set()
        raise SystemExit(0)

    # Until rclpy takes the signals over: importing takes a second or two.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    # The launch files block them until here.
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT, signal.SIGTERM})
    end_with_parent()
    try:
        return _serve(sys.argv[1:] if arguments is None else arguments, has_begun, program)
    except (KeyboardInterrupt, SystemExit):
        pass
    except Exception:
        # rclpy raises ExternalShutdownException, or whatever the end of its context made fail.
        if not told_to_stop.is_set():
            raise
    return 0


def _serve(arguments: list[str], has_begun: Event, program: Program) -> int:
    """Run the node until its end, and set `has_begun` once there is something to end; the exit code."""
    from orpose_models.vocabulary.errors import OrposeError
    from orpose_ros.given_parameters import check_arguments

    try:
        check_arguments(arguments, program.name, program.declared())
    except OrposeError as error:
        return _refuse(str(error))
    import rclpy
    from rclpy.exceptions import ParameterException

    from orpose_ros.dds import use_large_image_profile

    use_large_image_profile(os.environ)
    has_begun.set()
    try:
        context = rclpy.init(args=arguments)
    except Exception as error:  # of classes that are private to rclpy: a parameter file that cannot be read, say
        return _refuse(f"ROS cannot be started: {str(error).splitlines()[0].partition(', at /')[0]}")
    node, code = None, 0
    try:
        with context:
            try:
                node = program.node()()
                rclpy.spin(node)
            except (ParameterException, OrposeError) as error:
                code = _refuse(str(error))
    finally:
        if node is not None and not node.close():
            # Native code that cannot be interrupted is at work; leave without waiting for it.
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)
    return code


def _refuse(reason: str) -> int:
    print(f"error: {reason}", file=sys.stderr)
    return 2


def main() -> None:
    """Entry point of the executable."""
    sys.exit(run())


if __name__ == "__main__":
    main()
