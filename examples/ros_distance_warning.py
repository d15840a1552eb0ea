"""A node that listens to orpose's poses and warns when somebody comes near a point.

    python examples/ros_distance_warning.py --ros-args -p point:="[0.0, 0.5, 3.0]" -p distance:=1.0

The point is in the camera's optical frame (x to the right, y down, z forward), in metres. Warnings are logged, and
published on `~/warning`. Nobody whose place is unknown can be near: with an uncalibrated camera there is no warning
at all, and the node says so. This is an example, not a safety device: one camera's distances err by decimetres.
"""

import math

import rclpy
from rclpy.executors import ExternalShutdownException
from rclpy.node import Node
from std_msgs.msg import String

from orpose_msgs.msg import PersonPose3D, PersonPose3DArray


def distance_to(person: PersonPose3D, point: tuple[float, float, float]) -> float:
    """Distance in metres from the point to the nearest of a person's joints that are known; the pelvis is one."""
    root = person.root
    joints = [(root.x, root.y, root.z)]
    joints += [(root.x + k.position.x, root.y + k.position.y, root.z + k.position.z) for k in person.keypoints]
    return min((d for joint in joints if math.isfinite(d := math.dist(joint, point))), default=math.inf)


class DistanceWarning(Node):
    """Warns when anybody's joint is nearer to a point than a distance."""

    def __init__(self) -> None:
        super().__init__("distance_warning")
        x, y, z = self.declare_parameter("point", [0.0, 0.0, 2.0]).value
        self._point = float(x), float(y), float(z)
        self._distance = self.declare_parameter("distance", 1.0).value
        topic = self.declare_parameter("topic", "/orpose/poses3d").value
        self._warnings = self.create_publisher(String, "~/warning", 10)
        self.create_subscription(PersonPose3DArray, topic, self._on_poses, 10)

    def _on_poses(self, poses: PersonPose3DArray) -> None:
        for person in poses.persons:
            if not person.root_valid:
                self.get_logger().warning("somebody's place in space is unknown", throttle_duration_sec=5.0)
                continue
            distance = distance_to(person, self._point)
            if distance < self._distance:
                text = f"person {person.id} is {distance:.2f} m from the point, give or take {person.root_std:.2f} m"
                self.get_logger().warning(text)
                self._warnings.publish(String(data=text))


def main() -> None:
    try:
        with rclpy.init():
            rclpy.spin(DistanceWarning())
    except (KeyboardInterrupt, ExternalShutdownException):
        pass


if __name__ == "__main__":
    main()
