"""Everyday scenes: other numbers than the operating room's, other clothes, viewpoints at eye height, ground truth as
labels."""

import numpy as np
import pytest

from orpose_models.cli.main import run
from orpose_models.datasets.coco import read_simulated
from orpose_models.files.disk import read_json, sha256
from orpose_models.lab.simulation.dataset import IMAGES_PER_SCENE, Layout
from orpose_models.lab.simulation.everyday.everyday_scenes import EVERYDAY_PERIOD, build_everyday_scene
from orpose_models.lab.simulation.everyday.furniture import INDOORS, OUTDOORS
from orpose_models.lab.simulation.everyday.places import build_place, place_kind
from orpose_models.lab.simulation.everyday.viewpoints import FAR, NEAR
from orpose_models.lab.simulation.everyday.wardrobe import draw_everyday_outfit
from orpose_models.lab.simulation.mannequins import load_body
from orpose_models.lab.simulation.splits import generator, pool
from orpose_models.lab.simulation.staging import Volume
from orpose_models.training.labels import LabelSet


@pytest.fixture(scope="module")
def scenes():
    return [build_everyday_scene(0, number) for number in range(4)]


def test_scenes_share_no_number_with_the_operating_room(scenes):
    for scene in scenes:
        numbers = {scene.room.number, scene.lighting.number}
        for person in scene.people:
            numbers |= {person.body, person.outfit, person.motion_number}
        assert numbers <= set(pool("everyday").tolist())


def test_one_to_six_people_who_do_something_else_at_each_moment(scenes):
    assert {len(scene.people) for scene in scenes} <= set(range(1, 7))
    for scene in scenes:
        assert np.diff(scene.times).tolist() == pytest.approx([EVERYDAY_PERIOD] * 3)
        for person in scene.people:
            assert np.linalg.norm(np.diff(person.motion.positions, axis=0), axis=-1).max() > 0.02


def test_the_same_numbers_give_the_same_scene(scenes):
    again = build_everyday_scene(0, 3)
    assert [p.action for p in again.people] == [p.action for p in scenes[3].people]
    for mesh, other in zip(again.meshes(1), scenes[3].meshes(1), strict=True):
        np.testing.assert_array_equal(mesh.points, other.points)
        np.testing.assert_array_equal(mesh.colours, other.colours)
    for camera, other in zip(again.cameras, scenes[3].cameras, strict=True):
        np.testing.assert_array_equal(camera.position, other.position)
    assert not np.array_equal(build_everyday_scene(1, 3).cameras[0].position, again.cameras[0].position)


def test_nobody_stands_in_anybody_or_anything(scenes):
    for scene in scenes:
        volumes = [Volume.of(person.motion, load_body(person.body)) for person in scene.people]
        for i, volume in enumerate(volumes):
            assert volume.inside(scene.room.size)
            assert all(volume.gap_to(spot) >= 0 for spot in scene.room.footprints)
            assert all(volume.gap(other) >= 0 for other in volumes[i + 1 :])


def test_cameras_are_held_at_the_height_of_people_and_see_them(scenes):
    heights = []
    for scene in scenes:
        pelves = np.concatenate([person.motion.positions[:, 0] for person in scene.people])
        for camera in scene.cameras:
            heights.append(camera.position[2])
            assert (np.abs(camera.position[:2]) < scene.room.size / 2).all()
            nearest = np.linalg.norm((pelves - camera.position)[:, :2], axis=1)
            assert nearest.min() <= FAR
            assert nearest.max() >= NEAR - 0.3
            assert (camera.to_optical(pelves)[:, 2] > 0).any()
            assert -15 < camera.pitch_deg < 60
    assert min(heights) >= 1.0
    assert max(heights) <= 2.8
    assert np.mean(np.array(heights) <= 1.8) > 0.6


def test_everybody_is_bareheaded_and_dressed_differently():
    outfits = [draw_everyday_outfit(int(number)) for number in pool("everyday")]
    assert {(o.headwear.cap, o.headwear.mask) for o in outfits} == {("none", "none")}
    assert {o.legs for o in outfits} == {"trousers", "shorts", "skirt"}
    assert {o.top for o in outfits} == {"shirt", "jumper", "jacket"}
    assert len({o.top_colour for o in outfits}) == len(outfits)
    brightness = np.array([np.mean(o.headwear.skin) for o in outfits])
    assert brightness.min() < 90
    assert brightness.max() > 200


def test_places_differ_and_hold_together():
    kinds = [place_kind(number) for number in pool("everyday")]
    assert {kind: round(kinds.count(kind) / len(kinds), 1) for kind in set(kinds)} == {
        "plain": 0.2,
        "furnished": 0.5,
        "street": 0.3,
    }
    for kind in ("plain", "furnished", "street"):
        place = build_place(int(pool("everyday")[kinds.index(kind)]))
        assert {spot.kind for spot in place.footprints} <= (OUTDOORS if kind == "street" else INDOORS).keys()
        assert np.isfinite(place.mesh.points).all()
        assert np.abs(place.mesh.points[:, :2]).max() < place.size.max() / 2 + 2.0  # crowns of trees reach over walls


@pytest.mark.parametrize("maker", [maker for maker, _ in (*INDOORS.values(), *OUTDOORS.values())])
def test_furniture_stands_on_the_floor(maker):
    item = maker(generator("test"))
    assert item.mesh.points[:, 2].min() == pytest.approx(0, abs=0.13)
    assert 0.2 < item.height < 6
    assert min(item.half) > 0


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    out = tmp_path_factory.mktemp("everyday")
    assert run(rendering(out)) == 0
    return Layout(out, "everyday")


def rendering(out):
    return ["simulate", str(out), "--split", "everyday", "--images", "1", "--workers", "1", "--seed", "5"]


def test_the_command_says_how_many_images_it_renders_for_the_one_asked_for(written, capfd):
    assert run(rendering(written.out)) == 0
    first = capfd.readouterr().err.splitlines()[0]
    assert first == "12 images: 1 whole scene of 3 cameras; a scene may be without anybody"


def test_the_command_writes_labels_equal_to_the_ground_truth(written):
    labels = LabelSet.load(written.root / "labels.json")
    truth = read_simulated(written.root)
    assert truth.name == "simulated everyday scenes"
    assert labels.info["teacher"] == "ground truth of simulated everyday scenes"
    assert labels.info["settings"]["seed"] == 5
    assert labels.info["settings"]["annotations"] == sha256(written.annotations)
    assert len(labels.images) == len(truth.images) == IMAGES_PER_SCENE
    assert sum(len(image.soft) for image in labels.images) > 0
    for image, expected in zip(labels.images, truth.images, strict=True):
        assert labels.path_of(image).is_file()
        assert image.camera.fx == expected.camera.fx
        assert image.camera.gravity == pytest.approx(expected.camera.gravity)
        persons = expected.persons
        np.testing.assert_allclose(image.soft.boxes, persons.boxes, atol=1e-2)
        np.testing.assert_array_equal(image.soft.keypoint_scores, (persons.visibility > 0).astype(np.float32))
        np.testing.assert_array_equal(image.hard.keypoint_scores, image.soft.keypoint_scores)
        known = persons.visibility > 0
        np.testing.assert_allclose(image.soft.keypoints[known], persons.keypoints[known], atol=1e-2)
        np.testing.assert_allclose(image.hard.joints3d, persons.joints3d - persons.joints3d[:, :1], atol=2e-4)
        np.testing.assert_array_equal(image.soft.box_scores, np.where(persons.ignore, 0, 1))


def test_the_annotations_say_that_this_is_no_operating_room(written):
    info = read_json(written.annotations)["info"]
    assert info["description"] == "Simulated everyday scenes: rendered, not recorded"
    assert info["period_s"] == EVERYDAY_PERIOD
    stamps = sorted({image["stamp_ns"] for image in read_json(written.annotations)["images"]})
    assert np.diff(stamps).tolist() == [1_200_000_000] * 3
