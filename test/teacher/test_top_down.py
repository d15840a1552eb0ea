import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orpose_models.teacher.top_down import crop, crop_transforms, decode_heatmaps, merge_flipped, to_image
from orpose_models.vocabulary.skeletons import COCO17

CROP, MAP = (288, 384), (72, 96)


def test_no_person():
    transforms = crop_transforms(np.zeros((0, 4), np.float32), CROP)
    assert transforms.shape == (0, 3)
    positions, scores = decode_heatmaps(np.zeros((0, 17, 96, 72), np.float32))
    assert positions.shape == (0, 17, 2)
    assert scores.shape == (0, 17)
    assert to_image(positions, transforms, CROP, MAP).shape == (0, 17, 2)


@pytest.mark.parametrize(
    ("box", "scale", "centre"),
    [
        ((100, 100, 172, 196), 288 / (72 * 1.25), (135.5, 147.5)),  # the crop's own shape
        ((100, 100, 110, 196), 288 / (72 * 1.25), (104.5, 147.5)),  # narrow: the height decides
        ((100, 100, 172, 110), 288 / (72 * 1.25), (135.5, 104.5)),  # low: the width decides
        ((50, 60, 50, 60), 288 / (1 * 1.25), (49.5, 59.5)),  # no extent counts as one pixel
    ],
)
def test_crop_keeps_the_centre_and_covers_the_padded_box(box, scale, centre):
    ((s, tx, ty),) = crop_transforms(np.array([box], np.float32), CROP)
    assert s == pytest.approx(scale)
    assert (s * centre[0] + tx, s * centre[1] + ty) == pytest.approx((144, 192))


def test_crop_shows_the_right_pixels_and_black_outside():
    image = np.zeros((40, 60, 3), np.uint8)
    image[20, 30] = 200
    image[:, 0] = 50
    # A scale of 4: the pixel at column 30, row 20 lands where its centre is mapped to.
    (transform,) = crop_transforms(np.array([[1.7, -18.1, 59.3, 58.7]]), CROP, padding=1.25)
    transform[:] = [4.0, 144 - 4 * 30, 192 - 4 * 20]
    cut = crop(image, transform, CROP)
    assert cut.shape == (384, 288, 3)
    assert cut[192, 144].tolist() == [200, 200, 200]
    assert cut[192, 146].tolist() == [100, 100, 100]
    assert cut[192, 24].tolist() == [50, 50, 50]
    assert not cut[:, :20].any()
    assert not cut[:108].any()


def test_highest_cell_moves_a_quarter_towards_the_higher_neighbour():
    maps = np.zeros((1, 5, 96, 72), np.float32)
    maps[0, 0, 40, 20], maps[0, 0, 40, 21], maps[0, 0, 39, 20] = 0.9, 0.5, 0.2  # right and up
    maps[0, 1, 40, 20] = 0.8  # equal neighbours: stays
    maps[0, 2, 40, 1], maps[0, 2, 40, 2] = 0.7, 0.6  # at the border: stays
    maps[0, 3, 94, 70], maps[0, 3, 94, 69], maps[0, 3, 95, 70] = 0.6, 0.5, 0.5  # left and down
    maps[0, 4] = -1  # nothing: the first cell
    positions, scores = decode_heatmaps(maps)
    expected = [[20.25, 39.75], [20, 40], [1, 40], [69.75, 94.25], [0, 0]]
    np.testing.assert_array_equal(positions[0], np.array(expected, np.float32))
    np.testing.assert_array_equal(scores[0], np.array([0.9, 0.8, 0.7, 0.6, -1], np.float32))


def test_flipped_maps_are_turned_back_and_moved_by_one_cell():
    maps = np.zeros((1, 17, 4, 6), np.float32)
    flipped = np.zeros_like(maps)
    left, right = COCO17.index("left_wrist"), COCO17.index("right_wrist")
    maps[0, left, 2, 4] = 1
    flipped[0, right, 2, 2] = 0.5  # mirrored back: column 6 - 1 - 2 = 3, moved to 4
    merged = merge_flipped(maps, flipped, COCO17.flip)
    assert merged[0, left, 2, 4] == 0.75
    assert merged.sum() == 0.75
    # The first column, which nothing moves into, stays as it was mirrored.
    flipped[:] = 0
    flipped[0, 0, 1, 5] = 1
    assert merge_flipped(maps * 0, flipped, COCO17.flip)[0, 0, 1, :3].tolist() == [0.5, 0.5, 0]


@settings(deadline=None)
@given(
    x=st.floats(-50, 700),
    y=st.floats(-50, 500),
    width=st.floats(2, 600),
    height=st.floats(2, 600),
    column=st.integers(2, 70),
    row=st.integers(2, 94),
)
def test_a_point_comes_back_from_the_crop(x, y, width, height, column, row):
    """The pixel that HRNet's training puts into a cell is the pixel decoded from that cell."""
    transforms = crop_transforms(np.array([[x, y, x + width, y + height]]), CROP)
    maps = np.zeros((1, 1, 96, 72), np.float32)
    maps[0, 0, row, column] = 1
    positions, _ = decode_heatmaps(maps)
    (((px, py),),) = to_image(positions, transforms, CROP, MAP)
    scale, tx, ty = transforms[0]
    assert scale * (px - 0.5) + tx == pytest.approx(4 * column, abs=0.05)
    assert scale * (py - 0.5) + ty == pytest.approx(4 * row, abs=0.05)
