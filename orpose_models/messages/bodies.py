"""Persons as bodies: TF frames, and the messages of hri_msgs (REP-155). For rclpy's classes and rosbags' alike."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from orpose_models.messages.fields import MessageTypes, copy_header
from orpose_models.messages.transforms import Frame, tf_message
from orpose_models.vocabulary.poses import Poses
from orpose_models.vocabulary.resolution import Size
from orpose_models.vocabulary.room_persons import RoomPersons
from orpose_models.vocabulary.skeletons import COCO17, H36M17

Floats = NDArray[np.float64]

# The frames of a person besides `body_ID`, and the joints at which they are.
PARTS = {"head": "head", "left_wrist": "left_wrist", "right_wrist": "right_wrist"}
_LEFT, _RIGHT = ([H36M17.index(f"{side}_hip"), H36M17.index(f"{side}_shoulder")] for side in ("left", "right"))
_THORAX = H36M17.index("thorax")
# The order of hri_msgs/Skeleton2D. Its neck is in the middle of the shoulders.
_SKELETON2D = (
    "nose", "neck", "right_shoulder", "right_elbow", "right_wrist", "left_shoulder", "left_elbow", "left_wrist",
    "right_hip", "right_knee", "right_ankle", "left_hip", "left_knee", "left_ankle", "left_eye", "right_eye",
    "left_ear", "right_ear",
)  # fmt: skip


def body_id(source: str, number: int) -> str:
    """The id of a person among all sources of persons, part of frames' and topics' names: `source_number`."""
    return "_".join([*filter(None, source.split("/")), str(number)])


def poses_transforms_message(poses: Poses, source: str, header: Any, types: MessageTypes) -> Any:
    """A tf2_msgs/TFMessage of those whose place is known and who have an id, in the camera's optical frame.

    `body_ID` is at the pelvis, x forward, y left and z up along the trunk; `head_ID`, `left_wrist_ID` and
    `right_wrist_ID` are turned as it is. ID is `body_id`'s.

    Args:
        poses: the persons.
        source: of the persons, which tells the frames of several apart.
        header: the image's.
        types: finds the message classes.
    """
    located = poses.select(np.asarray(np.isfinite(poses.root).all(axis=1) & poses.has3d & (poses.ids >= 0)))
    joints = (located.root[:, None] + located.joints3d).astype(np.float64)
    return _transforms(located.ids, joints, np.full(joints.shape[:2], True), source, header, types)


def room_transforms_message(persons: RoomPersons, source: str, header: Any, types: MessageTypes) -> Any:
    """As `poses_transforms_message`, in the room's frame; a part that no camera sees has no frame."""
    return _transforms(persons.ids, persons.joints, persons.joint_scores > 0, source, header, types)


def ids_message(poses_ids: NDArray[np.int64], source: str, header: Any, types: MessageTypes) -> Any:
    """An hri_msgs/IdsList of who has an id."""
    ids = [body_id(source, int(number)) for number in poses_ids if number >= 0]
    return types("hri_msgs/msg/IdsList")(header=copy_header(header, types), ids=ids)


def bodies_messages(
    poses: Poses, size: Size, source: str, header: Any, types: MessageTypes
) -> Iterator[tuple[str, Any, Any]]:
    """Of each person with an id: that, an hri_msgs/NormalizedRegionOfInterest2D and an hri_msgs/Skeleton2D.

    Args:
        poses: the persons.
        size: width, height of the full-size image.
        source, header, types: as in `poses_transforms_message`.
    """
    region, skeleton = types("hri_msgs/msg/NormalizedRegionOfInterest2D"), types("hri_msgs/msg/Skeleton2D")
    place = types("hri_msgs/msg/NormalizedPointOfInterest2D")
    boxes = np.clip(poses.boxes.astype(np.float64) / [*size, *size], 0, 1)
    for i in range(len(poses)):
        if poses.ids[i] < 0:
            continue
        x_min, y_min, x_max, y_max = boxes[i].tolist()
        score = float(poses.box_scores[i])
        roi = region(header=copy_header(header, types), xmin=x_min, ymin=y_min, xmax=x_max, ymax=y_max, c=score)
        points = [place(x=x, y=y, c=c) for x, y, c in _normalised(poses, i, size)]
        body = skeleton(header=copy_header(header, types), skeleton=points)
        yield body_id(source, int(poses.ids[i])), roi, body


def _normalised(poses: Poses, i: int, size: Size) -> Iterator[tuple[float, float, float]]:
    """x, y in 0..1 and score of a person's joints in the order of Skeleton2D; 0 0 0 where one is not seen."""
    left, right = COCO17.index("left_shoulder"), COCO17.index("right_shoulder")
    for name in _SKELETON2D:
        joints = [left, right] if name == "neck" else [COCO17.index(name)]
        score = float(poses.keypoint_scores[i, joints].min())
        x, y = (poses.keypoints[i, joints].mean(axis=0) / size).tolist()
        seen = score > 0 and np.isfinite([x, y]).all()
        yield (min(max(x, 0.0), 1.0), min(max(y, 0.0), 1.0), score) if seen else (0.0, 0.0, 0.0)


def facing(joints: Floats) -> Floats:
    """(3, 3) turns a body's axes, x forward, y left, z up along the trunk, into those of joints (17, 3).

    Hips and shoulders in one line with the trunk say nothing; then it is not turned.
    """
    up = joints[_THORAX] - joints[0]
    left = (joints[_LEFT] - joints[_RIGHT]).sum(axis=0)
    forward = np.cross(left, up)
    if not np.linalg.norm(forward) > 1e-6:
        return np.eye(3)
    z, x = up / np.linalg.norm(up), forward / np.linalg.norm(forward)
    return np.stack([x, np.cross(z, x), z], axis=1)


def _transforms(
    ids: NDArray, joints: Floats, seen: NDArray[np.bool_], source: str, header: Any, types: MessageTypes
) -> Any:
    parts = {"body": 0, **{name: H36M17.index(joint) for name, joint in PARTS.items()}}
    found = [
        Frame(f"{name}_{body_id(source, int(number))}", joints[i, joint], facing(joints[i]))
        for i, number in enumerate(ids)
        for name, joint in parts.items()
        if name == "body" or (seen[i, joint] and np.isfinite(joints[i, joint]).all())
    ]
    return tf_message(found, header, types)
