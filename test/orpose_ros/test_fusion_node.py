"""The real fusion node: poses of several cameras in over DDS, persons of the room out."""

import signal
from collections.abc import Iterator
from functools import partial
from importlib.util import find_spec
from pathlib import Path

import pytest

pytest.importorskip(
    "orpose_msgs.msg._zone_event",
    reason="the ROS packages are not built or not sourced: source tools/ros_env.sh",
)

import numpy as np
from diagnostic_msgs.msg import DiagnosticStatus

from orpose_models.messages.room_messages import room_persons_from_message
from orpose_msgs.msg import TrackArray, ZoneEvent
from orpose_ros.fusion_node import FUSION_NODE
from orpose_ros.pose_node import run

from support.room import standing  # isort: skip
from support.room_recordings import rig_text  # isort: skip
from support.room_rig import CAMERAS, LIMIT, RoomRig  # isort: skip

ZONES = "{table: [-0.5, -0.5, 0.0, 0.5, 0.5, 2.0]}"


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RoomRig]:
    rig = RoomRig(tmp_path_factory.mktemp("room"), zones=f"'{ZONES}'", zone_distance=0.6, track_list="true")
    yield rig
    rig.close()


def test_persons_come_out_in_the_room(room: RoomRig) -> None:
    people = [standing(0.2, 0.1), standing(-0.8, 0.4, 1.0)]

    def both_seen_twice() -> bool:
        # Of the first moments a camera may be missing that DDS has not found yet.
        latest = max(room.persons.items())[1].persons if room.persons and room.poses and room.markers else []
        return [len(person.cameras) for person in latest] == [2, 2]

    room.wait(both_seen_twice, "a moment in which both cameras see both", lambda: room.send(people))
    stamp, message = max(room.persons.items())
    assert message.header.frame_id == "theatre"
    assert list(message.cameras) == ["cam1", "cam2"]
    persons = room_persons_from_message(message, ["cam1", "cam2"])
    assert sorted(persons.seen_by) == [2, 2]
    order = np.argsort(persons.joints[:, 0, 0])
    np.testing.assert_allclose(persons.joints[order, 0, :2], [[-0.8, 0.4], [0.2, 0.1]], atol=0.03)
    assert (np.linalg.eigvalsh(persons.covariances) > 0).all()
    poses = room.wait(lambda: room.poses.get(stamp), "the poses of the same moment")
    assert [person.id for person in poses.persons] == [person.id for person in message.persons]
    assert {marker.ns for marker in room.markers[-1].markers} == {"room/joints", "room/bones", "room/ids"}


def test_ids_last(room: RoomRig) -> None:
    seen_ids = set()
    for k in range(5):
        stamp = room.send([standing(0.2 + 0.05 * k, 0.1), standing(-0.8, 0.4, 1.0)])
        message = room.wait(partial(room.persons.get, stamp), "the next moment")
        seen_ids |= {person.id for person in message.persons}
    assert len(seen_ids) == 2


def test_diagnostics_speak_of_the_room_and_each_camera(room: RoomRig) -> None:
    people = [standing(0.1, 0.1), standing(-0.8, 0.4, 1.0)]

    def compared() -> bool:
        status = room.diagnostics.get("camera cam2")
        return status is not None and status.message.startswith("cam2: reprojection error")

    room.wait(compared, "a comparison of the cameras", lambda: [room.send(people) for _ in range(4)])
    assert room.diagnostics["camera cam1"].level == DiagnosticStatus.OK
    room.wait(lambda: "persons" in room.diagnostics["room"].message, "the room's status")


def test_events_of_zones_and_the_latched_list_of_tracks(room: RoomRig) -> None:
    events = room.listen(ZoneEvent, "/orpose/room/zone_events")
    stays = standing(-0.8, 0.4, 1.0)

    def come(x: float) -> None:
        stamp = room.send([standing(x, -0.2), stays])
        room.wait(partial(room.persons.get, stamp), "the next moment")

    come(0.2)
    walker = next(p.id for p in max(room.persons.items())[1].persons if p.joints[0].position.x > -0.3)
    # The list was published before anybody listened to it.
    lists = room.listen(TrackArray, "/orpose/room/tracks", latched=True)
    room.wait(lambda: lists, "the list of tracks")
    for x in (0.2, 0.35, 0.5, 0.65, 0.8, 0.95, 1.1, 1.25, 1.4, 1.25, 1.1, 0.95, 0.8, 0.65, 0.5, 0.35, 0.2):
        come(x)
    steps = [ZoneEvent.LEAVE, ZoneEvent.FAR, ZoneEvent.NEAR, ZoneEvent.ENTER]

    def told() -> list[int]:
        return [event.event for event in events if event.id == walker]

    room.wait(lambda: told()[-4:] == steps, "leaving and coming back")
    assert {event.zone for event in events} == {"table"}
    room.wait(lambda: ["table"] in [list(track.zones) for track in lists[-1].tracks], "a list with the zone")
    assert lists[-1].header.frame_id == "theatre"
    assert [track.id for track in lists[-1].tracks] == sorted(track.id for track in lists[-1].tracks)


def test_it_ends_with_a_signal(room: RoomRig) -> None:
    room.process.send_signal(signal.SIGINT)
    assert room.process.wait(LIMIT) == 0
    assert "Traceback" not in room.log.read_text()


def test_a_misspelt_parameter_ends_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--ros-args", "-p", "fusion_node:rig_fil:=x.yaml"], FUSION_NODE) == 2
    assert "there is no parameter 'rig_fil'; is 'rig_file' meant?" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("parameter", "package"),
    [("detections", "vision_msgs"), ("body_frames", "tf2_msgs"), ("hri_bodies", "hri_msgs")],
)
def test_what_is_not_installed_is_a_sentence(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], parameter: str, package: str
) -> None:
    if find_spec(package) is not None:
        pytest.skip(f"tests what is said where {package} is missing; here it is installed")
    (tmp_path / "rig.yaml").write_text(rig_text(CAMERAS))
    given = {
        "cameras": "cam1,cam2",
        "rig_file": tmp_path / "rig.yaml",
        parameter: "true",
        "end_if_unconfigured": "true",
    }
    words = [word for name, value in given.items() for word in ("-p", f"{name}:={value}")]
    assert run(["--ros-args", *words], FUSION_NODE) == 2
    said = capfd.readouterr().err
    assert f"parameter '{parameter}' needs {package}/" in said
    assert f"which is not installed here; install {package}, or leave {parameter} off" in said
    assert "Traceback" not in said


def test_zones_that_are_none_are_a_sentence(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "rig.yaml").write_text(rig_text(CAMERAS))
    given = {"cameras": "cam1,cam2", "rig_file": tmp_path / "rig.yaml", "end_if_unconfigured": "true"}
    words = [word for name, value in given.items() for word in ("-p", f"{name}:={value}")]
    assert run(["--ros-args", *words, "-p", "zones:='{table: [1, 2]}'"], FUSION_NODE) == 2
    assert "zone 'table' needs six numbers" in capfd.readouterr().err
