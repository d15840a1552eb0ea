import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from orpose_models.datasets.mvor import read_mvor
from orpose_models.datasets.room_truth import RoomTruth, room_moments
from orpose_models.datasets.truth import ImageTruth, Persons, Truth
from orpose_models.evaluation.room_figures import evaluate_room, fused, leave_one_out
from orpose_models.vocabulary.errors import OrposeError
from orpose_models.vocabulary.poses import Poses
from orpose_models.vocabulary.skeletons import COCO17, COCO17_TO_H36M17, H36M17

from support.room import rig, seen, standing  # isort: skip

CAMERAS = rig(3)
PEOPLE = [standing(0, 0), standing(1.0, 0.6, 2.0)]


def truth() -> Truth:
    nobody = Persons.from_arrays(COCO17, H36M17, [])
    images = [ImageTruth(k + 1, f"{k}.png", (640, 480), nobody, v.camera, v.name) for k, v in enumerate(CAMERAS)]
    return Truth("room", COCO17, H36M17, tuple(images), Path())


def moment(people: list[np.ndarray], time: float = 0.0) -> RoomTruth:
    joints = COCO17_TO_H36M17.points(np.array(people).reshape(-1, 17, 3))
    views = np.full(joints.shape[:2], 3)
    return RoomTruth("a", time, CAMERAS, truth().images, np.arange(len(people)), joints, views)


def poses(people: list[np.ndarray]) -> dict[int, Poses]:
    return {k + 1: seen(view, people) for k, view in enumerate(CAMERAS)}


def test_nobody() -> None:
    figures = evaluate_room(truth(), [moment([])], fused([moment([])], {}, {}))
    assert (figures["moments"], figures["persons"], figures["found"], figures["mpjpe_mm"]) == (1, 0, 0, None)
    assert figures["pck3d_of_all"] == {"0.1": None, "0.15": None, "0.2": None}


def test_exact_views_are_found() -> None:
    moments = [moment(PEOPLE), moment(PEOPLE, 0.1)]
    figures = evaluate_room(truth(), moments, fused(moments, poses(PEOPLE), {}))
    assert (figures["persons"], figures["found"], figures["extra"], figures["swaps"]) == (4, 4, 0, 0)
    assert figures["mpjpe_seen_by_two_mm"] == figures["mpjpe_mm"] < 10
    assert figures["by_views"]["3"]["persons"] == 4
    assert figures["pck3d"] == figures["pck3d_of_all"] == {"0.1": 1.0, "0.15": 1.0, "0.2": 1.0}


def test_who_is_missed_counts_as_wrong_and_who_is_not_there_as_extra() -> None:
    found = fused([moment(PEOPLE)], poses([PEOPLE[0], standing(-1.2, -0.8)]), {})
    figures = evaluate_room(truth(), [moment(PEOPLE)], found)
    assert (figures["persons"], figures["found"], figures["extra"]) == (2, 1, 1)
    assert figures["pck3d"]["0.1"] == 1.0
    assert figures["pck3d_of_all"]["0.1"] == 0.5


def test_who_need_not_be_found_counts_on_neither_side() -> None:
    both = moment(PEOPLE)
    at = replace(both, persons=both.persons[:1], joints=both.joints[:1], views=both.views[:1], ignored=both.joints[1:])
    figures = evaluate_room(truth(), [at], fused([at], poses(PEOPLE), {}))
    assert (figures["persons"], figures["found"], figures["extra"]) == (1, 1, 0)
    nobody = replace(at, ignored=at.ignored + 5.0)
    assert evaluate_room(truth(), [nobody], fused([nobody], poses(PEOPLE), {}))["extra"] == 1


def test_a_camera_is_left_out() -> None:
    moments = [[seen(view, PEOPLE) for view in CAMERAS]] * 2
    figures = leave_one_out(CAMERAS, moments, 1)
    assert (figures["camera"], figures["persons"], figures["unmatched"], figures["joints"]) == ("cam2", 4, 0, 68)
    assert figures["median_px"] < 1
    assert figures["median_mm"] < 10


def test_places_of_mvors_cameras(tmp_path: Path) -> None:
    image = {"width": 640, "height": 480, "day_id": 1}
    images = [{**image, "id": c, "file_name": f"day1/cam{c}/color/000000.png", "cam_id": c} for c in (1, 2)]
    # Camera 2 stands 1 m to the right of camera 1, which is 2 m above the floor and looks along the room's x.
    optical = [0, 0, 1, 500, -1, 0, 0, 0, 0, -1, 0, 2000, 0, 0, 0, 1]
    lens = {"focallength": [500, 500], "principalpoint": [320, 240], "imagesize": [640, 480]}
    identity = np.eye(4)
    moved = np.eye(4)
    moved[0, 3] = 1000
    points = np.zeros((12, 4))
    points[:, 2], points[:, 3] = 3000, 2
    file = {
        "categories": [{"keypoints": list(read_names())}],
        "cameras_info": {
            "camParams": {
                "intrinsics": [lens, lens],
                "extrinsics": [identity.ravel().tolist(), moved.ravel().tolist()],
                "firstCamToRoomRef": optical,
            }
        },
        "images": images,
        "annotations": [
            {
                "id": 1, "image_id": 1, "category_id": "1", "bbox": [300, 200, 40, 80], "keypoints": [320, 240, 2] * 10,
                "only_bbox": 0, "person_id": 0,
            }
        ],
        "annotations3D": [{"image_ids": "1_2", "person_id": 0, "keypoints3D": points.ravel().tolist()}],
    }  # fmt: skip
    (tmp_path / "camma_mvor_2018.json").write_text(json.dumps(file))
    (found,) = room_moments(read_mvor(tmp_path))
    np.testing.assert_allclose([view.position for view in found.cameras], [[0.5, 0, 2], [0.5, -1, 2]], atol=1e-12)
    np.testing.assert_allclose(found.joints, np.tile([3.5, 0, 2], (1, 10, 1)), atol=1e-12)
    np.testing.assert_allclose(found.cameras[1].to_optical([3.5, -1, 2]), [0, 0, 3], atol=1e-12)


def read_names() -> tuple[str, ...]:
    from orpose_models.vocabulary.skeletons import MVOR10

    return MVOR10.joints


def test_places_that_are_not_known_are_said() -> None:
    with pytest.raises(OrposeError, match="the places of its cameras are not known"):
        room_moments(truth())
