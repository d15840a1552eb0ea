"""Persons as detections of vision_msgs. For rclpy's classes and rosbags' alike; made for vision_msgs 4."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from orpose_models.messages.fields import MessageTypes, copy_header
from orpose_models.vocabulary.poses import Poses
from orpose_models.vocabulary.room_persons import RoomPersons

CLASS_ID = "person"

Floats = NDArray[np.float64]


def detections2d_message(poses: Poses, header: Any, types: MessageTypes) -> Any:
    """A vision_msgs/Detection2DArray: boxes in pixels of the full-size image; the hypotheses' poses say nothing.

    Args:
        poses: the persons.
        header: the image's; it is copied.
        types: finds the message classes.
    """
    point, pose = types("vision_msgs/msg/Point2D"), types("vision_msgs/msg/Pose2D")
    box, detection = types("vision_msgs/msg/BoundingBox2D"), types("vision_msgs/msg/Detection2D")
    found = []
    for i, (x_min, y_min, x_max, y_max) in enumerate(poses.boxes.astype(float).tolist()):
        centre = pose(position=point(x=(x_min + x_max) / 2, y=(y_min + y_max) / 2), theta=0.0)
        nowhere = _hypothesis(float(poses.box_scores[i]), np.zeros(3), np.zeros((3, 3)), types)
        found.append(
            detection(
                header=copy_header(header, types),
                results=[nowhere],
                bbox=box(center=centre, size_x=x_max - x_min, size_y=y_max - y_min),
                id=_id(int(poses.ids[i])),
            )
        )
    return types("vision_msgs/msg/Detection2DArray")(header=copy_header(header, types), detections=found)


def detections3d_message(poses: Poses, header: Any, types: MessageTypes) -> Any:
    """A vision_msgs/Detection3DArray of those whose place is known, in the camera's optical frame.

    Boxes are along the frame's axes round all joints. A hypothesis' pose is the pelvis, with its covariance.
    """
    located = np.asarray(np.isfinite(poses.root).all(axis=1) & poses.has3d)
    poses = poses.select(located)
    joints = (poses.root[:, None] + poses.joints3d).astype(np.float64)
    spreads = poses.motion_cov[:, :3, :3].astype(np.float64)
    plain = np.nan_to_num(poses.root_std.astype(np.float64))[:, None, None] ** 2 * np.eye(3)
    spreads = np.where(np.isfinite(spreads).all(axis=(1, 2), keepdims=True), spreads, plain)
    return _array3d(poses.ids, poses.box_scores, joints, spreads, header, types)


def room_detections3d_message(persons: RoomPersons, header: Any, types: MessageTypes) -> Any:
    """A vision_msgs/Detection3DArray in the room's frame; else as `detections3d_message`."""
    return _array3d(persons.ids, persons.scores, persons.joints, persons.covariances[:, 0], header, types)


def _array3d(ids: NDArray, scores: NDArray, joints: Floats, spreads: Floats, header: Any, types: MessageTypes) -> Any:
    box, detection = types("vision_msgs/msg/BoundingBox3D"), types("vision_msgs/msg/Detection3D")
    vector = types("geometry_msgs/msg/Vector3")
    found = []
    for i in range(len(ids)):
        low, high = np.nanmin(joints[i], axis=0), np.nanmax(joints[i], axis=0)
        x, y, z = (high - low).tolist()
        found.append(
            detection(
                header=copy_header(header, types),
                results=[_hypothesis(float(scores[i]), joints[i, 0], spreads[i], types)],
                bbox=box(center=_pose((low + high) / 2, types), size=vector(x=x, y=y, z=z)),
                id=_id(int(ids[i])),
            )
        )
    return types("vision_msgs/msg/Detection3DArray")(header=copy_header(header, types), detections=found)


def _id(number: int) -> str:
    return str(number) if number >= 0 else ""


def _pose(at: Floats, types: MessageTypes) -> Any:
    x, y, z = (float(v) for v in at)
    return types("geometry_msgs/msg/Pose")(
        position=types("geometry_msgs/msg/Point")(x=x, y=y, z=z),
        orientation=types("geometry_msgs/msg/Quaternion")(x=0.0, y=0.0, z=0.0, w=1.0),
    )


def _hypothesis(score: float, at: Floats, spread: Floats, types: MessageTypes) -> Any:
    """A vision_msgs/ObjectHypothesisWithPose; nothing is said of which way the person is turned."""
    covariance = np.zeros((6, 6))
    covariance[:3, :3] = spread
    return types("vision_msgs/msg/ObjectHypothesisWithPose")(
        hypothesis=types("vision_msgs/msg/ObjectHypothesis")(class_id=CLASS_ID, score=score),
        pose=types("geometry_msgs/msg/PoseWithCovariance")(pose=_pose(at, types), covariance=covariance.reshape(-1)),
    )
