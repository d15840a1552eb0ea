"""What the launch files decide and check, without launch: plain functions, tested without it."""

import os
import re
import subprocess
from collections.abc import Collection, Mapping
from typing import Any

from orpose_models.vocabulary.errors import OrposeError
from orpose_ros.given_parameters import NODE, check_file, check_names, full_name, similar
from orpose_ros.parameters import PARAMETERS, Parameter

# Arguments of a launch that are no parameters of the node, and what they are; the defaults are the launch files'.
NODE_ARGUMENTS = {
    "namespace": "Namespace of the node and its topics.",
    "params_file": "Parameter file; other arguments outweigh it.",
    "log_level": "The node logs from this severity on.",
    "rviz": "Start RViz with image, markers and TF.",
    "rviz_frame": "Frame for RViz: the images' frame_id, or another of the TF tree.",
}
# What launch itself reads from the command line, and how the names begin that launch_ros keeps among the arguments.
LAUNCH_ARGUMENTS = ("launch-prefix", "launch-prefix-filter", "emulate_tty", "sigterm_timeout", "sigkill_timeout")
_OF_LAUNCH_ROS = ("ros_", "global_")


def is_root(event: Any, file: str) -> bool:
    """Whether a launch file is the one that was started, so that every argument is its own.

    Args:
        event: what launch works on while it executes the file; `context.locals.event`.
        file: the launch file.
    """
    entities = getattr(getattr(event, "launch_description", None), "entities", ())
    sources = [getattr(entity, "launch_description_source", None) for entity in entities]
    return any(source is not None and os.path.realpath(source.location) == os.path.realpath(file) for source in sources)


def check_arguments(given: Collection[str], known: Collection[str], is_root: bool) -> None:
    """
    Args:
        given: names of the arguments.
        known: those that the launch file has.
        is_root: whether all of them are for this file; else, those of a file that includes it are among them, and only
            a name that resembles one of ours is refused.

    Raises:
        OrposeError: an argument is not known, and launch would ignore it without a word.
    """
    for name in sorted(set(given) - set(known) - set(LAUNCH_ARGUMENTS)):
        alike = similar(name, known)
        if name.startswith(_OF_LAUNCH_ROS):
            continue
        if is_root or alike:
            meant = f"is '{alike}' meant?" if alike else "-s lists all"
            raise OrposeError(f"there is no launch argument '{name}'; {meant}")


def flag(name: str, text: str) -> bool:
    """The value of a yes-or-no argument.

    Raises:
        OrposeError: it is neither.
    """
    if text.lower() not in ("true", "false", "1", "0"):
        raise OrposeError(f"launch argument '{name}' cannot be '{text}': it must be true or false")
    return text.lower() in ("true", "1")


def node_parameters(
    arguments: Mapping[str, str],
    pushed: str = "",
    name: str = NODE,
    declared: Mapping[str, Parameter] = PARAMETERS,
) -> dict[str, Any]:
    """The parameters that are given by launch arguments, after checking them and the parameter file.

    Args:
        arguments: all of the launch; an empty one is not given.
        pushed: namespace that a launch file put around the node.
        name: the node's.
        declared: its parameters.

    Raises:
        OrposeError: a value is not allowed, or the parameter file cannot be read, holds nothing for the node or names
            a parameter that there is not.
    """
    given = {}
    for key, parameter in declared.items():
        if text := arguments.get(key, ""):
            try:
                given[key] = parameter.parse(text)
            except ValueError as error:
                raise OrposeError(str(error)) from None
    if not re.fullmatch(r"/?([A-Za-z_]\w*(/[A-Za-z_]\w*)*/?)?", arguments["namespace"], re.ASCII):
        raise OrposeError(f"launch argument 'namespace' cannot be '{arguments['namespace']}': it is no ROS name")
    if not arguments["params_file"]:
        raise OrposeError("launch argument 'params_file' is empty; leave it out for the package's own file")
    node = full_name(arguments["namespace"], pushed, name)
    sections = check_file(arguments["params_file"], node)
    check_names(sections, node, given, declared)
    return given


def prefix(arguments: Mapping[str, str]) -> str | None:
    """What to put before the node's command, so that Ctrl-C waits until Python has started: before, it would show a
    traceback. None for nothing: launch was given a prefix, or the system's `env` cannot.
    """
    command = "env --block-signal=INT"
    if arguments.get("launch-prefix"):
        return None
    can = subprocess.run([*command.split(), "true"], stderr=subprocess.DEVNULL, check=False).returncode == 0
    return command if can else None


def camera_names(text: str) -> list[str]:
    """The cameras that each get a node.

    Raises:
        OrposeError: there is none, or two of one name.
    """
    names = [name.strip("/ ") for name in text.split(",") if name.strip("/ ")]
    if not names or len(set(names)) != len(names):
        raise OrposeError(f"cameras must be different names separated by commas, got '{text}'")
    return names


def ended(node: str, code: int) -> None:
    """What the end of the node's process means for the launch.

    Raises:
        OrposeError: it refused to start (exit code 2), which ends the launch.
    """
    if code == 2:
        raise OrposeError(f"{node} did not start; the reason is the 'error:' above")
