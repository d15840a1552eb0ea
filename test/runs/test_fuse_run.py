from pathlib import Path

import numpy as np
import pytest

from orpose_models.datasets.bags.bag_pictures import decoded
from orpose_models.datasets.bags.reader import open_bag
from orpose_models.datasets.rig_file import read_rig
from orpose_models.files.assets import asset
from orpose_models.fusion.zones import read_zones
from orpose_models.messages.room_messages import room_persons_from_message
from orpose_models.registry.models import load_model
from orpose_models.runs.fuse_run import EVENTS, MARKERS, PERSONS, POSES3D, TRACKS, FusePlan, fuse_recordings
from orpose_models.runs.recordings import camera_of_topic, open_recordings, transforms
from orpose_models.runtime.pipeline import Pipeline
from orpose_models.vocabulary.errors import OrposeError
from orpose_models.vocabulary.skeletons import H36M17

from support.room_recordings import RoomSeer, people, rig_text, room_cameras, write_room_bag  # isort: skip

CAMERAS = room_cameras(3)


@pytest.fixture(scope="module")
def bag(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("room") / "bag"
    write_room_bag(path, CAMERAS, 6)
    return path


def pipeline() -> Pipeline:
    return Pipeline(RoomSeer(CAMERAS))


def test_a_camera_is_called_by_the_namespace_of_its_images() -> None:
    topics = ["/image_raw", "/left/image_raw", "/theatre/left/image_raw/compressed"]
    assert [camera_of_topic(topic) for topic in topics] == ["camera", "left", "left"]


def test_a_bag_is_fused_by_its_transforms(bag: Path, tmp_path: Path) -> None:
    recordings, opened = open_recordings([bag])
    assert opened is not None
    assert [(r.name, r.count) for r in recordings] == [("cam1", 6), ("cam2", 6), ("cam3", 6)]
    done = fuse_recordings(recordings, tmp_path / "out", pipeline(), FusePlan(transforms=transforms(opened)))
    assert (done.moments, done.persons, done.ids, done.together, done.problems) == (6, 12, 2, 12, [])
    assert [verdict.state for verdict in done.verdicts] == ["ok"] * 3
    made = open_bag(tmp_path / "out")
    assert {name: topic.count for name, topic in made.topics.items()} == {POSES3D: 6, PERSONS: 6, MARKERS: 6}
    for moment, message in enumerate(map(decoded, made.messages([PERSONS]))):
        assert (message.header.frame_id, message.cameras) == ("room", ["cam1", "cam2", "cam3"])
        persons = room_persons_from_message(message, message.cameras)
        at = np.sort(persons.joints[:, 0, 0])
        np.testing.assert_allclose(at, np.sort([p[[11, 12], 0].mean() for p in people(moment)]), atol=0.03)
        assert (persons.seen_by == 3).all()
    first = decoded(next(iter(made.messages([POSES3D]))))
    assert [person.root_valid for person in first.persons] == [True, True]
    markers = decoded(next(iter(made.messages([MARKERS]))))
    assert [marker.ns for marker in markers.markers] == ["room/joints", "room/bones", "room/ids"] * 2


def test_the_same_bag_gives_the_same_bytes(bag: Path, tmp_path: Path) -> None:
    contents = []
    for name in ("a", "b"):
        recordings, opened = open_recordings([bag])
        assert opened is not None
        fuse_recordings(recordings, tmp_path / name, pipeline(), FusePlan(transforms=transforms(opened)))
        contents.append([message.data for message in open_bag(tmp_path / name).messages()])
    assert contents[0] == contents[1]


def test_real_footage_of_four_cameras_gives_the_same_bytes(tmp_path: Path) -> None:
    folder = asset("multiperson")
    rig, model, contents = read_rig(folder / "Calib.qca.txt"), load_model("orpose-all-light", 1), []
    for name in ("a", "b"):
        recordings, _ = open_recordings([folder / f"cam0{k}.mp4" for k in range(1, 5)])
        plan = FusePlan(rig, stride=50)
        done = fuse_recordings(recordings, tmp_path / name, Pipeline(model, score_threshold=0.3), plan)
        assert (done.moments, done.problems) == (2, [])
        # A man and a rendered woman before all cameras, and a woman behind them.
        assert (done.persons, done.ids) == (6, 3)
        contents.append([message.data for message in open_bag(tmp_path / name).messages()])
    assert contents[0] == contents[1]
    first = decoded(next(iter(open_bag(tmp_path / "a").messages([PERSONS]))))
    persons = room_persons_from_message(first, first.cameras)
    assert sorted(persons.seen_by.tolist()) == [2, 4, 4]
    heads = persons.joints[:, H36M17.index("head"), 2]
    assert ((heads > 1.2) & (heads < 2.2)).all()


def test_events_of_zones_and_the_list_of_tracks_are_written(bag: Path, tmp_path: Path) -> None:
    contents = []
    for name in ("a", "b"):
        recordings, opened = open_recordings([bag])
        assert opened is not None
        # One walks along x from -0.6 to -0.1 at y 0.5, the other one stands elsewhere.
        zones = read_zones("{door: [-0.42, 0.2, 0, 0.2, 0.8, 2]}")
        plan = FusePlan(transforms=transforms(opened), zones=zones, zone_distance=0.1)
        fuse_recordings(recordings, tmp_path / name, pipeline(), plan)
        contents.append([message.data for message in open_bag(tmp_path / name).messages()])
    assert contents[0] == contents[1]
    made = open_bag(tmp_path / "a")
    events = [decoded(message) for message in made.messages([EVENTS])]
    assert [(event.zone, event.event, event.lost) for event in events] == [("door", 2, False), ("door", 0, False)]
    assert {event.header.frame_id for event in events} == {"room"}
    lists = [decoded(message) for message in made.messages([TRACKS])]
    assert [sorted(list(track.zones) for track in one.tracks) for one in lists] == [[[], []], [[], ["door"]]]


def test_depth_images_of_a_bag_are_no_cameras(tmp_path: Path) -> None:
    write_room_bag(tmp_path / "bag", CAMERAS, 2, with_depth=True)
    recordings, _ = open_recordings([tmp_path / "bag"])
    assert [(r.name, r.count) for r in recordings] == [("cam1", 2), ("cam2", 2), ("cam3", 2)]


def test_a_rig_file_says_where_cameras_are(tmp_path: Path) -> None:
    write_room_bag(tmp_path / "bag", CAMERAS, 2, with_tf=False)
    (tmp_path / "rig.yaml").write_text(rig_text(CAMERAS))
    recordings, _ = open_recordings([tmp_path / "bag"], ["/cam1/image_raw", "/cam3/image_raw"])
    plan = FusePlan(read_rig(tmp_path / "rig.yaml"))
    done = fuse_recordings(recordings, tmp_path / "out", pipeline(), plan)
    assert (done.moments, done.persons, done.together) == (2, 4, 4)
    message = decoded(next(iter(open_bag(tmp_path / "out").messages([PERSONS]))))
    assert (message.header.frame_id, message.cameras) == ("theatre", ["cam1", "cam3"])


def test_without_a_place_the_reason_is_said(tmp_path: Path) -> None:
    write_room_bag(tmp_path / "bag", CAMERAS, 1, with_tf=False)
    recordings, opened = open_recordings([tmp_path / "bag"])
    assert opened is not None
    with pytest.raises(OrposeError, match=r"camera 'cam1': no transform from 'room' to 'cam1_optical'"):
        fuse_recordings(recordings, tmp_path / "out", pipeline(), FusePlan(transforms=transforms(opened)))
    assert not (tmp_path / "out").exists()


def test_one_camera_is_no_room(bag: Path, tmp_path: Path) -> None:
    recordings, _ = open_recordings([bag], ["/cam2/image_raw"])
    with pytest.raises(OrposeError, match="2 to 8 cameras, got 1: cam2"):
        fuse_recordings(recordings, tmp_path / "out", pipeline(), FusePlan())


def test_the_privacy_guard_holds(bag: Path, tmp_path: Path) -> None:
    recordings, opened = open_recordings([bag])
    assert opened is not None
    seer = RoomSeer(CAMERAS)
    plan = FusePlan(transforms=transforms(opened))
    fuse_recordings(recordings, tmp_path / "out", Pipeline(seer, max_input_pixels=300), plan)
    assert set(seer.asked) == {(20, 15)}
