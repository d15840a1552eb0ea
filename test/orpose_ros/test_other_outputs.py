"""Outputs of both nodes in messages of packages that have no wheels, over DDS.

Run by tools/stand_ins.sh, which builds stand-ins of them; with the real packages it runs as it is.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("vision_msgs.msg", reason="vision_msgs is not installed: tools/stand_ins.sh builds stand-ins")
pytest.importorskip("tf2_msgs.msg", reason="tf2_msgs is not installed: tools/stand_ins.sh builds stand-ins")
pytest.importorskip("hri_msgs.msg", reason="hri_msgs is not installed: tools/stand_ins.sh builds stand-ins")
pytest.importorskip(
    "orpose_msgs.msg._zone_event", reason="the ROS packages are not built or not sourced: source tools/ros_env.sh"
)

import numpy as np
from hri_msgs.msg import IdsList, NormalizedRegionOfInterest2D, Skeleton2D
from tf2_msgs.msg import TFMessage
from vision_msgs.msg import Detection2DArray, Detection3DArray

from orpose_models.messages.camera_info import camera_info_message
from orpose_models.messages.fields import make_header
from orpose_msgs.msg import TrackArray
from orpose_ros.message_types import message_class

from support.node_checks import MODEL, Picture  # isort: skip
from support.rig import NodeProcess, Rig  # isort: skip
from support.room import looking, standing  # isort: skip
from support.room_rig import LATCHED, RoomRig  # isort: skip

DOMAIN = 60
ALL = {"detections": "true", "body_frames": "true", "hri_bodies": "true", "track_list": "true"}


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RoomRig]:
    rig = RoomRig(tmp_path_factory.mktemp("room"), **ALL)
    yield rig
    rig.close()


@pytest.fixture(scope="module")
def camera(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    folder = tmp_path_factory.mktemp("camera")
    settings = {"model": MODEL, "threads": 1, "image_reliability": "reliable"}
    process = NodeProcess(folder, {"ROS_DOMAIN_ID": str(DOMAIN)}, **settings, **dict.fromkeys(ALL, True))
    rig = Rig(process, DOMAIN)
    rig.wait_ready()
    yield rig
    rig.close()
    process.kill()


def test_a_room(room: RoomRig) -> None:
    detections = room.listen(Detection3DArray, "/orpose/room/detections3d")
    frames, bodies = room.listen(TFMessage, "/tf"), room.listen(IdsList, "/humans/bodies/tracked")
    lists = room.listen(TrackArray, "/orpose/room/tracks", latched=True)
    people = [standing(0.2, 0.1), standing(-0.8, 0.4, 1.0)]
    heard = (room.persons, detections, frames, bodies, lists)
    room.wait(lambda: all(heard), "one of everything", lambda: room.send(people))
    ids = sorted(person.id for person in max(room.persons.items())[1].persons)
    assert sorted(int(one.id) for one in detections[-1].detections) == ids
    assert detections[-1].header.frame_id == "theatre"
    assert sorted(bodies[-1].ids) == sorted(f"room_{number}" for number in ids)
    assert {one.header.frame_id for one in frames[-1].transforms} == {"theatre"}
    assert {f"body_room_{number}" for number in ids} < {one.child_frame_id for one in frames[-1].transforms}
    assert [track.id for track in lists[-1].tracks] == ids
    pelvis = next(one for one in frames[-1].transforms if one.child_frame_id.startswith("body")).transform.translation
    assert min(np.hypot(pelvis.x - x, pelvis.y - y) for x, y in ((0.2, 0.1), (-0.8, 0.4))) < 0.03


def test_a_camera(camera: Rig, pictures: list[Picture]) -> None:
    two: list[Detection2DArray] = []
    three: list[Detection3DArray] = []
    frames: list[TFMessage] = []
    bodies: list[IdsList] = []
    lists: list[TrackArray] = []
    listen = camera.node.create_subscription
    listen(Detection2DArray, "/orpose/detections2d", two.append, 10)
    listen(Detection3DArray, "/orpose/detections3d", three.append, 10)
    listen(TFMessage, "/tf", frames.append, 10)
    listen(IdsList, "/humans/bodies/tracked", bodies.append, 10)
    listen(TrackArray, "/orpose/tracks", lists.append, LATCHED)
    header = make_header(1, "camera_optical", message_class)
    view = looking("camera", (3, 0, 1.5)).camera.resized(360, 640)
    info = camera_info_message(view, header, message_class)

    def both() -> bool:
        camera.send_info(info)
        camera.process_image(pictures[0])
        return bool(two and three and frames and bodies and lists and lists[-1].tracks)

    camera.wait(both, "one of everything")
    poses2d, _ = camera.process_image(pictures[0])
    camera.wait(lambda: two[-1].header == poses2d.header, "the detections of the image")
    person, detection = poses2d.persons[0], two[-1].detections[0]
    assert detection.id == str(person.id)
    assert detection.bbox.center.position.x == pytest.approx((person.box_x_min + person.box_x_max) / 2)
    assert detection.bbox.size_y == pytest.approx(person.box_y_max - person.box_y_min)
    assert f"orpose_{person.id}" in bodies[-1].ids
    regions: list[NormalizedRegionOfInterest2D] = []
    skeletons: list[Skeleton2D] = []
    listen(NormalizedRegionOfInterest2D, f"/humans/bodies/orpose_{person.id}/roi", regions.append, 10)
    listen(Skeleton2D, f"/humans/bodies/orpose_{person.id}/skeleton2d", skeletons.append, 10)

    def body() -> bool:
        camera.process_image(pictures[0])
        return bool(regions and skeletons)

    camera.wait(body, "region and skeleton of a body")
    assert 0 <= regions[-1].xmin < regions[-1].xmax <= 1
    assert len(skeletons[-1].skeleton) == 18


def test_several_cameras_are_no_one_list_of_bodies(tmp_path: Path) -> None:
    settings = {"model": MODEL, "cameras": "left,right", "hri_bodies": True, "end_if_unconfigured": True}
    process = NodeProcess(tmp_path, {"ROS_DOMAIN_ID": str(DOMAIN + 1)}, **settings)
    assert process.process.wait(120) == 2
    assert "parameter 'hri_bodies' is for a node of one camera" in process.log
