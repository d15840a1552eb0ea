"""Poses and joint sets as ROS messages, and back.

Works with rclpy's classes and rosbags' alike (see `message_types`). What the fields mean is said in orpose_msgs/msg.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from orpose_models.messages.fields import MessageTypes, copy_header, number_sequence
from orpose_models.model_format.pose_model import PoseModel
from orpose_models.vocabulary.errors import OrposeError
from orpose_models.vocabulary.poses import Poses
from orpose_models.vocabulary.resolution import Resolution
from orpose_models.vocabulary.skeletons import COCO17, COCO17_TO_H36M17, H36M17, Skeleton


def poses2d_message(poses: Poses, resolution: Resolution, header: Any, types: MessageTypes) -> Any:
    """An orpose_msgs/PersonPose2DArray.

    Args:
        poses: the persons.
        resolution: what became of the image.
        header: the image's; it is copied.
        types: finds the message classes.
    """
    keypoint = types("orpose_msgs/msg/Keypoint2D")
    person = types("orpose_msgs/msg/PersonPose2D")
    xy, score, hard, soft = (
        array.tolist() for array in (poses.keypoints, poses.keypoint_scores, poses.scores_hard, poses.scores_soft)
    )
    persons = [
        person(
            **_identity(poses, i),
            keypoints=[
                keypoint(x=x, y=y, score=a, score_hard=b, score_soft=c)
                for (x, y), a, b, c in zip(xy[i], score[i], hard[i], soft[i], strict=True)
            ],
        )
        for i in range(len(poses))
    ]
    return _array(types("orpose_msgs/msg/PersonPose2DArray"), resolution, header, persons, types)


def poses3d_message(poses: Poses, resolution: Resolution, header: Any, types: MessageTypes) -> Any:
    """An orpose_msgs/PersonPose3DArray; arguments as in `poses2d_message`."""
    keypoint = types("orpose_msgs/msg/Keypoint3D")
    person = types("orpose_msgs/msg/PersonPose3D")
    point = types("geometry_msgs/msg/Point")
    known = np.asarray(np.isfinite(poses.joints3d).all(axis=2))
    xyz = np.where(known[..., None], poses.joints3d, np.nan).tolist()
    score, hard, soft = (
        np.where(known, COCO17_TO_H36M17.scores(scores), 0).tolist()
        for scores in (poses.keypoint_scores, poses.scores_hard, poses.scores_soft)
    )
    valid = np.asarray(np.isfinite(poses.root).all(axis=1))
    root = np.where(valid[:, None], poses.root, np.nan).tolist()
    root_std = np.where(valid, poses.root_std, np.nan).tolist()
    persons = [
        person(
            **_identity(poses, i),
            keypoints=[
                keypoint(position=point(x=x, y=y, z=z), score=a, score_hard=b, score_soft=c)
                for (x, y, z), a, b, c in zip(xyz[i], score[i], hard[i], soft[i], strict=True)
            ],
            root=point(x=root[i][0], y=root[i][1], z=root[i][2]),
            root_valid=bool(valid[i]),
            root_std=root_std[i],
            **_motion(poses, i, person, types),
        )
        for i in range(len(poses))
    ]
    return _array(types("orpose_msgs/msg/PersonPose3DArray"), resolution, header, persons, types)


def poses_from_messages(poses2d: Any, poses3d: Any | None = None) -> tuple[Poses, Resolution]:
    """The persons of a PersonPose2DArray and, where it is given, of the PersonPose3DArray of the same image.

    Raises:
        OrposeError: the two messages are not of the same image and persons.
    """
    persons = poses2d.persons
    resolution = Resolution(
        (int(poses2d.image_width), int(poses2d.image_height)),
        (int(poses2d.seen_width), int(poses2d.seen_height)),
        float(poses2d.downsample),
    )
    if poses3d is not None:
        ours, theirs = (
            (m.header.stamp.sec, m.header.stamp.nanosec, m.header.frame_id, [p.id for p in m.persons])
            for m in (poses2d, poses3d)
        )
        if ours != theirs:
            raise OrposeError(f"2D and 3D poses are not of the same image and persons: {ours} and {theirs}")
    if not persons:
        return Poses.empty(), resolution
    keypoints = np.array(
        [[(k.x, k.y, k.score, k.score_hard, k.score_soft) for k in p.keypoints] for p in persons], np.float32
    )
    poses = Poses.from_arrays(
        [(p.box_x_min, p.box_y_min, p.box_x_max, p.box_y_max) for p in persons],
        [p.box_score for p in persons],
        keypoints[..., :2],
        keypoints[..., 2],
        scores_hard=keypoints[..., 3],
        scores_soft=keypoints[..., 4],
        ids=[p.id for p in persons],
    )
    if poses3d is not None:
        poses = poses.with_arrays(**_in_space(poses3d.persons))
    return poses, resolution


def poses3d_from_message(poses3d: Any) -> Poses:
    """The persons of a PersonPose3DArray; their keypoints have the joints' scores, and no place in the image."""
    persons = poses3d.persons
    if not persons:
        return Poses.empty()
    scores = np.array([[k.score for k in p.keypoints] for p in persons], np.float64)
    back = np.array([max(np.flatnonzero(row == 1), default=-1) for row in COCO17_TO_H36M17.matrix.T])
    poses = Poses.from_arrays(
        [(p.box_x_min, p.box_y_min, p.box_x_max, p.box_y_max) for p in persons],
        [p.box_score for p in persons],
        keypoint_scores=np.where(back >= 0, scores[:, back], 0.0),
        ids=[p.id for p in persons],
    )
    return poses.with_arrays(**_in_space(persons))


def skeleton_info_message(model: PoseModel, header: Any, types: MessageTypes) -> Any:
    """An orpose_msgs/SkeletonInfo: the joint sets of the poses and the model that makes them."""
    cls = types("orpose_msgs/msg/SkeletonInfo")
    return cls(
        header=copy_header(header, types),
        skeleton2d=COCO17.name,
        joints2d=list(COCO17.joints),
        edges2d=number_sequence(cls, _edges(COCO17)),
        unit2d="px",
        skeleton3d=H36M17.name,
        joints3d=list(H36M17.joints),
        edges3d=number_sequence(cls, _edges(H36M17)),
        unit3d="m",
        model=model.name,
        model_sha256=model.sha256,
        engine=model.engine,
    )


def _identity(poses: Poses, i: int) -> dict[str, Any]:
    """The fields that a person has in the image and in space."""
    x_min, y_min, x_max, y_max = poses.boxes[i].tolist()
    return {
        "id": int(poses.ids[i]),
        "box_x_min": x_min,
        "box_y_min": y_min,
        "box_x_max": x_max,
        "box_y_max": y_max,
        "box_score": float(poses.box_scores[i]),
    }


def _motion(poses: Poses, i: int, person: Any, types: MessageTypes) -> dict[str, Any]:
    """The fields that say how somebody moves; none for a class that was built from definitions without them."""
    if not hasattr(person, "velocity") and not hasattr(person, "__dataclass_fields__"):
        return {}
    x, y, z = poses.velocity[i].tolist()
    return {
        "velocity": types("geometry_msgs/msg/Vector3")(x=x, y=y, z=z),
        "motion_covariance": poses.motion_cov[i].reshape(-1).astype(np.float64),
    }


def _in_space(persons: Any) -> dict[str, NDArray]:
    return {
        "joints3d": np.array([[_xyz(k.position) for k in p.keypoints] for p in persons]),
        "root": np.array([_xyz(p.root) if p.root_valid else (np.nan,) * 3 for p in persons]),
        "root_std": np.array([p.root_std if p.root_valid else np.nan for p in persons]),
        **_moving(persons),
    }


def _moving(persons: Any) -> dict[str, NDArray]:
    if not hasattr(persons[0], "velocity"):
        return {}
    covariances = np.array([p.motion_covariance for p in persons], np.float64)
    return {"velocity": np.array([_xyz(p.velocity) for p in persons]), "motion_cov": covariances.reshape(-1, 6, 6)}


def _array(cls: Any, resolution: Resolution, header: Any, persons: list[Any], types: MessageTypes) -> Any:
    return cls(
        header=copy_header(header, types),
        image_width=resolution.full[0],
        image_height=resolution.full[1],
        downsample=float(resolution.factor),
        seen_width=resolution.seen[0],
        seen_height=resolution.seen[1],
        persons=persons,
    )


def _edges(skeleton: Skeleton) -> NDArray[np.uint8]:
    return np.array(skeleton.edges, np.uint8).reshape(-1)


def _xyz(point: Any) -> tuple[float, float, float]:
    return point.x, point.y, point.z
