"""Start `fusion_node`, which configures and activates itself; the cameras' `pose_node`s are started beside it.

The launch arguments are the node's parameters, by the same names, and `namespace`, `params_file` and `log_level`. A
parameter that is not given comes from the parameter file.
"""

import os

from launch.actions import DeclareLaunchArgument, OpaqueFunction
from launch.events.process import ProcessExited
from launch_ros.actions import LifecycleNode

from launch import LaunchContext, LaunchDescription, LaunchDescriptionEntity
from orpose_ros import launching, parent
from orpose_ros.dds import share_folder
from orpose_ros.fusion_parameters import FUSION_PARAMETERS

OWN_ARGUMENTS = {
    "namespace": ("orpose", launching.NODE_ARGUMENTS["namespace"]),
    "params_file": (str(share_folder() / "config" / "fusion.yaml"), launching.NODE_ARGUMENTS["params_file"]),
    "log_level": ("info", launching.NODE_ARGUMENTS["log_level"]),
}
# The arguments' alone: a parameter file does not change them.
DEFAULTS = {"autostart": "true", "end_if_unconfigured": "true"}


def generate_launch_description() -> LaunchDescription:
    """The arguments, and the node."""
    own = [
        DeclareLaunchArgument(name, default_value=default, description=description)
        for name, (default, description) in OWN_ARGUMENTS.items()
    ]
    parameters = [
        DeclareLaunchArgument(
            parameter.name,
            default_value=DEFAULTS.get(parameter.name, ""),
            description=f"{parameter.description} Else: params_file.",
        )
        for parameter in FUSION_PARAMETERS.values()
    ]
    return LaunchDescription([OpaqueFunction(function=_check), *own, *parameters, OpaqueFunction(function=_node)])


def _check(context: LaunchContext) -> None:
    known = {*OWN_ARGUMENTS, *FUSION_PARAMETERS}
    root = launching.is_root(context.get_locals_as_dict().get("event"), __file__)
    launching.check_arguments(context.launch_configurations, known, root)


def _node(context: LaunchContext) -> list[LaunchDescriptionEntity]:
    arguments = context.launch_configurations
    given = launching.node_parameters(arguments, arguments.get("ros_namespace", ""), "fusion_node", FUSION_PARAMETERS)
    return [
        LifecycleNode(
            package="orpose_ros",
            executable="fusion_node",
            name="fusion_node",
            namespace=arguments["namespace"],
            parameters=[arguments["params_file"], given],
            ros_arguments=["--log-level", arguments["log_level"]],
            prefix=launching.prefix(arguments),
            exec_name="fusion_node",
            additional_env={parent.VARIABLE: str(os.getpid())},
            on_exit=_on_exit,
            output="screen",
            emulate_tty=True,
        )
    ]


def _on_exit(event: ProcessExited, context: LaunchContext) -> None:
    if not context.is_shutdown:
        launching.ended(event.action.node_name, event.returncode)
