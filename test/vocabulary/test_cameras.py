import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from orpose_models.vocabulary.cameras import Camera, gravity_from_tilt

MILD = st.sampled_from(
    [(), (0.02, -0.05, 0.001, -0.001), (0.1, -0.2, 0.001, 0.002, 0.05), (0.1, 0.01, 0, 0, 0, 0.1, 0, 0)]
)


@st.composite
def cameras(draw: st.DrawFn) -> Camera:
    focal = draw(st.floats(300, 1500))
    return Camera(
        640,
        480,
        focal,
        focal * draw(st.floats(0.9, 1.1)),
        draw(st.floats(280, 360)),
        draw(st.floats(200, 280)),
        draw(MILD),
    )


POINTS = st.lists(
    st.tuples(st.floats(-0.4, 0.4), st.floats(-0.4, 0.4), st.floats(0.5, 20)), min_size=1, max_size=8
).map(lambda points: np.array([[x * z, y * z, z] for x, y, z in points]))


def test_no_points() -> None:
    camera = Camera.from_fov(640, 480)
    assert camera.project(np.zeros((0, 3))).shape == (0, 2)
    assert camera.rays(np.zeros((0, 17, 2))).shape == (0, 17, 3)


def test_projection_by_hand() -> None:
    camera = Camera(640, 480, 500, 400, 320, 240)
    # x = 500 * 1 / 2 + 320, y = 400 * -0.5 / 2 + 240; half a pixel because the first centre is 0.5 here.
    np.testing.assert_allclose(camera.project([1, -0.5, 2]), [570.5, 140.5])
    assert np.isnan(camera.project([0, 0, -1])).all()
    assert np.isnan(camera.project([0, 0, 0])).all()


def test_usual_field_of_view() -> None:
    camera = Camera.from_fov(640, 480)
    assert camera.guessed
    assert camera.fx == pytest.approx(540, abs=0.5)
    np.testing.assert_allclose(camera.rays([320, 240]), [0, 0, 1], atol=1e-12)


@given(cameras(), POINTS)
def test_rays_point_at_what_was_projected(camera: Camera, points: np.ndarray) -> None:
    rays = camera.rays(camera.project(points))
    np.testing.assert_allclose(rays, points / np.linalg.norm(points, axis=1, keepdims=True), atol=1e-5)


@given(cameras(), POINTS, st.integers(50, 2000), st.integers(50, 2000))
def test_a_resized_camera_sees_resized_pixels(camera: Camera, points: np.ndarray, width: int, height: int) -> None:
    expected = camera.project(points) * [width / 640, height / 480]
    np.testing.assert_allclose(camera.resized(width, height).project(points), expected, rtol=1e-7, atol=1e-4)


@given(cameras(), POINTS)
def test_the_flipped_camera_sees_the_mirrored_scene(camera: Camera, points: np.ndarray) -> None:
    mirrored = camera.flipped().project(points * [-1, 1, 1])
    expected = camera.project(points)
    expected[:, 0] = 640 - expected[:, 0]
    np.testing.assert_allclose(mirrored, expected, atol=1e-6)


def test_gravity_of_tilted_cameras() -> None:
    np.testing.assert_allclose(gravity_from_tilt(0), [0, 1, 0], atol=1e-12)
    np.testing.assert_allclose(gravity_from_tilt(90), [0, 0, 1], atol=1e-12)
    np.testing.assert_allclose(gravity_from_tilt(30), [0, np.sqrt(3) / 2, 0.5], atol=1e-12)
    np.testing.assert_allclose(gravity_from_tilt(0, 90), [1, 0, 0], atol=1e-12)
    camera = Camera.from_fov(640, 480).with_gravity([0, 3, 4])
    assert camera.gravity == (0, 0.6, 0.8)
    assert camera.with_gravity(None).gravity is None


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((640, 480, 0, 500, 320, 240), "positive"),
        ((0, 480, 500, 500, 320, 240), "positive"),
        ((640, 480, np.nan, 500, 320, 240), "finite"),
        ((640, 480, 500, 500, 320, 240, (0.1, 0.2)), "coefficients"),
        ((640, 480, 500, 500, 320, 240, (), (0, 0, 0)), "zero vector"),
    ],
)
def test_bad_cameras_are_refused(arguments: tuple, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Camera(*arguments)
