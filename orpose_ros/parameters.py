"""The parameters of `pose_node`, declared once.

ROS descriptors, validation, `config/orpose.yaml`, the launch arguments and the table of `docs/node.md` all come from
`PARAMETERS`; the last two files are written by `python -m orpose_ros.parameters yaml` and `... table`.
No ROS is imported here, so that a launch file can read the declaration.
"""

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite
from typing import Any

import yaml

from orpose_models.model_format.engines import CHOICES
from orpose_models.registry.models import DEFAULT_MODEL

Value = bool | int | float | str | tuple[float, ...]

_TYPE_NAMES: dict[type, str] = {bool: "bool", int: "integer", float: "double", str: "string", tuple: "double array"}


@dataclass(frozen=True)
class Parameter:
    """One parameter of the node.

    Attributes:
        name: name of the parameter, of the launch argument and of the key in the parameter file.
        default: its default, whose Python type is the parameter's type (a tuple is an array of doubles).
        description: what it does, with its unit.
        range: smallest and largest number allowed, or None.
        choices: the strings allowed; empty for any.
        length: how many numbers an array has.
        changeable: whether it can be set at any time; if not, only while the node is unconfigured.
    """

    name: str
    default: Value
    description: str
    range: tuple[float, float] | None = None
    choices: tuple[str, ...] = ()
    length: int = 0
    changeable: bool = False

    @property
    def type(self) -> type:
        """Python type of the value."""
        return type(self.default)

    @property
    def type_name(self) -> str:
        """ROS's name of the type."""
        return _TYPE_NAMES[self.type]

    @property
    def constraint(self) -> str:
        """What values are allowed, in words; empty if all of the type are."""
        if self.range is not None:
            return f"{self.range[0]:g} .. {self.range[1]:.10g}"
        if self.choices:
            return ", ".join(self.choices)
        return f"{self.length} numbers" if self.length else ""

    def problem(self, value: Any) -> str | None:
        """Why `value` cannot be the parameter's, in one sentence; None if it can."""
        got = f"parameter '{self.name}' cannot be {value!r}: "
        if self.type is tuple:
            if isinstance(value, str) or not hasattr(value, "__len__") or len(value) != self.length:
                return f"{got}it must be {self.length} numbers"
            if not all(isinstance(v, (int, float)) and isfinite(v) for v in value):
                return f"{got}all of its {self.length} numbers must be finite"
            return None
        if type(value) is not self.type:
            return f"{got}it must be of type {self.type_name}"
        if self.range is not None and isinstance(value, (int, float)) and not self.range[0] <= value <= self.range[1]:
            return f"{got}it must be within {self.constraint}"
        if self.choices and value not in self.choices:
            return f"{got}it must be one of {self.constraint}"
        return None

    def parse(self, text: str) -> Value:
        """The value that a text, such as a launch argument, stands for.

        Raises:
            ValueError: it is not a value of this parameter; the message says why.
        """
        value: Any = text
        if self.type is not str:
            try:
                value = yaml.safe_load(text)
            except yaml.YAMLError:
                value = text
        if self.type is float and type(value) is int:
            value = float(value)
        if self.choices and text in ("True", "False"):
            value = text.lower()
        if problem := self.problem(value):
            raise ValueError(problem)
        return tuple(float(v) for v in value) if self.type is tuple else value


_RELIABILITY = ("best_effort", "reliable")

_DECLARATION = (
    Parameter("autostart", True, "Configure and activate at start-up; false leaves that to a lifecycle manager."),
    Parameter(
        "end_if_unconfigured",
        False,
        "End with exit code 2 if autostart cannot configure and activate the node; false leaves it unconfigured, to be "
        "configured once the cause is mended. The launch files set it.",
    ),
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
        "compressed",
        False,
        "Subscribe to sensor_msgs/CompressedImage on the image topic with '/compressed' appended (after remapping).",
    ),
    Parameter(
        "image_reliability",
        "best_effort",
        "Reliability asked of image publishers. best_effort is compatible with every publisher.",
        choices=_RELIABILITY,
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
        "Name of the pose model ('orpose models' lists them), or the folder of an exported student.",
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
        "score_threshold", 0.3, "Persons with a lower box score are left out.", range=(0.0, 1.0), changeable=True
    ),
    Parameter(
        "max_persons", 20, "At most this many persons per image, the best-scored ones.", range=(1, 100), changeable=True
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
    # What goes out
    Parameter(
        "output_reliability",
        "reliable",
        "Reliability offered to subscribers of the results. reliable is compatible with every subscriber.",
        choices=_RELIABILITY,
    ),
    Parameter("output_queue_depth", 10, "Results the middleware keeps for slow subscribers.", range=(1, 100)),
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
    Parameter(
        "marker_lifetime",
        0.5,
        "Seconds until a marker that is not renewed vanishes.",
        range=(0.05, 10.0),
        changeable=True,
    ),
)

PARAMETERS: Mapping[str, Parameter] = {parameter.name: parameter for parameter in _DECLARATION}


def _yaml_value(value: Value) -> str:
    plain = list(value) if isinstance(value, tuple) else value
    return yaml.safe_dump(plain, default_flow_style=True, default_style='"' if isinstance(value, str) else None).split(
        "\n", 1
    )[0]


def as_yaml() -> str:
    """The parameter file with every default and description."""
    lines = [
        "# Parameters of pose_node with their defaults. Written from the declaration in orpose_ros/parameters.py.",
        "/**:",
        "  ros__parameters:",
    ]
    for parameter in PARAMETERS.values():
        constraint = f" [{parameter.constraint}]" if parameter.constraint else ""
        lines.append(f"    # {parameter.description}{constraint}")
        lines.append(f"    {parameter.name}: {_yaml_value(parameter.default)}")
    return "\n".join(lines) + "\n"


def as_table() -> str:
    """The parameters as a Markdown table."""
    lines = ["| parameter | type | default | allowed | changeable | meaning |", "|---|---|---|---|---|---|"]
    for parameter in PARAMETERS.values():
        changeable = "any time" if parameter.changeable else "unconfigured"
        lines.append(
            f"| `{parameter.name}` | {parameter.type_name} | `{_yaml_value(parameter.default)}` | "
            f"{parameter.constraint} | {changeable} | {parameter.description} |"
        )
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    writers = {"yaml": as_yaml, "table": as_table}
    if len(sys.argv) != 2 or sys.argv[1] not in writers:
        sys.exit("usage: python -m orpose_ros.parameters yaml|table")
    sys.stdout.write(writers[sys.argv[1]]())
