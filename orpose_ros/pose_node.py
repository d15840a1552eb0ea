"""The executable `pose_node`: runs the lifecycle node of `orpose_ros.node` until SIGINT or SIGTERM."""

import os
import signal
import sys
from threading import Event
from types import FrameType


def run(arguments: list[str] | None = None) -> int:
    """Run the node; its exit code: 0 after a signal, whenever it comes, or 2 for bad arguments or parameters."""
    told_to_stop = Event()

    def stop(number: int, frame: FrameType | None) -> None:
        told_to_stop.set()
        raise SystemExit(0)

    # Until rclpy takes the signals over: importing takes a second or two.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    node = None
    try:
        import rclpy
        from rclpy.exceptions import ParameterException

        from orpose_ros.dds import use_large_image_profile
        from orpose_ros.node import PoseNode

        use_large_image_profile(os.environ)
        try:
            context = rclpy.init(args=arguments)
        except Exception as error:  # of classes that are private to rclpy: a parameter file that cannot be read, say
            print(f"error: ROS cannot be started: {str(error).splitlines()[0].partition(', at /')[0]}", file=sys.stderr)
            return 2
        with context:
            try:
                node = PoseNode()
            except ParameterException as error:
                print(f"error: {error}", file=sys.stderr)
                return 2
            rclpy.spin(node)
    except (KeyboardInterrupt, SystemExit):
        pass
    except Exception:
        # rclpy raises ExternalShutdownException, or whatever the end of its context made fail.
        if not told_to_stop.is_set():
            raise
    if node is not None and not node.close():
        # Native code that cannot be interrupted is at work; leave without waiting for it.
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(0)
    return 0


def main() -> None:
    """Entry point of the executable."""
    sys.exit(run())


if __name__ == "__main__":
    main()
