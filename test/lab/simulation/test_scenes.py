"""Scenes: nobody stands in anybody or anything, splits share nothing, the same numbers give the same scene."""

import numpy as np
import pytest
from scipy.spatial import cKDTree

from orpose_models.lab.simulation.mannequins import load_body
from orpose_models.lab.simulation.scenes import build_scene
from orpose_models.lab.simulation.splits import SPLITS, pool
from orpose_models.lab.simulation.staging import Volume


@pytest.fixture(scope="module")
def scenes():
    return [build_scene("train", 0, number) for number in range(4)]


def test_scenes_are_made_of_their_splits_numbers_only():
    used = {}
    for split in SPLITS:
        made = [build_scene(split, 1, 2)]
        used[split] = {("room", s.room.number) for s in made} | {("light", s.lighting.number) for s in made}
        for scene in made:
            for person in scene.people:
                used[split] |= {("body", person.body), ("outfit", person.outfit), ("motion", person.motion_number)}
        assert {number for _, number in used[split]} <= set(pool(split).tolist())
    for a in SPLITS:
        for b in SPLITS:
            assert a == b or not used[a] & used[b]


def test_there_are_people(scenes):
    assert sum(len(scene.people) for scene in scenes) >= 4


def share_inside(mesh, other):
    """How much of a surface lies more than 3 cm inside another."""
    distance, nearest = cKDTree(mesh.points).query(other.points, distance_upper_bound=0.3)
    close = np.flatnonzero(np.isfinite(distance))
    out = other.points[close] - mesh.points[nearest[close]]
    depth = -np.einsum("ni,ni->n", out, mesh.normals[nearest[close]])
    return (depth > 0.03).sum() / len(other.points)


def test_the_measure_of_interpenetration_notices_it(scenes):
    mesh = next(scene for scene in scenes if scene.people).meshes(0)[0]
    assert share_inside(mesh, mesh.placed((0.1, 0.05, 0))) > 0.01
    assert share_inside(mesh, mesh.placed((2.0, 0, 0))) == 0


def test_people_do_not_interpenetrate(scenes):
    for scene in scenes:
        for frame in range(len(scene.times)):
            meshes = scene.meshes(frame)
            for i, mesh in enumerate(meshes):
                for other in meshes[i + 1 :]:
                    assert share_inside(mesh, other) < 0.002  # cloth may brush cloth; bodies stay apart


def test_people_keep_clear_of_equipment_and_walls(scenes):
    for scene in scenes:
        for person in scene.people:
            if person.role == "patient":
                continue
            volume = Volume.of(person.motion, load_body(person.body))
            assert volume.inside(scene.room.size)
            for spot in scene.room.footprints:
                assert volume.gap_to(spot) >= 0


def test_volumes_tell_overlap_from_distance():
    volume = Volume(np.zeros((1, 1, 3)), np.array([0.5]))
    beside = Volume(np.array([[[1.2, 0, 0]]]), np.array([0.5]))
    assert volume.gap(beside) == pytest.approx(0.2)
    assert volume.gap(volume) == pytest.approx(-1.0)


def test_patients_lie_on_the_table(scenes):
    found = [(s, p) for s in [*scenes, build_scene("train", 0, 4), build_scene("train", 0, 5)] for p in s.people]
    patients = [(scene, person) for scene, person in found if person.role == "patient"]
    assert patients
    for scene, person in patients:
        assert (scene.room.table.distance(person.motion.positions[0, 0]) < 0).all()
        assert 0 < person.motion.positions[0, 0, 2] - scene.room.table_height < 0.3
        np.testing.assert_array_equal(person.motion.positions[0], person.motion.positions[-1])


def test_the_same_numbers_give_the_same_scene(scenes):
    again = build_scene("train", 0, 1)
    assert [p.action for p in again.people] == [p.action for p in scenes[1].people]
    for a, b in zip(again.meshes(2), scenes[1].meshes(2), strict=True):
        np.testing.assert_array_equal(a.points, b.points)
        np.testing.assert_array_equal(a.colours, b.colours)


def test_another_seed_gives_another_scene(scenes):
    other = build_scene("train", 1, 1)
    assert (other.room.number, other.lighting.number) != (scenes[1].room.number, scenes[1].lighting.number)


def test_a_recording_is_of_one_room_with_others_in_it():
    one, other = (build_scene("test", 3, number, only=7) for number in range(2))
    assert (one.room.number, one.lighting.number) == (other.room.number, other.lighting.number) == (7, 7)
    for a, b in zip(one.cameras, other.cameras, strict=True):
        np.testing.assert_array_equal(a.position, b.position)
        np.testing.assert_array_equal(a.rotation, b.rotation)
    assert {p.body for p in one.people}.isdisjoint(p.body for p in other.people)
