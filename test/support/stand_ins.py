"""Stand-ins of message packages that have no wheels: the fields of their public definitions, as we know them.

For rosbags' classes `message_class` has them. For rclpy `python -m support.stand_ins FOLDER` writes packages that
colcon builds (tools/stand_ins.sh).
"""

import sys
from functools import cache
from pathlib import Path
from typing import Any

from rosbags.typesys import get_types_from_msg
from rosbags.typesys.store import Typestore

from orpose_models.datasets.bags.types import typestore

# vision_msgs 4, tf2_msgs of any ROS 2, hri_msgs 2: package, message, fields.
FIELDS: dict[str, dict[str, str]] = {
    "vision_msgs": {
        "Point2D": "float64 x\nfloat64 y",
        "Pose2D": "vision_msgs/Point2D position\nfloat64 theta",
        "BoundingBox2D": "vision_msgs/Pose2D center\nfloat64 size_x\nfloat64 size_y",
        "BoundingBox3D": "geometry_msgs/Pose center\ngeometry_msgs/Vector3 size",
        "ObjectHypothesis": "string class_id\nfloat64 score",
        "ObjectHypothesisWithPose": "vision_msgs/ObjectHypothesis hypothesis\ngeometry_msgs/PoseWithCovariance pose",
        "Detection2D": "std_msgs/Header header\nvision_msgs/ObjectHypothesisWithPose[] results\n"
        "vision_msgs/BoundingBox2D bbox\nstring id",
        "Detection2DArray": "std_msgs/Header header\nvision_msgs/Detection2D[] detections",
        "Detection3D": "std_msgs/Header header\nvision_msgs/ObjectHypothesisWithPose[] results\n"
        "vision_msgs/BoundingBox3D bbox\nstring id",
        "Detection3DArray": "std_msgs/Header header\nvision_msgs/Detection3D[] detections",
    },
    "tf2_msgs": {"TFMessage": "geometry_msgs/TransformStamped[] transforms"},
    "hri_msgs": {
        "IdsList": "std_msgs/Header header\nstring[] ids",
        "NormalizedPointOfInterest2D": "float32 x\nfloat32 y\nfloat32 c",
        "NormalizedRegionOfInterest2D": "std_msgs/Header header\nfloat32 xmin\nfloat32 ymin\nfloat32 xmax\n"
        "float32 ymax\nfloat32 c",
        "Skeleton2D": "std_msgs/Header header\nhri_msgs/NormalizedPointOfInterest2D[] skeleton",
    },
}
_LIST = """cmake_minimum_required(VERSION 3.16)
project({name})
find_package(ament_cmake REQUIRED)
find_package(rosidl_default_generators REQUIRED)
find_package(geometry_msgs REQUIRED)
find_package(std_msgs REQUIRED)
rosidl_generate_interfaces(${{PROJECT_NAME}} {files} DEPENDENCIES geometry_msgs std_msgs)
ament_export_dependencies(rosidl_default_runtime)
ament_package()
"""
_PACKAGE = """<package format="3">
  <name>{name}</name>
  <version>0.0.0</version>
  <description>Stand-in for tests</description>
  <maintainer email="maintainers@orpose.invalid">orpose maintainers</maintainer>
  <license>Apache-2.0</license>
  <buildtool_depend>ament_cmake</buildtool_depend>
  <buildtool_depend>rosidl_default_generators</buildtool_depend>
  <depend>geometry_msgs</depend>
  <depend>std_msgs</depend>
  <exec_depend>rosidl_default_runtime</exec_depend>
  <member_of_group>rosidl_interface_packages</member_of_group>
  <export><build_type>ament_cmake</build_type></export>
</package>
"""


@cache
def _store() -> Typestore:
    store = typestore()
    types: dict[str, Any] = {}
    for package, messages in FIELDS.items():
        for name, fields in messages.items():
            types.update(get_types_from_msg(fields, f"{package}/msg/{name}"))
    store.register({name: one for name, one in types.items() if name not in store.types})
    return store


def message_class(name: str) -> Any:
    """The class of a message by its full name, of rosbags' own, ours, and the stand-ins."""
    return _store().types[name]


def write_packages(folder: Path) -> None:
    """Packages that colcon builds."""
    for package, messages in FIELDS.items():
        (folder / package / "msg").mkdir(parents=True, exist_ok=True)
        for name, fields in messages.items():
            (folder / package / "msg" / f"{name}.msg").write_text(fields + "\n")
        files = " ".join(f'"msg/{name}.msg"' for name in messages)
        (folder / package / "CMakeLists.txt").write_text(_LIST.format(name=package, files=files))
        (folder / package / "package.xml").write_text(_PACKAGE.format(name=package))


if __name__ == "__main__":
    write_packages(Path(sys.argv[1]))
