"""The split that shows what is hard to see: from above, near by, cut off, pale on pale."""

import numpy as np
import pytest

from orpose_models.lab.simulation.clothing import draw_outfit
from orpose_models.lab.simulation.dataset import Layout
from orpose_models.lab.simulation.difficult import Linen, draw_linen, near_cameras
from orpose_models.lab.simulation.geometry import Mesh, box
from orpose_models.lab.simulation.mannequins import load_body
from orpose_models.lab.simulation.rigs import build_rig
from orpose_models.lab.simulation.rooms import build_room
from orpose_models.lab.simulation.scenes import build_scene
from orpose_models.lab.simulation.staging import Volume

LINEN = Linen((230.0, 240.0, 235.0))


@pytest.fixture(scope="module")
def scenes():
    return [build_scene("difficult", 0, number) for number in range(4)]


def test_without_people_the_cameras_are_the_rooms_own():
    room = build_room(3003)
    for near, usual in zip(near_cameras(0, 0, room, []), build_rig(room), strict=True):
        np.testing.assert_array_equal(near.position, usual.position)
        np.testing.assert_array_equal(near.rotation, usual.rotation)


def test_cameras_are_near_people_and_in_nobody(scenes):
    pitches = []
    for scene in scenes:
        assert len(scene.people) >= 2
        volumes = [Volume.of(person.motion, load_body(person.body)) for person in scene.people]
        for camera in scene.cameras:
            assert (np.abs(camera.position[:2]) < scene.room.size / 2).all()
            gaps = [np.linalg.norm(one.centres - camera.position, axis=-1) - one.radii for one in volumes]
            assert 0.2 < min(gap.min() for gap in gaps) < 2.5
            middles = np.concatenate([one.centres.mean(axis=1) for one in volumes])
            seen = camera.project(middles)
            assert ((seen > 0) & (seen < [640, 480])).all(axis=1).any()
            pitches.append(camera.pitch_deg)
    assert (
        sum(pitch > 45 for pitch in pitches) >= len(pitches) / 3
    )  # none of the other splits' cameras looks so far down


def test_the_same_numbers_give_the_same_scene(scenes):
    again = build_scene("difficult", 0, 1)
    for one, other in zip(again.cameras, scenes[1].cameras, strict=True):
        np.testing.assert_array_equal(one.position, other.position)
    np.testing.assert_array_equal(again.props.colours, scenes[1].props.colours)


def test_linen_is_pale_and_not_everywhere():
    drawn = [draw_linen(0, number) for number in range(40)]
    pale = [one for one in drawn if one is not None]
    assert 12 < len(pale) < 36
    assert draw_linen(0, 7) == drawn[7]
    for one in pale:
        assert min(one.colour) > 150
        assert max(one.colour) - min(one.colour) < 60


def test_cloth_takes_the_colour_and_keeps_its_folds():
    assert len(LINEN.cloth(Mesh.merge([])).points) == 0
    cloth = box((1, 1, 1), (40, 80, 120))
    folded = cloth.coloured(cloth.colours * np.linspace(0.9, 1.1, len(cloth.points))[:, None])
    pale = LINEN.cloth(folded).colours
    np.testing.assert_allclose(pale.mean(axis=0), LINEN.colour, atol=4)
    assert pale[0].mean() < pale[-1].mean()


def test_gowns_hardly_differ_from_the_linen():
    usual, pale = draw_outfit(3003, "scrubbed"), LINEN.outfit(3003, "scrubbed")
    assert pale.over == "gown"
    for colour in (pale.over_colour, pale.scrubs, pale.headwear.cap_colour, pale.headwear.mask_colour):
        np.testing.assert_allclose(colour, LINEN.colour, atol=25)
    assert pale.headwear.skin == usual.headwear.skin
    assert LINEN.outfit(3003, "scrubbed") == pale


def test_its_ground_truth_is_hidden(tmp_path):
    layout = Layout(tmp_path, "difficult")
    assert layout.annotations == tmp_path / "hidden" / "difficult" / "annotations.json"
    assert layout.images == tmp_path / "difficult" / "images.json"
