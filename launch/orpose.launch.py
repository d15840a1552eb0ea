"""Start `pose_node`, configure and activate it; with `rviz:=true` also RViz.

The launch arguments are the node's parameters, by the same names, and those declared in `OWN_ARGUMENTS`. A parameter
that is not given comes from the parameter file.
"""

import os

from launch.actions import (
    DeclareLaunchArgument,
    EmitEvent,
    OpaqueFunction,
    RegisterEventHandler,
    SetEnvironmentVariable,
)
from launch.events import matches_action
from launch_ros.actions import LifecycleNode, Node
from launch_ros.event_handlers import OnStateTransition
from launch_ros.events.lifecycle import ChangeState
from lifecycle_msgs.msg import Transition

from launch import LaunchContext, LaunchDescription, LaunchDescriptionEntity
from orpose_ros.dds import share_folder, use_large_image_profile
from orpose_ros.parameters import PARAMETERS

OWN_ARGUMENTS = {
    "namespace": ("orpose", "Namespace of the node and its topics."),
    "params_file": (
        str(share_folder() / "config" / "orpose.yaml"),
        "Parameter file; other arguments outweigh it.",
    ),
    "log_level": ("info", "The node logs from this severity on."),
    "rviz": ("false", "Start RViz with image, markers and TF."),
    "rviz_frame": (
        "camera_optical_frame",
        "Frame for RViz: the images' frame_id, or another of the TF tree.",
    ),
}
RVIZ_TOPICS = ("markers", "overlay")


def generate_launch_description() -> LaunchDescription:
    """The arguments, and the actions that depend on them."""
    own = [
        DeclareLaunchArgument(name, default_value=default, description=description)
        for name, (default, description) in OWN_ARGUMENTS.items()
    ]
    parameters = [
        DeclareLaunchArgument(
            parameter.name,
            default_value="true" if parameter.name == "autostart" else "",
            description=" ".join(
                [
                    parameter.description,
                    f"[{parameter.constraint}]" if parameter.constraint else "",
                    "Else: params_file.",
                ]
            ),
        )
        for parameter in PARAMETERS.values()
    ]
    return LaunchDescription([*own, *parameters, OpaqueFunction(function=_actions)])


def _actions(context: LaunchContext) -> list[LaunchDescriptionEntity]:
    arguments = context.launch_configurations
    given = {
        name: parameter.parse(arguments[name])
        for name, parameter in PARAMETERS.items()
        if arguments.get(name, "") != ""
    }
    # The transitions are this file's, so that the launch system sees them.
    autostart = given.pop("autostart")
    node = LifecycleNode(
        package="orpose_ros",
        executable="pose_node",
        name="pose_node",
        namespace=arguments["namespace"],
        parameters=[arguments["params_file"], {**given, "autostart": False}],
        ros_arguments=["--log-level", arguments["log_level"]],
        output="screen",
        emulate_tty=True,
    )
    actions: list[LaunchDescriptionEntity] = []
    if profile := use_large_image_profile(dict(os.environ)):
        actions.append(SetEnvironmentVariable("FASTDDS_DEFAULT_PROFILES_FILE", str(profile)))
    actions.append(node)
    if autostart:
        actions += _configure_and_activate(node)
    if arguments["rviz"].lower() in ("true", "1"):
        actions.append(_rviz(arguments["namespace"], arguments["rviz_frame"]))
    return actions


def _configure_and_activate(node: LifecycleNode) -> list[LaunchDescriptionEntity]:
    def change(transition: int) -> EmitEvent:
        return EmitEvent(event=ChangeState(lifecycle_node_matcher=matches_action(node), transition_id=transition))

    activate_once_configured = RegisterEventHandler(
        OnStateTransition(
            target_lifecycle_node=node,
            start_state="configuring",
            goal_state="inactive",
            entities=[change(Transition.TRANSITION_ACTIVATE)],
            handle_once=True,
        )
    )
    return [activate_once_configured, change(Transition.TRANSITION_CONFIGURE)]


def _rviz(namespace: str, frame: str) -> Node:
    config = str(share_folder() / "rviz" / "orpose.rviz")
    remappings = [(f"/orpose/{topic}", f"/{namespace.strip('/')}/{topic}") for topic in RVIZ_TOPICS]
    return Node(
        package="rviz2", executable="rviz2", arguments=["-d", config, "-f", frame], remappings=remappings, output="log"
    )
