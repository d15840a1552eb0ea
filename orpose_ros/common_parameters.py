"""Parameters that `pose_node` and `fusion_node` have alike."""

from orpose_ros.parameter import Parameter

RELIABILITY = ("best_effort", "reliable")

LIFECYCLE = (
    Parameter("autostart", True, "Configure and activate at start-up; false leaves that to a lifecycle manager."),
    Parameter(
        "end_if_unconfigured",
        False,
        "End with exit code 2 if autostart cannot configure and activate the node; false leaves it unconfigured, to be "
        "configured once the cause is mended. The launch files set it.",
    ),
)
RESULTS = (
    Parameter(
        "output_reliability",
        "reliable",
        "Reliability offered to subscribers of the results. reliable is compatible with every subscriber.",
        choices=RELIABILITY,
    ),
    Parameter("output_queue_depth", 10, "Results the middleware keeps for slow subscribers.", range=(1, 100)),
)
MARKER_LIFETIME = Parameter(
    "marker_lifetime", 0.5, "Seconds until a marker that is not renewed vanishes.", range=(0.05, 10.0), changeable=True
)
# What others read, docs/outputs.md
OTHERS = (
    Parameter(
        "detections",
        False,
        "Publish the persons as detections of vision_msgs, which must be installed (docs/outputs.md).",
    ),
    Parameter(
        "body_frames", False, "Broadcast TF frames of the persons; tf2_msgs must be installed (docs/outputs.md)."
    ),
    Parameter(
        "hri_bodies", False, "Publish the persons as bodies of REP-155; hri_msgs must be installed (docs/outputs.md)."
    ),
    Parameter("track_list", False, "Publish a latched list of everybody who is followed, on the topic 'tracks'."),
)
