"""The parameters of `fusion_node`, declared once; see `orpose_ros.parameters`, which writes `config/fusion.yaml`."""

from collections.abc import Mapping

from orpose_models.fusion.fuser import MEMORY
from orpose_ros.common_parameters import LIFECYCLE, MARKER_LIFETIME, OTHERS, RESULTS
from orpose_ros.parameter import Parameter

_DECLARATION = (
    *LIFECYCLE,
    # What comes in
    Parameter("cameras", "", "Names of the 2 to 8 cameras, separated by commas."),
    Parameter(
        "poses2d_topic",
        "{camera}/poses2d",
        "Topic of a camera's 2D poses, relative to the node's namespace unless it starts with '/'; {camera} in it "
        "stands for the camera's name.",
    ),
    Parameter("poses3d_topic", "{camera}/poses3d", "Topic of the 3D poses of the same images, in the same way."),
    Parameter("camera_info_topic", "/{camera}/camera_info", "Topic of a camera's intrinsics, in the same way."),
    Parameter("rectified", False, "Whether the images are rectified: P of camera_info holds for them; else K and D."),
    Parameter(
        "rig_file",
        "",
        "Where the cameras are: a rig file (YAML, docs/room.md) or a Qualisys calibration (.qca.txt); empty for TF, by "
        "the frame_id of the poses.",
    ),
    Parameter("room_frame", "room", "The room's frame, whose z axis points up; a rig file's own frame outweighs it."),
    # How it is fused
    Parameter(
        "tolerance", 0.05, "By how many seconds the stamps of the images of one moment may differ.", range=(0.0, 1.0)
    ),
    Parameter(
        "patience", 0.5, "Seconds after which a camera that sends nothing is not waited for.", range=(0.05, 10.0)
    ),
    Parameter("memory", MEMORY, "Seconds after which somebody unseen is forgotten.", range=(0.1, 60.0)),
    Parameter(
        "single_views", True, "Keep persons whom one camera alone sees; their distance is little known (covariances)."
    ),
    # What goes out
    *RESULTS,
    Parameter(
        "joint_threshold",
        0.2,
        "Joints with a lower score are not drawn in markers; the messages always have all.",
        range=(0.0, 1.0),
        changeable=True,
    ),
    MARKER_LIFETIME,
    Parameter(
        "zones",
        "",
        "Named boxes in the room's frame: YAML such as {table: [-1, -0.5, 0, 1, 0.5, 2]}, x y z of two opposite "
        "corners in metres, or the name of a .yaml file; empty for none. Events come on room/zone_events.",
    ),
    Parameter(
        "zone_distance", 0.0, "Metres within which somebody is near a zone; 0 for no such events.", range=(0.0, 20.0)
    ),
    Parameter(
        "zone_joints",
        "pelvis",
        "What of a person counts for zones: the pelvis, or any joint that is seen.",
        choices=("pelvis", "any"),
    ),
    *OTHERS,
    Parameter(
        "check_period",
        5.0,
        "Seconds between two checks of whether the cameras are where the calibration says.",
        range=(0.5, 600.0),
        changeable=True,
    ),
)  # fmt: skip

FUSION_PARAMETERS: Mapping[str, Parameter] = {parameter.name: parameter for parameter in _DECLARATION}
