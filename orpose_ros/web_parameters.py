"""The parameters of `web_view`, declared once; see `orpose_ros.parameters`, which writes `config/web_view.yaml`."""

from collections.abc import Mapping

from orpose_models.view.server import DEFAULT_PORT
from orpose_ros.parameter import Parameter

_DECLARATION = (
    Parameter("host", "127.0.0.1", "Address to bind to; another than this machine's own needs a token."),
    Parameter("port", DEFAULT_PORT, "Port of the page; 0 for any free one, which the log says.", range=(0, 65535)),
    Parameter("token", "", "What readers must add to the address as ?token=...; empty for nothing."),
    Parameter("persons_topic", "room/persons", "Persons of the room, as fusion_node publishes them."),
    Parameter(
        "poses3d_topic",
        "",
        "Instead of a room, 3D poses of one camera, as pose_node publishes them; those whose place is known are shown.",
    ),
    Parameter(
        "gravity",
        (0.0, 0.0, 0.0),
        "Direction in which things fall, in that camera's optical axes; 0 0 0 for downwards in the image.",
        length=3,
    ),
    Parameter(
        "cameras", "", "Names of the cameras whose pictures are shown, separated by commas; empty for skeletons alone."
    ),
    Parameter(
        "overlay_topic",
        "{camera}/overlay",
        "Picture of a camera, reduced as the model saw it and drawn by pose_node, relative to the node's namespace "
        "unless it starts with '/'; {camera} in it stands for the camera's name.",
    ),
)

WEB_PARAMETERS: Mapping[str, Parameter] = {parameter.name: parameter for parameter in _DECLARATION}
