"""Start `fusion_node`, which configures and activates itself; the cameras' `pose_node`s are started beside it.

The launch arguments are the node's parameters, by the same names, and `namespace`, `params_file` and `log_level`. A
parameter that is not given comes from the parameter file.
"""

from launch.actions import DeclareLaunchArgument, OpaqueFunction

from launch import LaunchContext, LaunchDescription, LaunchDescriptionEntity
from orpose_ros import launching
from orpose_ros.dds import share_folder
from orpose_ros.fusion_parameters import FUSION_PARAMETERS
from orpose_ros.launch_node import check_given, lifecycle_node

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
    check_given(context, known, __file__)


def _node(context: LaunchContext) -> list[LaunchDescriptionEntity]:
    return [lifecycle_node("fusion_node", context.launch_configurations, FUSION_PARAMETERS)]
