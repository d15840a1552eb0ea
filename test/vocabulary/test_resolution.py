import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from orpose_models.vocabulary.resolution import limited_size, reduce_image, reduced_size, resize_up


@pytest.mark.parametrize(
    ("factor", "size", "pixels"),
    [(1, (640, 480), 307200), (8, (80, 60), 4800), (10, (64, 48), 3072), (12, (53, 40), 2120)],
)
def test_sizes_of_a_vga_camera(factor: float, size: tuple[int, int], pixels: int) -> None:
    image, resolution = reduce_image(np.zeros((480, 640, 3), np.uint8), factor)
    assert resolution.seen == size == (image.shape[1], image.shape[0])
    assert resolution.pixels == pixels
    assert resolution.full == (640, 480)


def test_what_is_left_of_a_pixel_is_cut_off() -> None:
    assert reduced_size((639, 479), 8) == (79, 59)  # of 79.9 x 59.9
    assert reduced_size((11, 11), 12) == (1, 1)


@pytest.mark.parametrize("factor", [0.5, 12.5, -1, float("nan")])
def test_factors_out_of_range_are_refused(factor: float) -> None:
    with pytest.raises(ValueError, match=r"within 1\.\.12"):
        reduced_size((640, 480), factor)


def test_one_pixel_stays() -> None:
    image, resolution = reduce_image(np.full((1, 1, 3), 7, np.uint8), 12)
    assert image.tolist() == [[[7, 7, 7]]]
    assert resolution.seen == (1, 1)


def test_every_pixel_weighs_in() -> None:
    # One white column in twelve: a filter that only samples would show 0 or 255.
    image = np.zeros((48, 144, 3), np.uint8)
    image[:, ::12] = 255
    reduced, _ = reduce_image(image, 12)
    assert reduced.shape == (4, 12, 3)
    assert 10 < reduced[1, 3:9].min() <= reduced[1, 3:9].max() < 40


def test_factor_one_gives_the_image_itself() -> None:
    image = np.arange(36, dtype=np.uint8).reshape(3, 4, 3)
    np.testing.assert_array_equal(reduce_image(image)[0], image)


def test_enlarging_a_gradient_is_linear() -> None:
    enlarged = resize_up(np.array([[0, 100]], np.uint8), (4, 1))
    assert enlarged.tolist() == [[0, 25, 75, 100]]


@given(st.integers(1, 5000), st.integers(1, 5000), st.integers(1, 10_000_000))
def test_the_pixel_limit_holds(width: int, height: int, limit: int) -> None:
    limited = limited_size((width, height), limit)
    assert 1 <= limited[0] <= width
    assert 1 <= limited[1] <= height
    assert limited[0] * limited[1] <= limit
    if width * height <= limit:
        assert limited == (width, height)


def test_the_pixel_limit_outweighs_the_factor() -> None:
    image, resolution = reduce_image(np.zeros((480, 640, 3), np.uint8), 2, max_pixels=4800)
    assert resolution.seen == (80, 60)
    assert resolution.factor == 2
    assert image.size == 4800 * 3
    with pytest.raises(ValueError, match="at least 1"):
        limited_size((2, 2), 0)
