"""Ground truth of one picture: who is seen where, decided by the depth and identity of every pixel.

Flags mean what COCO's annotators mean by them. A joint is *visible* if nothing lies in front of it but the person's
own flesh and clothes. It is *occluded but labelled* where an annotator would guess it: the joint before it on the limb
is visible and, if it is not the person's own body that hides it, the visible outline is near. It is *not labelled*
outside the picture, under drapes, on the far side of the head, or further behind things. Of whom fewer than five
joints of body and limbs are visible only the box is labelled.
"""

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from orpose_models.lab.simulation.mannequins import coco_joints, load_body
from orpose_models.lab.simulation.rendering import COVER_ID
from orpose_models.lab.simulation.rigs import HEIGHT, WIDTH, RoomCamera
from orpose_models.lab.simulation.scenes import Scene
from orpose_models.lab.simulation.shading import DRAWN, SCALE
from orpose_models.vocabulary.skeletons import COCO17, COCO17_TO_H36M17

Array = NDArray[np.float64]

OUT_OF_VIEW, BY_THING, BY_PERSON, BY_SELF, SEEN = range(5)
STATES = ("out_of_view", "hidden_by_thing", "hidden_by_person", "hidden_by_self", "visible")

# How deep under the surface of the clothed body a joint lies, at most, when it is seen from its own side; metres.
_DEPTH = {
    "nose": 0.035, "eye": 0.03, "ear": 0.045, "shoulder": 0.19, "elbow": 0.12, "wrist": 0.08,
    "hip": 0.23, "knee": 0.16, "ankle": 0.13,
}  # fmt: skip
_BENEATH = np.array([_DEPTH[name.split("_")[-1]] for name in COCO17.joints])
_FACE = 5  # the first five joints
# The joint from which an annotator would guess a hidden one: towards the trunk; for trunk joints the other side's.
_FROM = {5: (6, 11), 6: (5, 12), 7: (5,), 8: (6,), 9: (7,), 10: (8,), 11: (12, 5), 12: (11, 6),
         13: (11,), 14: (12,), 15: (13,), 16: (14,)}  # fmt: skip
_MIN_VISIBLE = 5  # leaves about as many persons with a box only as MVOR's annotators did, 26 % of the staff
_GUESS = 0.1  # an occluded joint is labelled if it is no further from the outline than this times the box's longer side
MIN_AREA = 120.0  # square pixels; a person of whom less is seen is to be ignored


@dataclass(frozen=True, eq=False)
class Annotation:
    """One person in one picture. Pixels follow `Poses`' convention.

    Attributes:
        box: (4,) x_min, y_min, x_max, y_max of what is visible.
        full_box: (4,) of the whole person, clipped to the picture.
        area: visible square pixels.
        ignore: too little is seen to ask anybody to find it.
        keypoints: (17, 2) of all joints in front of the camera; NaN behind it.
        states: (17,) indices into `STATES`.
        flags: (17,) COCO's 0, 1, 2.
        joints3d: (17, 3) Human3.6M-17, metres, optical frame.
        keypoints3d: (17, 3) COCO-17, metres, optical frame.
    """

    box: Array
    full_box: Array
    area: float
    ignore: bool
    keypoints: Array
    states: NDArray[np.int64]
    flags: NDArray[np.int64]
    joints3d: Array
    keypoints3d: Array


def joint_states(
    keypoints: Array, depths: Array, ids: NDArray[np.uint8], depth: NDArray, person: int
) -> NDArray[np.int64]:
    """What hides each joint.

    Args:
        keypoints: (17, 2) pixels of the picture; NaN behind the camera.
        depths: (17,) metres along the optical axis.
        ids: (h, w) identity at the drawn size: 0 things, k + 1 person k, `COVER_ID` + k + 1 cloth on them.
        depth: (h, w) metres at the drawn size.
        person: k.
    """
    states = np.full(17, OUT_OF_VIEW)
    size = np.array([WIDTH, HEIGHT])
    with np.errstate(invalid="ignore"):
        inside = ((keypoints >= 0) & (keypoints < size)).all(axis=1)
    for joint in np.flatnonzero(inside):
        column, row = np.minimum((keypoints[joint] * SCALE).astype(int), np.array(DRAWN) - 1)
        who, ahead = int(ids[row, column]), depths[joint] - float(depth[row, column])
        if who == person + 1:
            states[joint] = SEEN if ahead <= _BENEATH[joint] else BY_SELF
        elif ahead <= 0.02:
            states[joint] = SEEN  # the joint's point lies beside the outline, with nothing in front of it
        elif who == 0 or who == COVER_ID + person + 1:
            states[joint] = BY_THING
        else:
            states[joint] = BY_PERSON
    return states


def coco_flags(
    states: NDArray[np.int64], keypoints: Array, mask: NDArray[np.uint8], covered: bool
) -> NDArray[np.int64]:
    """COCO's visibility flags (17,) from what hides each joint and the person's visible outline (drawn size)."""
    seen = states == SEEN
    flags = np.where(seen, 2, 0)
    if seen[_FACE:].sum() < _MIN_VISIBLE:
        return np.zeros_like(flags)
    guessable = np.zeros(17, bool)
    for joint, sources in _FROM.items():
        guessable[joint] = seen[list(sources)].any()
    flags[(states == BY_SELF) & guessable] = 1
    behind = np.flatnonzero(np.isin(states, (BY_THING, BY_PERSON)) & guessable)
    if len(behind) and mask.any() and not covered:
        rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
        near = _GUESS * float(max(np.ptp(rows), np.ptp(columns)))
        gap = cv2.distanceTransform(1 - mask, cv2.DIST_L2, 3)
        for hidden in behind:
            column, row = np.minimum((keypoints[hidden] * SCALE).astype(int), np.array(DRAWN) - 1)
            flags[hidden] = int(gap[row, column] <= near)
    return flags


def annotate(
    scene: Scene, frame: int, camera: RoomCamera, ids: NDArray[np.uint8], depth: NDArray, points: list[NDArray]
) -> list[Annotation | None]:
    """Everybody of a scene in one picture, in the scene's order; None for those of whom nothing is seen.

    Args:
        ids, depth: of the picture, as `joint_states` takes them.
        points: each person's surface points (n, 3) in the room.
    """
    return [_one(scene, k, frame, camera, ids, depth, points[k]) for k in range(len(scene.people))]


def _one(
    scene: Scene, k: int, frame: int, camera: RoomCamera, ids: NDArray[np.uint8], depth: NDArray, points: NDArray
) -> Annotation | None:
    body = ids == k + 1
    mask = (body | (ids == COVER_ID + k + 1)).astype(np.uint8)
    if not mask.any():
        return None
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    box = np.array([columns[0], rows[0], columns[-1] + 1, rows[-1] + 1]) / SCALE
    area = float(mask.sum()) / SCALE**2
    person = scene.people[k]
    motion = person.motion
    joints = coco_joints(load_body(person.body), motion.positions[frame], motion.rotations[frame])
    keypoints3d = camera.to_optical(joints)
    keypoints = camera.project(joints)
    states = joint_states(keypoints, keypoints3d[:, 2], ids, depth, k)
    flags = coco_flags(states, keypoints, mask, scene.covers[k] is not None)
    bare = float(body.sum()) / SCALE**2
    projected = camera.project(points)
    projected = projected[np.isfinite(projected).all(axis=1)]
    full = np.concatenate([projected.min(axis=0), projected.max(axis=0)]) if len(projected) else box
    full = np.clip(full, 0, [WIDTH, HEIGHT, WIDTH, HEIGHT])
    ignore = min(area, bare) < MIN_AREA
    joints3d = np.asarray(COCO17_TO_H36M17.points(keypoints3d), np.float64)
    return Annotation(box, full, area, ignore, keypoints, states, flags, joints3d, keypoints3d)


def to_coco(annotation: Annotation, annotation_id: int, image_id: int, person_id: int, role: str) -> dict[str, Any]:
    """An annotation in COCO's layout, with our additions."""
    labelled = annotation.flags > 0
    points = np.where(labelled[:, None], np.nan_to_num(annotation.keypoints), 0)
    box = annotation.box
    return {
        "id": annotation_id,
        "image_id": image_id,
        "category_id": 1,
        "bbox": [round(float(v), 2) for v in (*box[:2], *(box[2:] - box[:2]))],
        "area": round(annotation.area, 2),
        "iscrowd": int(annotation.ignore),
        "num_keypoints": int(labelled.sum()),
        "keypoints": [
            value for (x, y), flag in zip(points, annotation.flags, strict=True)
            for value in (round(float(x), 2), round(float(y), 2), int(flag))
        ],
        "person_id": person_id,
        "role": role,
        "bbox_full": [
            round(float(v), 2) for v in (*annotation.full_box[:2], *(annotation.full_box[2:] - annotation.full_box[:2]))
        ],
        "keypoints_all": [
            [round(float(x), 2), round(float(y), 2)] if np.isfinite(x) else None for x, y in annotation.keypoints
        ],
        "states": [int(state) for state in annotation.states],
        "keypoints3d": [[round(float(v), 4) for v in point] for point in annotation.keypoints3d],
        "joints3d": [[round(float(v), 4) for v in point] for point in annotation.joints3d],
    }  # fmt: skip
