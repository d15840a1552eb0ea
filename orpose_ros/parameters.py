"""The parameters of `pose_node`, declared once.

ROS descriptors, validation, `config/orpose.yaml`, the launch arguments and the table of `docs/node.md` all come from
`PARAMETERS`; the last two files are written by `python -m orpose_ros.parameters yaml` and `... table`.
No ROS is imported here, so that a launch file can read the declaration.
"""

import sys
from collections.abc import Mapping

import yaml

from orpose_models.model_format.engines import CHOICES
from orpose_models.registry.models import DEFAULT_MODEL
from orpose_models.tracking.tracker import MEMORY
from orpose_ros.common_parameters import LIFECYCLE, MARKER_LIFETIME, OTHERS, RELIABILITY, RESULTS
from orpose_ros.parameter import Parameter, Value

_DECLARATION = (
    *LIFECYCLE,
    # What comes in
    Parameter(
        "cameras",
        "",
        "Names of several cameras that share this node's model, separated by commas; the topics of each are in a "
        "namespace of its name. Empty for one camera in the node's own namespace.",
    ),
    Parameter(
        "image_topic",
        "image_raw",
        "Topic of the images, relative to the namespace of node and camera unless it starts with '/'; {camera} in it "
        "stands for the camera's name. May also be remapped.",
    ),
    Parameter(
        "camera_info_topic",
        "",
        "Topic of the camera's intrinsics, in the same way; empty for 'camera_info' beside the image topic.",
    ),
    Parameter(
        "rectified",
        "auto",
        "Whether the images are rectified: the projection matrix P of camera_info holds for them, and no distortion; "
        "else K and D. auto goes by the image topic's name: image_rect, image_rect_color and so on.",
        choices=("auto", "true", "false"),
    ),
    Parameter(
        "depth_topic",
        "",
        "Topic of depth images registered to the images (16UC1 or 32FC1, any size), which say where persons stand; "
        "named as the image topic is. Empty for none.",
    ),
    Parameter(
        "compressed",
        False,
        "Subscribe to sensor_msgs/CompressedImage on the image topic with '/compressed' appended (after remapping).",
    ),
    Parameter(
        "image_reliability",
        "best_effort",
        "Reliability asked of image publishers. best_effort is compatible with every publisher.",
        choices=RELIABILITY,
    ),
    Parameter("image_queue_depth", 5, "Images the middleware may hold until the node takes them.", range=(1, 100)),
    Parameter(
        "image_timeout",
        1.5,
        "Seconds without an image after which the camera counts as stalled. Give slow cameras more.",
        range=(0.2, 60.0),
        changeable=True,
    ),
    # The model and what it sees
    Parameter(
        "model",
        DEFAULT_MODEL,
        "Name of the pose model ('orpose models' lists them), or the folder of an exported student. @SIDE after it "
        "sets the short side of the network's input: more finds smaller persons, less is faster.",
    ),
    Parameter(
        "engine",
        "default",
        "What computes the model; default is the model's own, which runs everywhere; auto takes the first accelerator "
        "that computes the same. An engine that cannot be used refuses to configure.",
        choices=("default", *CHOICES),
    ),
    Parameter(
        "batch_window",
        5.0,
        "Milliseconds for which an image waits for those of the other cameras, to be computed together with them, at "
        "most half a period; on devices where that was measured to gain, never on processors.",
        range=(0.0, 100.0),
    ),
    Parameter("threads", 0, "Processor threads the model may use; 0 for all cores.", range=(0, 256)),
    Parameter(
        "downsample",
        1.0,
        "Factor by which width and height are reduced before the model sees the image.",
        range=(1.0, 12.0),
        changeable=True,
    ),
    Parameter(
        "max_input_pixels",
        0,
        "Privacy guard: a frame with more pixels is reduced to at most this many before anything else touches it; "
        "0 for no limit. Deliberately not changeable while the node is configured.",
        range=(0, 2**31 - 1),
    ),
    Parameter(
        "score_threshold",
        0.3,
        "Persons with a lower box score are left out; with smoothing it is the steadied score that counts.",
        range=(0.0, 1.0),
        changeable=True,
    ),
    Parameter(
        "max_persons", 20, "At most this many persons per image, the best-scored ones.", range=(1, 100), changeable=True
    ),
    # Persons over time
    Parameter(
        "smoothing",
        True,
        "Steady joints, positions and scores by what was seen of a person before, and give velocities. Adds no delay.",
        changeable=True,
    ),
    Parameter(
        "id_memory", MEMORY, "Seconds that somebody may be out of sight and keep the id.", (0.1, 60.0), changeable=True
    ),
    # Gravity, which helps the 3D of a tilted camera
    Parameter(
        "gravity",
        (0.0, 0.0, 0.0),
        "Direction in which things fall, in the camera's optical axes (x right, y down, z forward); "
        "any length. 0 0 0 for unknown.",
        length=3,
    ),
    Parameter(
        "gravity_frame",
        "",
        "TF frame whose z axis points up, from which gravity is looked up (needs tf2_ros); empty for not from TF.",
    ),
    Parameter(
        "camera_height",
        0.0,
        "Metres from the camera down to the floor that people stand on, which says how large they are where gravity is "
        "known. 0 for unknown: it is learnt from those who stand there.",
        range=(0.0, 20.0),
    ),
    # What goes out
    *RESULTS,
    Parameter(
        "publish_overlay",
        True,
        "Whether the topic 'overlay' may show the image; it never has more pixels than the model saw.",
        changeable=True,
    ),
    Parameter(
        "keypoint_threshold",
        0.3,
        "Joints with a lower score are not drawn in markers and overlay; the pose messages always have all.",
        range=(0.0, 1.0),
        changeable=True,
    ),
    Parameter("marker_boxes", False, "Draw each person's box among the markers.", changeable=True),
    MARKER_LIFETIME,
    *OTHERS,
)

PARAMETERS: Mapping[str, Parameter] = {parameter.name: parameter for parameter in _DECLARATION}


def _yaml_value(value: Value) -> str:
    plain = list(value) if isinstance(value, tuple) else value
    return yaml.safe_dump(plain, default_flow_style=True, default_style='"' if isinstance(value, str) else None).split(
        "\n", 1
    )[0]


def as_yaml(declared: Mapping[str, Parameter] = PARAMETERS, node: str = "pose_node", module: str = "parameters") -> str:
    """The parameter file of a node with every default and description."""
    lines = [
        f"# Parameters of {node} with their defaults. Written from the declaration in orpose_ros/{module}.py.",
        "/**:",
        "  ros__parameters:",
    ]
    for parameter in declared.values():
        constraint = f" [{parameter.constraint}]" if parameter.constraint else ""
        lines.append(f"    # {parameter.description}{constraint}")
        lines.append(f"    {parameter.name}: {_yaml_value(parameter.default)}")
    return "\n".join(lines) + "\n"


def as_table(declared: Mapping[str, Parameter] = PARAMETERS) -> str:
    """The parameters as a Markdown table."""
    lines = ["| parameter | type | default | allowed | changeable | meaning |", "|---|---|---|---|---|---|"]
    for parameter in declared.values():
        changeable = "any time" if parameter.changeable else "unconfigured"
        lines.append(
            f"| `{parameter.name}` | {parameter.type_name} | `{_yaml_value(parameter.default)}` | "
            f"{parameter.constraint} | {changeable} | {parameter.description} |"
        )
    return "\n".join(lines) + "\n"


def _main(arguments: list[str]) -> None:
    from orpose_ros.fusion_parameters import FUSION_PARAMETERS
    from orpose_ros.web_parameters import WEB_PARAMETERS

    texts = {
        ("yaml",): as_yaml,
        ("table",): as_table,
        ("yaml", "fusion"): lambda: as_yaml(FUSION_PARAMETERS, "fusion_node", "fusion_parameters"),
        ("table", "fusion"): lambda: as_table(FUSION_PARAMETERS),
        ("yaml", "web"): lambda: as_yaml(WEB_PARAMETERS, "web_view", "web_parameters"),
        ("table", "web"): lambda: as_table(WEB_PARAMETERS),
    }
    if tuple(arguments) not in texts:
        sys.exit("usage: python -m orpose_ros.parameters yaml|table [fusion|web]")
    sys.stdout.write(texts[tuple(arguments)]())


if __name__ == "__main__":
    _main(sys.argv[1:])
