"""Start `pose_node`, which configures and activates itself; with `rviz:=true` also RViz.

The launch arguments are the node's parameters, by the same names, and `NODE_ARGUMENTS`. A parameter that is not given
comes from the parameter file. What cannot be meant ends the launch: see `orpose_ros.launching`.
"""

import os
import shlex
import sys

from launch.actions import DeclareLaunchArgument, OpaqueFunction, SetEnvironmentVariable
from launch_ros.actions import Node

from launch import LaunchContext, LaunchDescription, LaunchDescriptionEntity
from orpose_ros import launching, parent
from orpose_ros.dds import share_folder, use_large_image_profile
from orpose_ros.launch_node import check_given, lifecycle_node
from orpose_ros.parameters import PARAMETERS

DEFAULTS = {
    "namespace": "orpose",
    "params_file": str(share_folder() / "config" / "orpose.yaml"),
    "log_level": "info",
    "rviz": "false",
    "rviz_frame": "camera_optical_frame",
    # These two are the arguments' alone: a parameter file does not change them.
    "autostart": "true",
    "end_if_unconfigured": "true",
}
RVIZ_TOPICS = ("markers", "overlay")


def generate_launch_description() -> LaunchDescription:
    """The arguments, and the actions that depend on them."""
    described = launching.NODE_ARGUMENTS | {
        parameter.name: " ".join(
            [parameter.description, f"[{parameter.constraint}]" if parameter.constraint else "", "Else: params_file."]
        )
        for parameter in PARAMETERS.values()
    }
    arguments = [
        DeclareLaunchArgument(name, default_value=DEFAULTS.get(name, ""), description=description)
        for name, description in described.items()
    ]
    return LaunchDescription([OpaqueFunction(function=_check), *arguments, OpaqueFunction(function=_actions)])


def _check(context: LaunchContext) -> None:
    known = {*launching.NODE_ARGUMENTS, *PARAMETERS}
    check_given(context, known, __file__)


def _actions(context: LaunchContext) -> list[LaunchDescriptionEntity]:
    arguments = context.launch_configurations
    node = lifecycle_node("pose_node", arguments, PARAMETERS)
    actions: list[LaunchDescriptionEntity] = []
    if profile := use_large_image_profile(dict(os.environ)):
        actions.append(SetEnvironmentVariable("FASTDDS_DEFAULT_PROFILES_FILE", str(profile)))
    actions.append(node)
    if launching.flag("rviz", arguments["rviz"]):
        actions.append(_rviz(arguments["namespace"], arguments["rviz_frame"]))
    return actions


def _rviz(namespace: str, frame: str) -> Node:
    config = str(share_folder() / "rviz" / "orpose.rviz")
    remappings = [(f"/orpose/{topic}", f"/{namespace.strip('/')}/{topic}") for topic in RVIZ_TOPICS]
    return Node(
        package="rviz2",
        executable="rviz2",
        arguments=["-d", config, "-f", frame],
        prefix=shlex.join([sys.executable, "-m", parent.__name__]),
        exec_name="rviz2",
        additional_env={parent.VARIABLE: str(os.getpid())},
        remappings=remappings,
        output="log",
    )
