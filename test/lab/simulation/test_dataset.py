"""What is written: the same bytes for the same seed, resumed work, hidden ground truth, readers that read it."""

import json
import shutil

import cv2
import numpy as np
import pytest

from orpose_models.cli.main import run
from orpose_models.datasets.bags.reader import open_bag
from orpose_models.datasets.coco import read_coco
from orpose_models.files.disk import read_json, sha256
from orpose_models.lab.simulation.contact_sheet import write_contact_sheet
from orpose_models.lab.simulation.dataset import IMAGES_PER_SCENE, Layout, begin
from orpose_models.lab.simulation.scenes import FRAMES
from orpose_models.lab.simulation.simulated_bag import write_bag
from orpose_models.lab.simulation.split_run import scenes_for, simulate
from orpose_models.runs.recordings import transforms
from orpose_models.vocabulary.errors import OrposeError
from orpose_models.vocabulary.skeletons import COCO17_TO_H36M17

SEED = 4


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Two scenes of val with people."""
    out = tmp_path_factory.mktemp("simulated")
    done = []
    simulate(out, "val", 2 * IMAGES_PER_SCENE, seed=SEED, workers=1, advance=done.append)
    assert sum(done) == 2 * IMAGES_PER_SCENE
    return Layout(out, "val")


def annotated(layout):
    document = read_json(layout.annotations)
    assert document["annotations"], "the scenes of this test must have people"
    return document


def test_a_scene_more_is_begun_for_a_picture_more():
    layout = Layout("", "val")
    assert [scenes_for(n, layout) for n in (1, 12, 13)] == [1, 1, 2]
    assert [scenes_for(n, Layout("", "val", views=4)) for n in (16, 17)] == [1, 2]


def test_same_seed_same_bytes(made, tmp_path):
    simulate(tmp_path, "val", IMAGES_PER_SCENE, seed=SEED, workers=1)
    again = Layout(tmp_path, "val")
    for line in again.checksums.read_text().splitlines():
        digest, name = line.split("  ")
        if name.startswith("images/"):
            assert sha256(made.root / name) == digest == sha256(again.root / name)
    assert read_json(again.scene_record(0)) == read_json(made.scene_record(0))


def test_finished_scenes_are_not_made_again(made):
    picture = next((made.root / "images").rglob("*.jpg"))
    before = picture.stat().st_mtime_ns
    document = simulate(made.out, "val", 2 * IMAGES_PER_SCENE, seed=SEED, workers=1)
    assert picture.stat().st_mtime_ns == before
    assert document == annotated(made)


def test_an_interrupted_scene_is_made_again(tmp_path):
    layout = Layout(tmp_path, "val")
    assert begin(layout, 0, 2) == [0, 1]
    layout.scene_record(0).parent.mkdir(parents=True)
    layout.scene_record(0).write_text("{}")
    assert begin(layout, 0, 3) == [1, 2]


def test_other_settings_are_refused(made):
    with pytest.raises(OrposeError, match="other settings"):
        begin(made, SEED + 1, 2)
    with pytest.raises(OrposeError, match="more than the 1 asked for"):
        begin(made, SEED, 1)
    with pytest.raises(OrposeError, match="other settings"):
        begin(Layout(made.out, "val", 13), SEED, 2)
    with pytest.raises(OrposeError, match="other settings"):
        begin(Layout(made.out, "val", views=4), SEED, 2)


def test_ground_truth_of_train_is_kept_apart(tmp_path):
    layout = Layout(tmp_path, "train")
    assert layout.root not in layout.annotations.parents
    assert layout.root not in layout.scene_record(0).parents
    assert Layout(tmp_path, "val").annotations.parent == Layout(tmp_path, "val").root


def test_every_number_of_an_annotation_agrees_with_the_others(made):
    document = annotated(made)
    images = {image["id"]: image for image in document["images"]}
    for annotation in document["annotations"]:
        image = images[annotation["image_id"]]
        x, y, width, height = annotation["bbox"]
        assert 0 <= x < x + width <= image["width"]
        assert 0 <= y < y + height <= image["height"]
        assert 0 < annotation["area"] <= width * height + 1e-6
        flags = np.array(annotation["keypoints"][2::3])
        assert annotation["num_keypoints"] == (flags > 0).sum()
        points3d = np.array(annotation["keypoints3d"])
        np.testing.assert_allclose(annotation["joints3d"], COCO17_TO_H36M17.points(points3d), atol=2e-4)
        k = image["camera"]
        for joint in np.flatnonzero(flags):
            px = points3d[joint, 0] / points3d[joint, 2] * k["fx"] + k["cx"] + 0.5
            py = points3d[joint, 1] / points3d[joint, 2] * k["fy"] + k["cy"] + 0.5
            drawn = annotation["keypoints"][3 * joint : 3 * joint + 2]
            np.testing.assert_allclose(drawn, (px, py), atol=0.1)


def test_views_of_one_moment_show_the_same_body(made):
    document = annotated(made)
    rigs = read_json(made.cameras)["scenes"]
    images = {image["id"]: image for image in document["images"]}
    world = {}
    for annotation in document["annotations"]:
        image = images[annotation["image_id"]]
        camera = next(c for c in rigs[image["group"]] if c["name"] == image["camera_name"])
        points = np.array(annotation["keypoints3d"]) @ np.array(camera["rotation"]).T + camera["position"]
        world.setdefault((annotation["person_id"], image["stamp_ns"]), []).append(points)
    assert any(len(views) > 1 for views in world.values())
    for views in world.values():
        np.testing.assert_allclose(views, np.broadcast_to(views[0], np.shape(views)), atol=1e-3)


def test_the_dataset_reader_reads_it(made):
    document = annotated(made)
    truth = read_coco(made.annotations)
    assert len(truth.images) == len(document["images"])
    assert truth.image_root == made.root
    assert truth.person_count == sum(not a["iscrowd"] for a in document["annotations"])
    for image in truth.images:
        assert (truth.image_root / image.file_name).is_file()
        assert image.camera is not None
        assert image.camera.gravity is not None
        for box, keypoints, flags in zip(
            image.persons.boxes, image.persons.keypoints, image.persons.visibility, strict=True
        ):
            seen = keypoints[flags == 2]
            if len(seen):
                assert (seen >= box[:2] - 12).all()
                assert (seen <= box[2:] + 12).all()


def test_the_bag_has_three_synchronised_cameras(made, tmp_path):
    assert write_bag(made, tmp_path / "bag") == 2 * IMAGES_PER_SCENE
    bag = open_bag(tmp_path / "bag")
    assert set(bag.topics) == {f"/cam{k}/{end}" for k in (1, 2, 3) for end in ("camera_info", "image_raw/compressed")}
    stamps = {}
    for message in bag.messages():
        stamps.setdefault(message.topic, []).append(message.time_ns)
    assert len({tuple(times) for times in stamps.values()}) == 1
    assert len(stamps["/cam1/camera_info"]) == 2 * FRAMES


def test_the_bag_of_one_room_says_where_its_cameras_are(made, tmp_path):
    root = tmp_path / "val"
    shutil.copytree(made.root, root)
    one = Layout(tmp_path, "val")
    scenes = read_json(one.cameras)["scenes"]
    first = next(iter(scenes.values()))
    one.cameras.write_text(json.dumps({"scenes": dict.fromkeys(scenes, first)}))
    write_bag(one, tmp_path / "bag")
    tree = transforms(open_bag(tmp_path / "bag"))
    for camera in first:
        found = tree.placement("room", f"{camera['name']}_optical")
        np.testing.assert_allclose(found.position, camera["position"], atol=1e-9)
        np.testing.assert_allclose(found.rotation.T, camera["rotation"], atol=1e-6)


def test_the_contact_sheet_shows_pictures(made, tmp_path):
    write_contact_sheet(made, tmp_path / "sheet.jpg")
    sheet = cv2.imread(str(tmp_path / "sheet.jpg"))
    assert sheet.shape == (4 * 192, 6 * 256, 3)  # 24 pictures
    assert sheet.std() > 20


def test_a_bag_of_a_split_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(OrposeError, match="not complete"):
        write_bag(Layout(tmp_path, "test"), tmp_path / "bag")


def test_the_command_refuses_an_unknown_split(tmp_path, capfd):
    assert run(["simulate", str(tmp_path), "--split", "training", "--images", "1"]) == 2
    assert "choose one of: train, val, test, everyday" in " ".join(capfd.readouterr().err.split())


def test_annotations_are_plain_json(made):
    json.dumps(annotated(made), allow_nan=False)
