"""What the cameras see at one moment, as rays in the room: every detection with how sure each of its joints is."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from orpose_models.datasets.multiview import PlacedCamera
from orpose_models.vocabulary.poses import Poses
from orpose_models.vocabulary.skeletons import COCO17, H36M17

Floats = NDArray[np.float64]

# Standard deviation of a keypoint across the viewing ray, metres at the person: NEAR * exp(FALL * (1 - score)).
# Fitted to the shipped student on the simulated validation split; NEAR is larger than fitted there, which fuses better.
_NEAR = np.array([0.025] * 5 + [0.03] * 8 + [0.025] * 4)
_FALL = np.array([1.27] * 5 + [1.75] * 8 + [2.05] * 4)
MIN_SCORE = 0.05
# A pixel of the image that the model saw, in its share of the deviation.
_PIXEL = 0.47
# Root of the area of an upright person's box, metres; it gives the distance of those that have no root.
_EXTENT = 0.92
# Standard deviation of the distance that follows from the extent of a box, as a share of it.
_BOX_STD = 0.35
FACE = slice(0, 5)
# For each COCO joint the Human3.6M joint that a lifted pose has for it; the head for the face.
_LIFTED = np.array([H36M17.index(name if name in H36M17.joints else "head") for name in COCO17.joints])


@dataclass(frozen=True, eq=False)
class Sights:
    """The d detections of all cameras at one moment, in the room's axes, metres.

    Attributes:
        camera: (d,) index of the camera.
        person: (d,) index in that camera's poses.
        score: (d,) box scores.
        plane: (d, 17, 2) undistorted image coordinates x/z, y/z of the COCO joints; 0 where not seen.
        rays: (d, 17, 3) unit viewing directions in the room.
        seen: (d, 17) which joints count.
        sigma: (d, 17) standard deviation across the ray, metres at the person's distance; inf where not seen.
        joint_scores: (d, 17).
        distance: (d,) of the pelvis along the optical axis. distance_std: (d,) its standard deviation.
        pelvis: (d, 3) where one camera alone would put it.
        lifted: (d, 17, 3) COCO joints relative to the pelvis by the lifter (the head for the face); NaN if not lifted.
        track: (d,) the id that the camera's own tracking gave; -1 for none.
    """

    camera: NDArray[np.int64]
    person: NDArray[np.int64]
    score: Floats
    plane: Floats
    rays: Floats
    seen: NDArray[np.bool_]
    sigma: Floats
    joint_scores: Floats
    distance: Floats
    distance_std: Floats
    pelvis: Floats
    lifted: Floats
    track: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.camera)


def look(cameras: Sequence[PlacedCamera], poses: Sequence[Poses], factors: Sequence[float] | None = None) -> Sights:
    """The detections of all cameras.

    Args:
        cameras: c cameras, at the size of the images that the poses are of.
        poses: c sets of persons, one a camera.
        factors: by how much each image was reduced before the model saw it; None for not at all.
    """
    factors = factors if factors is not None else [1.0] * len(cameras)
    parts = [_of_camera(i, *one) for i, one in enumerate(zip(cameras, poses, factors, strict=True)) if len(one[1])]
    if not parts:
        parts = [_of_camera(0, cameras[0], Poses.empty(), 1.0)]
    return Sights(*(np.concatenate([part[k] for part in parts]) for k in range(len(parts[0]))))


def _of_camera(index: int, view: PlacedCamera, poses: Poses, factor: float) -> tuple[NDArray, ...]:
    n, camera = len(poses), view.camera
    keypoints = poses.keypoints.astype(np.float64)
    scores = poses.keypoint_scores.astype(np.float64)
    seen = (scores >= MIN_SCORE) & np.isfinite(keypoints).all(axis=2)
    plane = np.where(seen[..., None], camera.normalised(np.where(seen[..., None], keypoints, 0.0)), 0.0)
    rays = np.concatenate([plane, np.ones((n, len(COCO17), 1))], axis=2)
    rays = rays / np.linalg.norm(rays, axis=2, keepdims=True) @ view.rotation
    distance, deviation, pelvis = _placed(poses, view, plane, seen)
    focal = (camera.fx + camera.fy) / 2
    sigma = np.hypot(_NEAR * np.exp(_FALL * (1 - np.clip(scores, 0, 1))), _PIXEL * factor / focal * distance[:, None])
    lifted = (poses.joints3d - poses.joints3d[:, :1])[:, _LIFTED].astype(np.float64) @ view.rotation
    return (
        np.full(n, index),
        np.arange(n),
        poses.box_scores.astype(np.float64),
        plane,
        rays,
        seen,
        np.where(seen, sigma, np.inf),
        np.where(seen, scores, 0.0),
        distance,
        deviation,
        pelvis,
        lifted,
        poses.ids,
    )


def _placed(poses: Poses, view: PlacedCamera, plane: Floats, seen: NDArray[np.bool_]) -> tuple[Floats, Floats, Floats]:
    """Distance (n,), its deviation (n,) and pelvis (n, 3) in the room: of the root, else by the extent of the box."""
    root = poses.root.astype(np.float64)
    known = np.isfinite(root).all(axis=1) & np.isfinite(poses.root_std)
    focal = (view.camera.fx + view.camera.fy) / 2
    size = np.maximum(poses.boxes[:, 2:] - poses.boxes[:, :2], 1.0).astype(np.float64)
    by_box = focal * _EXTENT / np.sqrt(size.prod(axis=1))
    hips = seen[:, 11] & seen[:, 12]
    middle = view.camera.normalised((poses.boxes[:, :2] + poses.boxes[:, 2:]).astype(np.float64) / 2)
    middle = np.where(hips[:, None], (plane[:, 11] + plane[:, 12]) / 2, middle)
    distance = np.where(known, root[:, 2], by_box)
    deviation = np.where(known, poses.root_std, _BOX_STD * by_box)
    optical = np.where(known[:, None], root, np.concatenate([middle, np.ones((len(middle), 1))], 1) * by_box[:, None])
    return distance, deviation, optical @ view.rotation + view.position
