"""An encounter on disk: pictures, depth and bag belong to the annotations, and the command leaves it alone."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from orpose_models.cli.main import run
from orpose_models.datasets.bags.reader import open_bag
from orpose_models.datasets.by_name import open_dataset
from orpose_models.datasets.room_truth import room_moments
from orpose_models.files.disk import read_json, write_json
from orpose_models.lab.simulation.encounter_run import stamp_of
from orpose_models.runs.recordings import transforms
from orpose_models.vocabulary.skeletons import COCO17


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("encounters")
    options = "--scenes 1 --seconds 1 --rate 2 --split val --seed 3"
    assert run(["simulate-encounters", str(out), *options.split()]) == 0
    return out / "encounter000"


def test_every_moment_has_a_picture_depth_and_annotations(made: Path) -> None:
    document = read_json(made / "annotations.json")
    assert document["info"]["period_s"] == 0.5
    assert [image["stamp_ns"] - document["images"][0]["stamp_ns"] for image in document["images"]] == [0, 500_000_000]
    truth = open_dataset(f"sim:{made}")
    assert [len(image.persons) > 0 for image in truth.images] == [True, True]
    assert truth.images[0].persons.person_ids.tolist() == truth.images[1].persons.person_ids.tolist()


def test_no_moment_is_in_two_encounters() -> None:
    assert [stamp_of(number, 59.5) - stamp_of(0, 0) for number in (0, 1)] == [59_500_000_000, 3_659_500_000_000]


def test_depth_is_where_the_persons_are(made: Path) -> None:
    document = read_json(made / "annotations.json")
    visible, shoulder, differences = len(document["info"]["states"]) - 1, COCO17.index("left_shoulder"), []
    for one in document["annotations"]:
        if one["states"][shoulder] == visible:
            image = document["images"][one["image_id"] - 1]
            depth = cv2.imread(str(made / image["depth_name"]), cv2.IMREAD_UNCHANGED)
            x, y = np.round(one["keypoints_all"][shoulder]).astype(int)
            differences.append(one["keypoints3d"][shoulder][2] - depth[y, x] / 1000)
    assert differences
    # A joint is inside the body, whose surface is measured.
    assert 0 < min(differences) <= max(differences) < 0.25


def test_the_bag_has_what_is_on_disk(made: Path) -> None:
    topics = open_bag(made / "bag").topics
    counts = {name.removeprefix("/cam1/"): topic.count for name, topic in topics.items()}
    assert counts == {"camera_info": 2, "depth/image_raw": 2, "image_raw/compressed": 2, "/tf_static": 1}


def test_bag_and_file_say_where_the_camera_is(made: Path) -> None:
    place = transforms(open_bag(made / "bag")).placement("room", "cam1_optical")
    camera = room_moments(open_dataset(f"sim:{made}"))[0].cameras[0]
    assert place is not None
    assert place.rotation == pytest.approx(camera.rotation, abs=1e-6)
    assert place.position == pytest.approx(camera.position, abs=1e-4)
    image = read_json(made / "annotations.json")["images"][0]
    assert camera.position[2] == pytest.approx(image["camera_height"], abs=1e-4)


def test_ids_are_measured_on_what_bag_run_wrote(made: Path, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    poses, out = str(tmp_path / "poses"), tmp_path / "tracks.json"
    assert run(["bag", "run", str(made / "bag"), poses, "--image-topic", "/cam1/image_raw/compressed"]) == 0
    capsys.readouterr()
    assert run(["evaluate", "tracks", "--bag", poses, "--truth", f"sim:{made}", "--out", str(out)]) == 0
    all_ = read_json(out)["figures"]["all"]
    wanted = sum(int((~image.persons.ignore).sum()) for image in open_dataset(f"sim:{made}").images)
    assert (all_["images"], all_["persons"], all_["switches"]) == (2, wanted, 0)
    row = next(line.split() for line in capsys.readouterr().out.splitlines() if line.split()[:1] == ["all"])
    assert row == ["all", str(all_["people"]), str(wanted), f"{all_['idf1']:.3f}", f"{all_['id_precision']:.3f}",
                   f"{all_['id_recall']:.3f}", "0", str(all_["misses"]), str(all_["false_persons"])]  # fmt: skip


def test_a_scene_that_is_there_is_left_alone_and_a_wrong_split_is_a_sentence(made: Path, capfd) -> None:
    before = (made / "annotations.json").stat().st_mtime_ns
    assert run(["simulate-encounters", str(made.parent), "--scenes", "1", "--seconds", "1", "--rate", "2"]) == 0
    assert (made / "annotations.json").stat().st_mtime_ns == before
    assert run(["simulate-encounters", str(made.parent), "--split", "nowhere"]) == 2
    assert "choose one of: train, val, test" in " ".join(capfd.readouterr().err.split())


def test_what_two_cameras_see_is_fused_and_measured(tmp_path: Path, capfd) -> None:
    options = "--scenes 1 --seconds 1 --rate 2 --split val --seed 3 --cameras 2"
    assert run(["simulate-encounters", str(tmp_path / "two"), *options.split()]) == 0
    folder, room = tmp_path / "two" / "encounter000", str(tmp_path / "room")
    assert run(["fuse", str(folder / "bag"), "--out", room]) == 0
    measure = ["evaluate", "room", "--bag", room, "--out", str(tmp_path), "--dataset"]
    assert run([*measure, f"sim:{folder}"]) == 0
    figures = read_json(tmp_path / "room.json")["results"]["room"]
    seen = {int(k) for image in open_dataset(f"sim:{folder}").images[:2] for k in image.persons.person_ids}
    assert (figures["moments"], figures["persons"]) == (2, 2 * len(seen))
    assert 0 < figures["found"] <= figures["persons"]
    assert figures["mpjpe_seen_by_two_mm"] < 150
    late = read_json(folder / "annotations.json")
    for image in late["images"]:
        image["stamp_ns"] += 1
    write_json(folder / "annotations.json", late)
    capfd.readouterr()
    assert run([*measure, f"sim:{folder}"]) == 2
    said = " ".join(capfd.readouterr().err.split())
    assert "is in it; give the bag that orpose fuse made of it" in said
