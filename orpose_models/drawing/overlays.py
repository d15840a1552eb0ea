"""Pictures of poses: over the image, and from the side in 3D."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from orpose_models.vocabulary.cameras import Camera
from orpose_models.vocabulary.poses import Poses
from orpose_models.vocabulary.resolution import Size
from orpose_models.vocabulary.skeletons import COCO17, H36M17, Skeleton

Colour = tuple[int, int, int]

# BGR. The person's own left is orange, right is blue (distinguishable to colour-blind readers).
SIDE_COLOURS: dict[str, Colour] = {"left": (0, 140, 255), "right": (255, 130, 30), "centre": (90, 220, 90)}
PERSON_COLOURS: tuple[Colour, ...] = (
    (75, 25, 230), (75, 180, 60), (216, 99, 67), (49, 130, 245), (180, 30, 145), (244, 212, 66), (230, 50, 240),
    (69, 239, 191), (212, 190, 250), (144, 153, 70),
)  # fmt: skip
_SHIFT = 4  # OpenCV draws with 1/16 pixel precision


def bone_side(skeleton: Skeleton, edge: tuple[int, int]) -> str:
    """'left', 'right' or 'centre': the side of a bone, 'centre' where its joints differ."""
    a, b = (skeleton.side(joint) for joint in edge)
    if a == b:
        return a
    return b if a == "centre" else a if b == "centre" else "centre"


def person_colour(poses: Poses, index: int) -> Colour:
    """A colour that stays with the person's id, or with its place in the list where it has none."""
    person_id = int(poses.ids[index])
    return PERSON_COLOURS[(person_id if person_id >= 0 else index) % len(PERSON_COLOURS)]


def draw_poses(
    image: NDArray[np.uint8],
    poses: Poses,
    full_size: Size | None = None,
    score_threshold: float = 0.2,
    boxes: bool = True,
) -> NDArray[np.uint8]:
    """Draw persons over a copy of an image.

    Args:
        image: (h, w, 3) uint8 BGR; may be smaller or larger than the original.
        poses: the persons, in pixels of the original.
        full_size: width, height of the original; the image's own if None.
        score_threshold: keypoints with lower scores, and their bones, are left out.
        boxes: whether to draw boxes with id and score.
    """
    canvas = np.ascontiguousarray(image).copy()
    height, width = canvas.shape[:2]
    full_size = full_size or (width, height)
    scale = np.array([width / full_size[0], height / full_size[1]])
    widest = max(1, round(min(width, height) / 240))

    def at(point: NDArray[np.floating]) -> tuple[int, int]:
        x, y = np.clip(point * scale * (1 << _SHIFT) - (1 << (_SHIFT - 1)), -(1 << 24), 1 << 24)
        return round(float(x)), round(float(y))

    for i in range(len(poses)):
        extent = (poses.boxes[i, 2:] - poses.boxes[i, :2]) * scale
        stroke = max(1, min(widest, round(float(extent.max()) / 80)))  # small persons stay recognisable
        shown = poses.keypoint_scores[i] >= max(score_threshold, 1e-6)
        for a, b in COCO17.edges:
            if shown[a] and shown[b]:
                colour = SIDE_COLOURS[bone_side(COCO17, (a, b))]
                start, end = at(poses.keypoints[i, a]), at(poses.keypoints[i, b])
                cv2.line(canvas, start, end, colour, stroke + 1, cv2.LINE_AA, _SHIFT)
        for joint in np.flatnonzero(shown):
            colour = SIDE_COLOURS[COCO17.side(int(joint))]
            radius = (stroke + 1) << _SHIFT
            cv2.circle(canvas, at(poses.keypoints[i, joint]), radius, colour, cv2.FILLED, cv2.LINE_AA, _SHIFT)
        if boxes:
            colour = person_colour(poses, i)
            corner, opposite = at(poses.boxes[i, :2]), at(poses.boxes[i, 2:])
            cv2.rectangle(canvas, corner, opposite, colour, stroke, cv2.LINE_AA, _SHIFT)
            name = f"#{poses.ids[i]} " if poses.ids[i] >= 0 else ""
            text = f"{name}{poses.box_scores[i]:.2f}"
            origin = max(0, corner[0] >> _SHIFT), max(12, (corner[1] >> _SHIFT) - 3)
            _label(canvas, text, origin, colour)
    return canvas


def _label(canvas: NDArray[np.uint8], text: str, origin: tuple[int, int], colour: Colour) -> None:
    size = max(0.35, min(canvas.shape[:2]) / 1200)
    cv2.putText(canvas, text, origin, cv2.FONT_HERSHEY_SIMPLEX, size, (0, 0, 0), 3, cv2.LINE_AA)
    cv2.putText(canvas, text, origin, cv2.FONT_HERSHEY_SIMPLEX, size, colour, 1, cv2.LINE_AA)


def _caption(canvas: NDArray[np.uint8], text: str) -> None:
    cv2.putText(canvas, text, (10, 20), cv2.FONT_HERSHEY_SIMPLEX, 0.5, (60, 60, 60), 1, cv2.LINE_AA)


def draw_scene3d(
    poses: Poses,
    roots: NDArray[np.floating],
    camera: Camera | None = None,
    size: Size = (480, 480),
    turn_deg: float = 50.0,
    elevation_deg: float = 12.0,
) -> NDArray[np.uint8]:
    """Draw the 3D skeletons as seen from the side, standing on a floor grid of 1 m squares.

    The caption says whether their distances are known. Up is against gravity where the camera knows it, else the
    image's up.

    Args:
        roots: (n, 3) where the pelvises are shown, in optical axes, metres.
        camera: says where up is.
        size: width, height of the picture in pixels.
        turn_deg: how far the viewer has walked round the scene from the camera's place.
        elevation_deg: how far the viewer looks down.

    Returns:
        (h, w, 3) uint8 BGR.
    """
    width, height = size
    canvas = np.full((height, width, 3), 250, np.uint8)
    known3d = poses.select(poses.has3d)
    measured = np.asarray(np.isfinite(known3d.root).all(axis=1))
    persons = (known3d.joints3d + roots[poses.has3d][:, None]) @ _upright(camera).T
    if len(persons) == 0:
        _caption(canvas, "no person in 3D")
        return canvas

    viewer = _Viewer.beside(persons, size, np.radians(turn_deg), np.radians(elevation_deg))
    _draw_floor(canvas, viewer, float(np.nanmax(persons[..., 1])))
    _draw_bones(canvas, viewer, persons, known3d)
    caption = "estimated" if measured.all() else "partly guessed" if measured.any() else "guessed"
    _caption(canvas, f"side view, 1 m grid, distances {caption}")
    return canvas


@dataclass(frozen=True, eq=False)
class _Viewer:
    """A camera that looks at the middle of a scene whose y axis points down.

    Attributes:
        centre: (3,) what it looks at, metres.
        view: (3, 3) from the scene's axes to its own.
        spread: how far the scene reaches from the centre as it sees it, metres.
        size: width, height of the picture in pixels.
    """

    centre: NDArray[np.float64]
    view: NDArray[np.float64]
    spread: float
    size: Size

    @classmethod
    def beside(cls, persons: NDArray[np.float64], size: Size, turn: float, tilt: float) -> "_Viewer":
        """One that has walked round the persons (n, 17, 3) by an angle, and looks down by another, in radians."""
        centre = np.asarray(np.nanmean(persons.reshape(-1, 3), axis=0))
        about_y = np.array([[np.cos(turn), 0, np.sin(turn)], [0, 1, 0], [-np.sin(turn), 0, np.cos(turn)]])
        about_x = np.array([[1, 0, 0], [0, np.cos(tilt), np.sin(tilt)], [0, -np.sin(tilt), np.cos(tilt)]])
        view = about_x @ about_y
        return cls(centre, view, float(np.nanmax(np.abs((persons - centre) @ view.T)[..., :2])), size)

    def to_pixels(self, points: NDArray[np.floating]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Pixels (n, 2) and depths (n,) in metres of points (n, 3)."""
        width, height = self.size
        distance = max(3.0, 2.6 * self.spread + 1.5)
        focal = 0.42 * min(width, height) * distance / max(1.1, self.spread)
        seen = (points - self.centre) @ self.view.T + [0, 0, distance]
        depth = np.maximum(seen[..., 2], 0.2)
        return seen[..., :2] / depth[..., None] * focal + [width / 2, height / 2], depth


def _draw_floor(canvas: NDArray[np.uint8], viewer: _Viewer, floor: float) -> None:
    reach = int(np.ceil(viewer.spread)) + 1
    origin = np.round(viewer.centre)
    for k in range(-reach, reach + 1):
        for line in (((k, -reach), (k, reach)), ((-reach, k), (reach, k))):
            pixels, _ = viewer.to_pixels(np.array([[origin[0] + x, floor, origin[2] + z] for x, z in line]))
            start, end = _integers(pixels)
            cv2.line(canvas, start, end, (215, 215, 215), 1, cv2.LINE_AA)


def _draw_bones(canvas: NDArray[np.uint8], viewer: _Viewer, persons: NDArray[np.float64], poses: Poses) -> None:
    """The bones of persons (n, 17, 3), the farthest first, in the colours of their sides or of their persons."""
    bones = []
    for i, person in enumerate(persons):
        pixels, depth = viewer.to_pixels(person)
        for a, b in H36M17.edges:
            if np.isfinite(person[[a, b]]).all():
                bones.append((float(depth[[a, b]].mean()), pixels[[a, b]], bone_side(H36M17, (a, b)), i))
    for _, ends, side, i in sorted(bones, key=lambda bone: -bone[0]):
        colour = SIDE_COLOURS[side] if side != "centre" else person_colour(poses, i)
        start, end = _integers(ends)
        cv2.line(canvas, start, end, colour, 3, cv2.LINE_AA)
        cv2.circle(canvas, start, 3, colour, cv2.FILLED, cv2.LINE_AA)
        cv2.circle(canvas, end, 3, colour, cv2.FILLED, cv2.LINE_AA)


def _upright(camera: Camera | None) -> NDArray[np.float64]:
    """(3, 3) rotation that turns gravity onto +y, keeping the viewing direction in the y-z plane."""
    if camera is None or camera.gravity is None:
        return np.eye(3)
    down = np.asarray(camera.gravity)
    forward = np.array([0, 0, 1.0]) - down[2] * down
    if np.linalg.norm(forward) < 1e-3:  # looking straight down: the image's up is forward
        forward = np.array([0, -1.0, 0]) + down[1] * down
    forward /= np.linalg.norm(forward)
    return np.stack([np.cross(down, forward), down, forward])


def _integers(points: NDArray[np.floating]) -> list[tuple[int, int]]:
    bounded = np.clip(np.nan_to_num(points), -(1 << 20), 1 << 20)
    return [(round(float(x)), round(float(y))) for x, y in bounded]


def side_by_side(*pictures: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Put pictures next to each other, scaled to the height of the first."""
    height = pictures[0].shape[0]
    scaled = [
        p if p.shape[0] == height else cv2.resize(p, (max(1, round(p.shape[1] * height / p.shape[0])), height))
        for p in pictures
    ]
    return np.asarray(np.hstack(scaled), np.uint8)
