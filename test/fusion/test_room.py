import numpy as np
import pytest

from orpose_models.datasets.rig_file import Placement
from orpose_models.fusion.room import Room, RoomMoment, RoomSettings
from orpose_models.vocabulary.errors import OrposeError
from orpose_models.vocabulary.poses import Poses
from orpose_models.vocabulary.resolution import Resolution

from support.room import rig, seen, standing  # isort: skip

CAMERAS = rig(3)
NAMES = [view.name for view in CAMERAS]
SIZE = Resolution((640, 480), (640, 480), 1.0)
MS = 1_000_000


def known(room: Room, count: int = 3) -> None:
    for view in CAMERAS[:count]:
        room.place(view.name, Placement(view.rotation, view.position))
        room.calibrate(view.name, view.camera)


def send(room: Room, time_ms: int, cameras: int = 3) -> list[RoomMoment]:
    found = []
    for k, view in enumerate(CAMERAS[:cameras]):
        found += room.add(view.name, (time_ms + k) * MS, seen(view, [standing(0.1, 0.2)]), SIZE)
    return found


@pytest.mark.parametrize("names", [[], ["a"], list("abcdefghi")])
def test_two_to_eight_cameras(names: list[str]) -> None:
    with pytest.raises(OrposeError, match="2 to 8 cameras"):
        Room(names)


def test_nothing_comes_of_cameras_that_are_not_known() -> None:
    room = Room(NAMES)
    assert dict(room.missing) == dict.fromkeys(NAMES, "its place in the room is not known")
    assert send(room, 0) == []
    room.place("cam1", Placement(CAMERAS[0].rotation, CAMERAS[0].position))
    assert room.missing["cam1"] == "no intrinsics: nothing on its camera_info topic"
    assert room.verdicts() == []


def test_a_moment() -> None:
    room = Room(NAMES)
    known(room)
    assert dict(room.missing) == dict.fromkeys(NAMES, "no poses yet")
    (moment,) = send(room, 100)
    assert dict(room.missing) == {}
    assert (moment.stamp_ns, moment.present) == (102 * MS, (True, True, True))
    assert moment.persons.views.tolist() == [[0, 0, 0]]
    assert np.linalg.norm(moment.persons.keypoints[0] - standing(0.1, 0.2), axis=1).max() < 0.05


def test_a_camera_that_becomes_known_later_takes_part_and_the_ids_stay() -> None:
    room = Room(NAMES, RoomSettings(patience_ns=150 * MS))
    known(room, 2)
    moments = [m for k in range(5) for m in send(room, 100 * k)]
    assert moments[-1].persons.views.tolist() == [[0, 0, -1]]
    known(room)
    later = [m for k in range(5, 8) for m in send(room, 100 * k)]
    assert later[-1].persons.views.tolist() == [[0, 0, 0]]
    assert {int(i) for m in moments + later for i in m.persons.ids} == {1}


def test_a_camera_that_stops_does_not_stop_the_room() -> None:
    room = Room(NAMES, RoomSettings(patience_ns=200 * MS))
    known(room)
    send(room, 0)
    later = [m for k in range(1, 10) for m in send(room, 100 * k, cameras=2)]
    assert later[-1].present == (True, True, False)
    assert later[-1].persons.views.tolist() == [[0, 0, -1]]


def test_intrinsics_of_another_shape_of_image_are_named() -> None:
    room = Room(NAMES)
    known(room)
    room.add("cam1", 0, Poses.empty(), Resolution((480, 640), (480, 640), 1.0))
    for view in CAMERAS[1:]:
        room.add(view.name, 0, Poses.empty(), SIZE)
    assert "do not fit an image of 480 x 640" in room.missing["cam1"]
