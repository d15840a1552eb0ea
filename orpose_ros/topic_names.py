"""Names of topics: of one camera in the node's own namespace, or of several in namespaces of theirs below it."""

from collections.abc import Mapping
from typing import Any

from rclpy.exceptions import InvalidTopicNameException
from rclpy.node import Node
from rclpy.validate_topic_name import validate_topic_name

from orpose_models.vocabulary.errors import OrposeError

# Stands for the camera's name in the names of topics that are subscribed to.
CAMERA = "{camera}"


def camera_names(text: str) -> list[str]:
    """The cameras of the parameter `cameras`; one without a name if it is empty.

    Raises:
        OrposeError: a name occurs twice or cannot be part of a topic's name.
    """
    if not text.strip():
        return [""]
    names = [name.strip() for name in text.split(",")]
    for name in names:
        try:
            validate_topic_name(name)
        except InvalidTopicNameException:
            raise OrposeError(
                f"parameter 'cameras' cannot be {text!r}: {name!r} is no name for a camera's namespace"
            ) from None
        if name.startswith("/"):
            raise OrposeError(f"parameter 'cameras' cannot be {text!r}: a camera's name does not begin with '/'")
    if len(set(names)) != len(names):
        raise OrposeError(f"parameter 'cameras' cannot be {text!r}: every camera needs a name of its own")
    return names


def placed(name: str, camera: str) -> str:
    """A camera's topic, before remapping: in the camera's namespace, unless it begins with '/'."""
    name = name.replace(CAMERA, camera)
    return f"{camera}/{name}" if camera and not name.startswith("/") else name


def check_topics(parameters: Mapping[str, Any], camera: str) -> None:
    """
    Raises:
        OrposeError: a topic's name is impossible, or would be the same for every camera.
    """
    for parameter in ("image_topic", "camera_info_topic", "depth_topic"):
        name = parameters[parameter]
        if not name and parameter != "image_topic":
            continue
        if camera and name.startswith("/") and CAMERA not in name:
            raise OrposeError(
                f"parameter '{parameter}' cannot be {name!r} with several cameras: it needs {CAMERA} in it, "
                f"such as /{CAMERA}/image_raw"
            )
        try:
            validate_topic_name(placed(name, camera))
        except InvalidTopicNameException as error:
            reason = " ".join(str(error).split())
            raise OrposeError(f"parameter '{parameter}' cannot be {name!r}: {reason}") from None


def image_topic(node: Node, name: str, compressed: bool, camera: str = "") -> str:
    """Full name of the image topic, after remapping; the transport's suffix comes last, as image transports do it."""
    resolved = node.resolve_topic_name(placed(name, camera))
    return f"{resolved}/compressed" if compressed else resolved


def camera_info_topic(node: Node, images: str, name: str, camera: str = "") -> str:
    """Full name of the intrinsics' topic, after remapping.

    Args:
        images: the image topic as it was given.
        name: as it was given; if empty, 'camera_info' where that is remapped, else beside the images.
    """
    if name:
        return node.resolve_topic_name(placed(name, camera))
    own = placed("camera_info", camera)
    resolved = node.resolve_topic_name(own)
    if resolved != node.resolve_topic_name(own, only_expand=True):
        return resolved
    return f"{node.resolve_topic_name(placed(images, camera)).rsplit('/', 1)[0]}/camera_info"
