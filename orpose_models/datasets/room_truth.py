"""Moments of rooms with known people: all views of one time, with the cameras' places and the joints in the room."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from orpose_models.datasets.multiview import PlacedCamera
from orpose_models.datasets.mvor import locate
from orpose_models.datasets.truth import VISIBLE, ImageTruth, Truth
from orpose_models.files.disk import read_json
from orpose_models.vocabulary.errors import OrposeError
from orpose_models.vocabulary.skeletons import COCO17, COCO17_TO_H36M17, H36M17, H36M17_TO_MVOR10, MVOR10

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class RoomTruth:
    """Who is in a room at one moment.

    Attributes:
        group: which recording; moments of one follow each other, and persons keep their numbers.
        time: seconds.
        cameras: those that see the room. images: the image of each.
        persons: (n,) their numbers in the recording.
        joints: (n, k, 3) in the room, metres, in the order of the dataset's 3D joints; NaN where unknown.
        views: (n, k) how many cameras see each joint, as annotated; -1 where that is not said.
        ignored: (m, k, 3) the joints of those who need not be found, as all views say, in the same way.
    """

    group: str
    time: float
    cameras: Sequence[PlacedCamera]
    images: Sequence[ImageTruth]
    persons: NDArray[np.int64]
    joints: Floats
    views: NDArray[np.int64]
    ignored: Floats = field(default_factory=lambda: np.zeros((0, 0, 3)))


def room_moments(truth: Truth) -> list[RoomTruth]:
    """The moments of a dataset whose cameras' places are known: MVOR and the simulated operating room.

    Raises:
        OrposeError: another dataset, or a file without the places.
    """
    if truth.skeleton3d == MVOR10:
        places, one_room = _mvor_places(truth), True
    elif truth.skeleton3d == H36M17 and (truth.image_root / "cameras.json").is_file():
        places, one_room = _simulated_places(truth.image_root / "cameras.json"), False
    else:
        raise OrposeError(
            f"{truth.name}: the places of its cameras are not known; mvor:PATH has them, and sim:PATH with cameras.json"
        )
    together: dict[tuple[str, str], list[ImageTruth]] = {}
    for image in truth.images:
        number = str(image.stamp_ns) if image.stamp_ns is not None else re.sub(r"cam\d+", "", image.file_name)
        together.setdefault((image.group, number), []).append(image)
    moments = []
    for k, (group, number) in enumerate(sorted(together)):
        images = sorted(together[group, number], key=lambda image: image.camera_name)
        cameras = [_placed(image, places["" if one_room else image.group]) for image in images]
        stamp = images[0].stamp_ns
        # Without times nobody knows which moments follow each other.
        recording = group if stamp is not None else f"{group}/{k}"
        moments.append(RoomTruth(recording, (stamp or 0) * 1e-9, cameras, images, *_people(truth, images, cameras)))
    return moments


def to_truth_joints(truth: Truth, joints: Floats, scores: Floats) -> tuple[Floats, Floats]:
    """Human3.6M joints (n, 17, 3) and scores (n, 17) in the order of the dataset's 3D joints."""
    if truth.skeleton3d == MVOR10:
        return np.asarray(H36M17_TO_MVOR10.points(joints)), np.asarray(H36M17_TO_MVOR10.scores(scores))
    return joints, scores


_Place = tuple[Floats, Floats]  # rotation room -> optical, position


def _mvor_places(truth: Truth) -> Mapping[str, Mapping[str, _Place]]:
    beside = [truth.image_root, *truth.image_root.parents[:1]]
    path = next((locate(folder) for folder in beside if (folder / "camma_mvor_2018.json").is_file()), None)
    if path is None:
        raise OrposeError(f"{truth.image_root}: camma_mvor_2018.json, which has the cameras' places, is not here")
    parameters = read_json(path)["cameras_info"]["camParams"]
    room = np.reshape(parameters["firstCamToRoomRef"], (4, 4))
    places = {}
    for k, flat in enumerate(parameters["extrinsics"], start=1):
        to_room = room @ np.reshape(flat, (4, 4))
        places[f"cam{k}"] = to_room[:3, :3].T, to_room[:3, 3] / 1000
    return {"": places}


def _simulated_places(path: Path) -> Mapping[str, Mapping[str, _Place]]:
    return {
        scene: {c["name"]: (np.array(c["rotation"]).T, np.array(c["position"])) for c in cameras}
        for scene, cameras in read_json(path)["scenes"].items()
    }


def _placed(image: ImageTruth, places: Mapping[str, _Place]) -> PlacedCamera:
    assert image.camera is not None
    rotation, position = places[image.camera_name]
    return PlacedCamera(image.camera_name, image.camera, rotation, position)


def _people(
    truth: Truth, images: Sequence[ImageTruth], cameras: Sequence[PlacedCamera]
) -> tuple[NDArray[np.int64], Floats, NDArray[np.int64], Floats]:
    """Each person once, from whichever view knows the joints; those to be ignored in all views are last."""
    k = len(truth.skeleton3d)
    joints: dict[int, Floats] = {}
    views: dict[int, NDArray[np.int64]] = {}
    seen: set[int] = set()
    for image, view in zip(images, cameras, strict=True):
        persons = image.persons
        for i in range(len(persons)):
            person = int(persons.person_ids[i])
            if person < 0 or not persons.has3d[i]:
                continue
            known = persons.visibility3d[i] > 0
            points = persons.joints3d[i] @ view.rotation + view.position
            joints[person] = np.where(known[:, None], points, joints.get(person, np.full((k, 3), np.nan)))
            if truth.skeleton == COCO17:
                visible = COCO17_TO_H36M17.valid(persons.visibility[i] >= VISIBLE)
                views[person] = views.get(person, np.zeros(k, np.int64)) + visible
            if not persons.ignore[i]:
                seen.add(person)
    order = sorted(person for person in joints if person in seen)
    unknown = np.full(k, -1)
    return (
        np.array(order, np.int64),
        np.array([joints[p] for p in order], np.float64).reshape(-1, k, 3),
        np.array([views.get(p, unknown) for p in order], np.int64).reshape(-1, k),
        np.array([joints[p] for p in sorted(joints.keys() - seen)], np.float64).reshape(-1, k, 3),
    )
