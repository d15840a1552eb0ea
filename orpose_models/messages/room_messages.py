"""The persons of a room as ROS messages. Works with rclpy's classes and rosbags' alike (see `fields`)."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from orpose_models.messages.fields import MessageTypes, copy_header
from orpose_models.messages.pose_messages import poses3d_message
from orpose_models.vocabulary.poses import Poses
from orpose_models.vocabulary.resolution import Resolution
from orpose_models.vocabulary.room_persons import RoomPersons
from orpose_models.vocabulary.skeletons import COCO17_TO_H36M17, H36M17

JOINT_DIAMETER, BONE_WIDTH, TEXT_HEIGHT = 0.06, 0.03, 0.2  # metres
# Persons whom one camera alone sees are drawn translucent: their distance is little known.
SINGLE_ALPHA = 0.5
# A colour for each person: red, green, blue.
ROOM_COLOURS = np.array(
    [
        (0.90, 0.62, 0.0), (0.34, 0.71, 0.91), (0.0, 0.62, 0.45), (0.94, 0.89, 0.26),
        (0.0, 0.45, 0.70), (0.84, 0.37, 0.0), (0.80, 0.47, 0.65), (0.75, 0.75, 0.75),
    ]
)  # fmt: skip
_UPPER = np.triu_indices(3)


def room_persons_message(
    persons: RoomPersons, cameras: Sequence[str], present: Sequence[bool], header: Any, types: MessageTypes
) -> Any:
    """An orpose_msgs/RoomPersonArray.

    Args:
        persons: the persons.
        cameras: the names of all cameras, in the order of `persons.views`.
        present: which of them have an image of this moment.
        header: stamp of the moment and the room's frame; it is copied.
        types: finds the message classes.
    """
    person, joint = types("orpose_msgs/msg/RoomPerson"), types("orpose_msgs/msg/RoomJoint")
    point, vector = types("geometry_msgs/msg/Point"), types("geometry_msgs/msg/Vector3")
    xyz, scores, speed = persons.joints.tolist(), persons.joint_scores.tolist(), persons.velocity.tolist()
    spreads = np.ascontiguousarray(persons.covariances[:, :, _UPPER[0], _UPPER[1]], np.float32)
    found = []
    for i in range(len(persons)):
        seen = np.flatnonzero(persons.views[i] >= 0)
        errors = np.nan_to_num(persons.errors[i, seen]).astype(np.float32)
        found.append(
            person(
                id=int(persons.ids[i]),
                score=float(persons.scores[i]),
                joints=[
                    joint(position=point(x=x, y=y, z=z), score=score, covariance=spread)
                    for (x, y, z), score, spread in zip(xyz[i], scores[i], spreads[i], strict=True)
                ],
                velocity=vector(x=speed[i][0], y=speed[i][1], z=speed[i][2]),
                cameras=[cameras[int(k)] for k in seen],
                reprojection_errors=errors,
            )
        )
    names = [name for name, there in zip(cameras, present, strict=True) if there]
    return types("orpose_msgs/msg/RoomPersonArray")(header=copy_header(header, types), cameras=names, persons=found)


def room_poses3d_message(persons: RoomPersons, header: Any, types: MessageTypes) -> Any:
    """An orpose_msgs/PersonPose3DArray in the room's frame: no image, no boxes, the pelvis known of everybody."""
    n = len(persons)
    spread = np.trace(persons.covariances[:, 0], axis1=1, axis2=2)
    poses = Poses.from_arrays(
        np.zeros((n, 4)),
        persons.scores,
        persons.keypoints[..., :2],
        persons.keypoint_scores,
        joints3d=persons.joints - persons.joints[:, :1],
        root=persons.joints[:, 0],
        root_std=np.sqrt(spread),
        ids=persons.ids,
    )
    return poses3d_message(poses, Resolution((0, 0), (0, 0), 1.0), header, types)


def room_markers_message(
    persons: RoomPersons, header: Any, types: MessageTypes, lifetime: float = 0.5, min_score: float = 0.0
) -> Any:
    """A visualization_msgs/MarkerArray: joints, bones and id of everybody, a colour for each person.

    Args:
        persons: the persons.
        header: stamp of the moment and the room's frame; it is copied.
        types: finds the message classes.
        lifetime: seconds until the markers vanish.
        min_score: joints with lower scores, and their bones, are left out.
    """
    point, colour = types("geometry_msgs/msg/Point"), types("std_msgs/msg/ColorRGBA")
    vector, pose = types("geometry_msgs/msg/Vector3"), types("geometry_msgs/msg/Pose")
    quaternion, marker = types("geometry_msgs/msg/Quaternion"), types("visualization_msgs/msg/Marker")
    kinds = {"joints": (7, JOINT_DIAMETER), "bones": (5, BONE_WIDTH), "ids": (9, TEXT_HEIGHT)}
    wait = types("builtin_interfaces/msg/Duration")(sec=int(lifetime), nanosec=int(lifetime % 1 * 1e9))

    def add(part: str, i: int, points: NDArray[np.float64], at: NDArray[np.float64] | None = None) -> Any:
        red, green, blue = ROOM_COLOURS[int(persons.ids[i]) % len(ROOM_COLOURS)].tolist()
        alpha = 1.0 if persons.seen_by[i] > 1 else SINGLE_ALPHA
        kind, size = kinds[part]
        x, y, z = (0.0, 0.0, 0.0) if at is None else (float(v) for v in at)
        fields = {
            "header": copy_header(header, types),
            "ns": f"room/{part}",
            "id": int(persons.ids[i]) & 0x7FFFFFFF,
            "type": kind,
            "action": 0,
            "pose": pose(position=point(x=x, y=y, z=z), orientation=quaternion(x=0.0, y=0.0, z=0.0, w=1.0)),
            "scale": vector(x=size, y=size, z=size),
            "color": colour(r=red, g=green, b=blue, a=alpha),
            "lifetime": wait,
            "points": [point(x=float(x), y=float(y), z=float(z)) for x, y, z in points],
            "text": str(int(persons.ids[i])) if part == "ids" else "",
        }
        return _complete(marker, fields, types)

    markers = []
    for i in range(len(persons)):
        shown = persons.joint_scores[i] >= min_score
        joints = persons.joints[i]
        if not shown.any():
            continue
        edges = [edge for edge in H36M17.edges if shown[edge[0]] and shown[edge[1]]]
        top = joints[int(np.where(shown, joints[:, 2], -np.inf).argmax())] + [0, 0, TEXT_HEIGHT]
        markers.append(add("joints", i, joints[shown]))
        if edges:
            markers.append(add("bones", i, joints[np.ravel(edges)]))
        markers.append(add("ids", i, np.zeros((0, 3)), top))
    return types("visualization_msgs/msg/MarkerArray")(markers=markers)


def _complete(marker: Any, fields: dict[str, Any], types: MessageTypes) -> Any:
    """A marker; the classes of rosbags want every field, those of rclpy have their own defaults."""
    names = getattr(marker, "__dataclass_fields__", None)
    if names is None:
        return marker(**fields)
    time = types("builtin_interfaces/msg/Time")(sec=0, nanosec=0)
    empty = {
        "colors": [],
        "texture_resource": "",
        "texture": types("sensor_msgs/msg/CompressedImage")(
            header=types("std_msgs/msg/Header")(stamp=time, frame_id=""), format="", data=np.zeros(0, np.uint8)
        ),
        "uv_coordinates": [],
        "mesh_resource": "",
        "mesh_file": types("visualization_msgs/msg/MeshFile")(filename="", data=np.zeros(0, np.uint8)),
        "mesh_use_embedded_materials": False,
        "frame_locked": False,
    }
    return marker(**{name: fields.get(name, empty.get(name)) for name in names if name != "__msgtype__"})


def room_persons_from_message(message: Any, cameras: Sequence[str]) -> RoomPersons:
    """The persons of an orpose_msgs/RoomPersonArray; what it has not is unknown.

    Args:
        message: the message.
        cameras: the names of all cameras; `views` is 0 where one sees the person. Others' names do not count.
    """
    n, c = len(message.persons), len(cameras)
    if n == 0:
        return RoomPersons.empty(c)
    joints = np.array([[(j.position.x, j.position.y, j.position.z) for j in p.joints] for p in message.persons])
    spreads = np.zeros((n, 17, 3, 3))
    upper = np.array([[list(j.covariance) for j in p.joints] for p in message.persons], np.float64)
    spreads[:, :, _UPPER[0], _UPPER[1]] = spreads[:, :, _UPPER[1], _UPPER[0]] = upper
    views, errors = np.full((n, c), -1), np.full((n, c), np.nan)
    for i, person in enumerate(message.persons):
        for name, error in zip(person.cameras, person.reprojection_errors, strict=True):
            if name in cameras:
                views[i, list(cameras).index(name)], errors[i, list(cameras).index(name)] = 0, error
    scores = np.array([[j.score for j in p.joints] for p in message.persons], np.float64)
    back = np.array([_one_of(row) for row in COCO17_TO_H36M17.matrix.T])
    known = (back >= 0)[None]
    return RoomPersons(
        np.array([p.id for p in message.persons], np.int64),
        np.array([p.score for p in message.persons], np.float64),
        np.where(known[..., None], joints[:, back], np.nan),
        np.where(known, scores[:, back], 0.0),
        joints,
        scores,
        spreads,
        np.array([(p.velocity.x, p.velocity.y, p.velocity.z) for p in message.persons]),
        views,
        errors,
    )


def _one_of(column: NDArray[np.float64]) -> int:
    """The Human3.6M joint that is one COCO joint alone; -1 if there is none."""
    alone = np.flatnonzero(column == 1)
    return int(alone[0]) if len(alone) else -1
