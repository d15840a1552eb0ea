"""The lifecycle node that a launch file starts: what the launch files do alike, with launch."""

import os
from collections.abc import Collection, Mapping

from launch.events.process import ProcessExited
from launch.launch_context import LaunchContext
from launch_ros.actions import LifecycleNode

from orpose_ros import launching, parent
from orpose_ros.parameters import Parameter


def check_given(context: LaunchContext, known: Collection[str], file: str) -> None:
    """
    Args:
        known: names of the arguments that the launch file has.
        file: the launch file.

    Raises:
        OrposeError: an argument is given that is not known; see `launching.check_arguments`.
    """
    root = launching.is_root(context.get_locals_as_dict().get("event"), file)
    launching.check_arguments(context.launch_configurations, known, root)


def lifecycle_node(name: str, arguments: Mapping[str, str], declared: Mapping[str, Parameter]) -> LifecycleNode:
    """The node whose executable has its name, with the parameters that are given by launch arguments.

    Raises:
        OrposeError: they, or the parameter file, cannot be meant; see `launching.node_parameters`.
    """
    given = launching.node_parameters(arguments, arguments.get("ros_namespace", ""), name, declared)
    return LifecycleNode(
        package="orpose_ros",
        executable=name,
        name=name,
        namespace=arguments["namespace"],
        parameters=[arguments["params_file"], given],
        ros_arguments=["--log-level", arguments["log_level"]],
        prefix=launching.prefix(arguments),
        exec_name=name,
        additional_env={parent.VARIABLE: str(os.getpid())},
        on_exit=_on_exit,
        output="screen",
        emulate_tty=True,
    )


def _on_exit(event: ProcessExited, context: LaunchContext) -> None:
    if not context.is_shutdown:
        launching.ended(event.action.node_name, event.returncode)
