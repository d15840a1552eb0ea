"""Parameters of outputs that other systems read; `pose_node` and `fusion_node` have them alike."""

from orpose_ros.parameter import Parameter

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
