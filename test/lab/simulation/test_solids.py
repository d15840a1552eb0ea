"""Meshes and distance fields."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from orpose_models.lab.simulation.geometry import Mesh, box, cylinder, frame_along, panel, rotation_z, tube
from orpose_models.lab.simulation.rooms import Footprint
from orpose_models.lab.simulation.solids import ball, common, cone, half_space, surface, union


def volume(mesh: Mesh) -> float:
    a, b, c = np.moveaxis(mesh.points[mesh.faces].astype(float), 1, 0)
    return float(np.einsum("ni,ni->n", a, np.cross(b, c)).sum() / 6)


def test_nothing_merged_is_nothing():
    assert len(Mesh.merge([]).points) == 0
    assert surface(ball((0, 0, 0), 0.1), (1, 1, 1), (2, 2, 2), 0.1)[0].shape == (0, 3)


def test_solids_are_closed_and_wind_outwards():
    assert volume(box((1, 2, 3), (0, 0, 0))) == pytest.approx(6)
    assert volume(cylinder(0.5, 2, (0, 0, 0), 64)) == pytest.approx(np.pi / 2, rel=0.01)


def test_a_ball_has_its_radius_and_outward_normals():
    points, faces, normals = surface(ball((0.1, 0, 0), 0.2), (-0.3, -0.3, -0.3), (0.5, 0.3, 0.3), 0.02)
    out = points - [0.1, 0, 0]
    np.testing.assert_allclose(np.linalg.norm(out, axis=1), 0.2, atol=0.002)
    assert (np.einsum("ni,ni->n", out, normals) > 0.19).all()
    assert volume(Mesh.build(points, faces, normals, (0, 0, 0))) == pytest.approx(4 / 3 * np.pi * 0.008, rel=0.02)


def test_union_blends_and_intersection_cuts():
    two = union(ball((-0.1, 0, 0), 0.1), ball((0.1, 0, 0), 0.1), blend=0.1)
    assert two(np.zeros((1, 3), np.float32))[0] < 0  # the touching point has been filled
    half = common(ball((0, 0, 0), 0.1), half_space((0, 0, 0), (0, 0, 1)))
    assert half(np.array([[0, 0, 0.05]], np.float32))[0] == pytest.approx(0.05)


def test_a_cone_tapers():
    field = cone((0, 0, 0), (0, 0, 1), 0.2, 0.1)
    np.testing.assert_allclose(field(np.array([[0.2, 0, 0], [0.1, 0, 1]], np.float32)), 0, atol=1e-6)


@given(st.floats(-1, 1), st.floats(-1, 1), st.floats(-1, 1))
def test_a_frame_is_a_rotation_onto_its_direction(x, y, z):
    direction = np.array([x, y, z])
    if np.linalg.norm(direction) < 1e-3:
        return
    frame = frame_along(direction)
    np.testing.assert_allclose(frame.T @ frame, np.eye(3), atol=1e-9)
    np.testing.assert_allclose(frame[:, 2], direction / np.linalg.norm(direction), atol=1e-9)


def test_a_picture_hangs_the_right_way_up():
    image = np.zeros((2, 2, 3))
    image[0, 0] = 255  # top left, as seen by somebody who looks at it
    mesh = panel(image, 1.0, 1.0)
    white = mesh.points[mesh.colours[:, 0] > 0]
    assert white[:, 2].min() == pytest.approx(0.5)  # above
    assert white[:, 1].max() <= 0.0  # looking along -x, y grows to the right


def test_a_tube_follows_its_path():
    path = np.array([[0, 0, 0], [0, 0, 1], [0, 1, 1.0]])
    mesh = tube(path, 0.1, (0, 0, 0), 12)
    first = mesh.points[:12]
    np.testing.assert_allclose(np.linalg.norm(first - path[0], axis=1), 0.1, atol=1e-6)


@given(st.floats(-3, 3), st.floats(-3, 3), st.floats(-4, 4))
def test_distance_to_a_footprint_does_not_care_where_it_stands(x, y, yaw):
    spot = Footprint(np.array([x, y]), np.array([1.0, 0.5]), yaw, 1.0, "box")
    turn = rotation_z(yaw)[:2, :2]
    local = np.array([[0, 0], [1.5, 0], [0, 1.5], [1.3, 0.9]])
    np.testing.assert_allclose(spot.distance(local @ turn.T + [x, y]), [-0.5, 0.5, 1.0, 0.5], atol=1e-9)
