"""Start `pose_node`, which configures and activates itself; with `rviz:=true` also RViz.

The launch arguments are the node's parameters, by the same names, and `NODE_ARGUMENTS`. A parameter that is not given
comes from the parameter file. What cannot be meant ends the launch: see `orpose_ros.launching`.
"""

import os
import shlex
import sys

from launch.actions import DeclareLaunchArgument, OpaqueFunction, SetEnvironmentVariable
from launch.events.process import ProcessExited
from launch_ros.actions import LifecycleNode, Node

from launch import LaunchContext, LaunchDescription, LaunchDescriptionEntity
from orpose_ros import launching, parent
from orpose_ros.dds import share_folder, use_large_image_profile
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
    root = launching.is_root(context.get_locals_as_dict().get("event"), __file__)
    launching.check_arguments(context.launch_configurations, known, root)


def _actions(context: LaunchContext) -> list[LaunchDescriptionEntity]:
    arguments = context.launch_configurations
    given = launching.node_parameters(arguments, arguments.get("ros_namespace", ""))
    node = LifecycleNode(
        package="orpose_ros",
        executable="pose_node",
        name="pose_node",
        namespace=arguments["namespace"],
        parameters=[arguments["params_file"], given],
        ros_arguments=["--log-level", arguments["log_level"]],
        prefix=launching.prefix(arguments),
        exec_name="pose_node",
        additional_env={parent.VARIABLE: str(os.getpid())},
        on_exit=_on_exit,
        output="screen",
        emulate_tty=True,
    )
    actions: list[LaunchDescriptionEntity] = []
    if profile := use_large_image_profile(dict(os.environ)):
        actions.append(SetEnvironmentVariable("FASTDDS_DEFAULT_PROFILES_FILE", str(profile)))
    actions.append(node)
    if launching.flag("rviz", arguments["rviz"]):
        actions.append(_rviz(arguments["namespace"], arguments["rviz_frame"]))
    return actions


def _on_exit(event: ProcessExited, context: LaunchContext) -> None:
    if not context.is_shutdown:
        launching.ended(event.action.node_name, event.returncode)


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
