"""Persons as RViz markers, in the camera's optical frame. Pure functions from poses to messages."""

from collections.abc import Iterable

import numpy as np
from builtin_interfaces.msg import Duration
from geometry_msgs.msg import Point
from numpy.typing import NDArray
from std_msgs.msg import ColorRGBA, Header
from visualization_msgs.msg import Marker, MarkerArray

from orpose_models.drawing.overlays import SIDE_COLOURS, bone_side
from orpose_models.vocabulary.cameras import Camera
from orpose_models.vocabulary.poses import Poses
from orpose_models.vocabulary.skeletons import COCO17_TO_H36M17, H36M17

JOINT_DIAMETER = 0.06  # metres, as are all lengths here
BONE_WIDTH = 0.03
BOX_WIDTH = 0.015
TEXT_HEIGHT = 0.2
# Persons whose distance is not measured are drawn translucent.
NOMINAL_ALPHA = 0.5

_TEXT_COLOUR = (240, 240, 240)


def pose_markers(
    poses: Poses,
    roots: NDArray[np.floating],
    header: Header,
    camera: Camera,
    *,
    namespace: str,
    keypoint_threshold: float,
    lifetime: float,
    boxes: bool,
) -> MarkerArray:
    """Joints, bones and id of everybody who has 3D, and boxes on request.

    Args:
        poses: the persons of one image.
        roots: (n, 3) where they stand, metres; those of whom `poses.root` is unknown are drawn translucent.
        header: the image's; the markers stand in its frame.
        camera: of the original image, calibrated or guessed.
        namespace: of the camera; the parts are `namespace`/joints, /bones, /ids and /boxes.
        keypoint_threshold: joints with lower scores, and their bones, are left out.
        lifetime: seconds until the markers vanish.
        boxes: whether to draw the boxes, upright in the image, at the depth of the pelvis.
    """
    measured = np.asarray(np.isfinite(poses.root).all(axis=1))
    scores = COCO17_TO_H36M17.scores(poses.keypoint_scores)
    joints = poses.joints3d + roots[:, None]
    finite = np.asarray(np.isfinite(joints).all(axis=2))
    shown = np.asarray(finite & (scores >= max(keypoint_threshold, 1e-6)), np.bool_)
    duration = Duration(sec=int(lifetime), nanosec=int(lifetime % 1 * 1e9))
    message = MarkerArray()

    def add(marker: Marker, part: str, person: int) -> None:
        person_id = int(poses.ids[person])
        marker.header, marker.ns, marker.action, marker.lifetime = header, f"{namespace}/{part}", Marker.ADD, duration
        # Untracked persons get ids of their own, below those of tracked ones.
        marker.id = person_id & 0x7FFFFFFF if person_id >= 0 else -1 - person
        marker.pose.orientation.w = 1.0
        message.markers.append(marker)

    for i in range(len(poses)):
        alpha = 1.0 if measured[i] else NOMINAL_ALPHA
        if shown[i].any():
            add(_joints(joints[i], shown[i], alpha), "joints", i)
            if edges := [edge for edge in H36M17.edges if shown[i, edge[0]] and shown[i, edge[1]]]:
                add(_bones(joints[i], edges, alpha), "bones", i)
            if poses.ids[i] >= 0:
                add(_text(str(int(poses.ids[i])), joints[i, shown[i]]), "ids", i)
        if boxes:
            add(_box(_box_corners(poses.boxes[i], float(roots[i, 2]), camera), alpha), "boxes", i)
    return message


def _joints(joints: NDArray[np.floating], shown: NDArray[np.bool_], alpha: float) -> Marker:
    """Spheres at those of the joints (17, 3) that are shown (17,), in the colours of their sides."""
    indices = [int(joint) for joint in np.flatnonzero(shown)]
    marker = Marker(type=Marker.SPHERE_LIST, points=_points(joints[indices]), color=_side_colour("centre", alpha))
    marker.scale.x = marker.scale.y = marker.scale.z = JOINT_DIAMETER
    marker.colors = [_side_colour(H36M17.side(joint), alpha) for joint in indices]
    return marker


def _bones(joints: NDArray[np.floating], edges: list[tuple[int, int]], alpha: float) -> Marker:
    """Lines between the joints (17, 3), in the colours of their sides."""
    points = _points(joints[np.ravel(edges)])
    marker = Marker(type=Marker.LINE_LIST, points=points, color=_side_colour("centre", alpha))
    marker.scale.x = BONE_WIDTH
    colours = [_side_colour(bone_side(H36M17, edge), alpha) for edge in edges]
    marker.colors = [colour for colour in colours for _ in range(2)]
    return marker


def _text(text: str, joints: NDArray[np.floating]) -> Marker:
    """A text above the highest of the joints (k, 3)."""
    marker = Marker(type=Marker.TEXT_VIEW_FACING, text=text, color=_colour(_TEXT_COLOUR, 1.0))
    top = joints[int(np.argmin(joints[:, 1]))]
    marker.pose.position = Point(x=float(top[0]), y=float(top[1]) - TEXT_HEIGHT, z=float(top[2]))
    marker.scale.z = TEXT_HEIGHT
    return marker


def _box(corners: NDArray[np.floating], alpha: float) -> Marker:
    """The outline between corners (4, 3)."""
    points = _points(corners[[0, 1, 1, 2, 2, 3, 3, 0]])
    marker = Marker(type=Marker.LINE_LIST, points=points, color=_side_colour("centre", alpha))
    marker.scale.x = BOX_WIDTH
    return marker


def _box_corners(box: NDArray[np.float32], depth: float, camera: Camera) -> NDArray[np.float64]:
    """(4, 3) corners of a box x_min, y_min, x_max, y_max in pixels, put at z = depth."""
    x_min, y_min, x_max, y_max = box
    plane = camera.normalised([(x_min, y_min), (x_max, y_min), (x_max, y_max), (x_min, y_max)])
    return np.concatenate([plane, np.ones((4, 1))], axis=1) * depth


def _points(points: Iterable[Iterable[float]]) -> list[Point]:
    return [Point(x=float(x), y=float(y), z=float(z)) for x, y, z in points]


def _side_colour(side: str, alpha: float) -> ColorRGBA:
    return _colour(SIDE_COLOURS[side], alpha)


def _colour(bgr: tuple[int, int, int], alpha: float) -> ColorRGBA:
    blue, green, red = (channel / 255 for channel in bgr)
    return ColorRGBA(r=red, g=green, b=blue, a=alpha)
