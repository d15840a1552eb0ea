"""Start one `pose_node` a camera, each in a namespace of its own: /orpose/<camera>/poses3d and so on.

All arguments of orpose.launch.py, except `namespace`, may be given; they hold for every camera.
"""

from launch.actions import DeclareLaunchArgument, GroupAction, IncludeLaunchDescription, OpaqueFunction
from launch.launch_description_sources import PythonLaunchDescriptionSource

from launch import LaunchContext, LaunchDescription, LaunchDescriptionEntity
from orpose_ros.dds import share_folder


def generate_launch_description() -> LaunchDescription:
    """The arguments, and one included launch file a camera."""
    return LaunchDescription(
        [
            DeclareLaunchArgument("cameras", description="Names of the cameras, separated by commas: left,right"),
            DeclareLaunchArgument("prefix", default_value="orpose", description="Namespace above the cameras' own."),
            DeclareLaunchArgument(
                "image_topic",
                default_value="image_raw",
                description="Image topic inside each camera's namespace: camera left publishes /left/image_raw.",
            ),
            OpaqueFunction(function=_nodes),
        ]
    )


def _nodes(context: LaunchContext) -> list[LaunchDescriptionEntity]:
    arguments = context.launch_configurations
    cameras = [name.strip("/ ") for name in arguments["cameras"].split(",") if name.strip("/ ")]
    if not cameras or len(set(cameras)) != len(cameras):
        raise ValueError(f"cameras must be different names separated by commas, got '{arguments['cameras']}'")
    source = PythonLaunchDescriptionSource(str(share_folder() / "launch" / "orpose.launch.py"))
    return [
        GroupAction(
            [
                IncludeLaunchDescription(
                    source,
                    launch_arguments={
                        # This file's argument of that name would be taken for the node's.
                        "cameras": "",
                        "namespace": f"{arguments['prefix'].strip('/')}/{camera}".lstrip("/"),
                        "image_topic": f"/{camera}/{arguments['image_topic'].strip('/')}",
                    }.items(),
                )
            ]
        )
        for camera in cameras
    ]
