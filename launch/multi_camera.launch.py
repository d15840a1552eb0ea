"""Start one `pose_node` a camera, each in a namespace of its own: /orpose/<camera>/poses3d and so on.

All arguments of orpose.launch.py, except `namespace`, may be given; they hold for every camera.
"""

from launch.actions import DeclareLaunchArgument, GroupAction, IncludeLaunchDescription, OpaqueFunction
from launch.launch_description_sources import PythonLaunchDescriptionSource

from launch import LaunchContext, LaunchDescription, LaunchDescriptionEntity
from orpose_ros import launching
from orpose_ros.dds import share_folder
from orpose_ros.launch_node import check_given
from orpose_ros.parameters import PARAMETERS

OWN_ARGUMENTS = ("cameras", "prefix", "image_topic")


def generate_launch_description() -> LaunchDescription:
    """The arguments, and one included launch file a camera."""
    return LaunchDescription(
        [
            OpaqueFunction(function=_check),
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


def _check(context: LaunchContext) -> None:
    known = {*OWN_ARGUMENTS, *launching.NODE_ARGUMENTS, *PARAMETERS} - {"namespace"}
    check_given(context, known, __file__)


def _nodes(context: LaunchContext) -> list[LaunchDescriptionEntity]:
    arguments = context.launch_configurations
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
        for camera in launching.camera_names(arguments["cameras"])
    ]
