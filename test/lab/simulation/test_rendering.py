"""Cameras, and that the renderer and the annotations speak of the same pixels."""

import numpy as np
import pytest

from orpose_models.lab.simulation.geometry import Mesh, box, ellipsoid
from orpose_models.lab.simulation.lights import draw_lighting
from orpose_models.lab.simulation.rendering import COVER_ID, Renderer
from orpose_models.lab.simulation.rigs import CAMERAS, HEIGHT, WIDTH, build_rig, look_at
from orpose_models.lab.simulation.rooms import build_room
from orpose_models.lab.simulation.shading import DRAWN, SCALE


@pytest.fixture(scope="module")
def room():
    return build_room(0)


@pytest.fixture(scope="module")
def renderer():
    drawing = Renderer()
    yield drawing
    drawing.close()


@pytest.mark.parametrize("number", range(6))
def test_rigs_are_like_mvors(number):
    place = build_room(number)
    rig = build_rig(place)
    assert len(rig) == CAMERAS
    for camera in rig:
        assert 1.9 <= camera.position[2] <= 3.0
        assert 10 <= camera.pitch_deg <= 45
        assert 510 < camera.intrinsics.fx < 570
        np.testing.assert_allclose(camera.rotation.T @ camera.rotation, np.eye(3), atol=1e-12)
        assert np.linalg.det(camera.rotation) == pytest.approx(1)
        np.testing.assert_allclose(camera.rotation @ camera.intrinsics.gravity, [0, 0, -1], atol=1e-9)
        assert (np.abs(camera.position[:2]) < place.size / 2).all()


def test_what_a_camera_looks_at_is_ahead():
    rotation = look_at(np.array([1.0, 0, 2]), np.array([0, 0, 1.0]))
    np.testing.assert_allclose(rotation.T @ [-1, 0, -1.0], [0, 0, np.sqrt(2)], atol=1e-12)
    assert rotation[2, 1] < 0  # the image's y axis points down in the room
    assert rotation[2, 0] == pytest.approx(0)  # and its x axis is level


def test_projection_of_3d_is_where_it_is_drawn(room, renderer):
    lighting = draw_lighting(0, room)
    nothing = Mesh.merge([])
    for camera in build_rig(room):
        ahead = camera.position + camera.rotation @ np.array([0.3, -0.2, 1.1])
        ball = ellipsoid((0.03, 0.03, 0.03), (255, 0, 0), 24).placed(ahead)
        renderer.load(room, nothing, [ball], [None], lighting)
        renderer.move([ball])
        picture = renderer.view(camera)
        rows, columns = np.nonzero(picture.ids == 1)
        seen = np.array([columns.mean() + 0.5, rows.mean() + 0.5]) / SCALE
        np.testing.assert_allclose(seen, camera.project(ahead), atol=0.35)
        nearest = picture.depth[rows, columns].min()
        assert nearest == pytest.approx(camera.to_optical(ahead)[2] - 0.03, abs=0.004)


def test_identities_and_sizes(room, renderer):
    camera = build_rig(room)[0]
    front = box((0.2, 0.2, 0.2), (200, 0, 0), bottom=False).placed(camera.position + camera.rotation[:, 2] * 1.0)
    back = box((0.6, 0.6, 0.6), (0, 200, 0), bottom=False).placed(camera.position + camera.rotation[:, 2] * 1.6)
    renderer.load(room, Mesh.merge([]), [back, front], [front, None], draw_lighting(0, room))
    renderer.move([back, front])
    picture = renderer.view(camera)
    assert picture.ids.shape == picture.depth.shape == (DRAWN[1], DRAWN[0])
    assert picture.colour.shape == (HEIGHT, WIDTH, 3)
    assert set(np.unique(picture.ids)) <= {0, 1, 2, COVER_ID + 1}
    assert {0, 1} < set(np.unique(picture.ids))
    middle = picture.ids[DRAWN[1] // 2, DRAWN[0] // 2]
    assert middle in (2, COVER_ID + 1)  # the nearer of the two


def test_an_empty_room_has_nobody(room, renderer):
    renderer.load(room, Mesh.merge([]), [], [], draw_lighting(0, room))
    renderer.move([])
    picture = renderer.view(build_rig(room)[0])
    assert (picture.ids == 0).all()
    assert np.isfinite(picture.colour).all()
    assert picture.colour.std() > 5


def test_more_light_is_brighter(room, renderer):
    camera = build_rig(room)[0]
    levels = []
    for factor in (1.0, 2.0):
        lighting = draw_lighting(3, room)
        for beam in lighting.beams:
            beam.colour[:] *= factor
        renderer.load(room, Mesh.merge([]), [], [], lighting)
        renderer.move([])
        levels.append(renderer.view(camera).colour.mean())
    assert levels[1] > levels[0] * 1.1


def test_more_cameras_join_those_that_are_there(room) -> None:
    three, five = build_rig(room), build_rig(room, 5)
    assert [camera.name for camera in five] == ["cam1", "cam2", "cam3", "cam4", "cam5"]
    for one, same in zip(three, five, strict=False):
        np.testing.assert_array_equal(one.position, same.position)
        np.testing.assert_array_equal(one.rotation, same.rotation)
    azimuths = np.sort([np.arctan2(*camera.position[1::-1]) for camera in five])
    assert np.diff(azimuths).min() > 0.2
