import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from orpose_models.student.heatmaps import HeatmapCodec

CODEC = HeatmapCodec(56)


def test_nobody():
    cells, learned = CODEC.encode(torch.zeros(0, 17, 2), torch.zeros(0, 17, dtype=torch.bool), torch.zeros(0, 4))
    assert cells.shape == learned.shape == (0, 17)
    keypoints, scores = CODEC.decode(torch.zeros(0, 17, 56, 56), torch.zeros(0, 4))
    assert keypoints.shape == (0, 17, 2)
    assert scores.shape == (0, 17)


def test_cells_of_keypoints():
    boxes = torch.tensor([[10.0, 20.0, 66.0, 132.0]])  # cells of 1 x 2 pixels
    keypoints = torch.tensor([[[10, 20], [12.9, 25.9], [66, 132], [66.1, 40], [9.9, 40], [20, 30], [math.nan, 30]]])
    valid = torch.tensor([[True, True, True, True, True, False, True]])
    cells, learned = CODEC.encode(keypoints, valid, boxes)
    assert learned.tolist() == [[True, True, True, False, False, False, False]]
    assert cells[0, :3].tolist() == [0, 2 * 56 + 2, 55 * 56 + 55]


def test_the_highest_cell_and_its_share_of_the_map():
    logits = torch.zeros(1, 2, 4, 4)
    logits[0, 0, 1, 2] = math.log(15)
    keypoints, scores = HeatmapCodec(4).decode(logits, torch.tensor([[100.0, 200.0, 140.0, 280.0]]))
    assert keypoints[0].tolist() == [[125.0, 230.0], [105.0, 210.0]]
    assert scores[0].tolist() == pytest.approx([0.5, 1 / 16])


@settings(deadline=None)
@given(
    st.floats(-100, 600), st.floats(-100, 400), st.floats(4, 500), st.floats(4, 500), st.floats(0, 1), st.floats(0, 1)
)
def test_there_and_back_is_within_half_a_cell(x, y, width, height, u, v):
    boxes = torch.tensor([[x, y, x + width, y + height]], dtype=torch.float64)
    point = boxes[:, None, :2] + torch.tensor([u, v], dtype=torch.float64) * (boxes[:, None, 2:] - boxes[:, None, :2])
    cells, learned = CODEC.encode(point, torch.tensor([[True]]), boxes)
    if not learned.all():  # rounding may put a point of the edge outside
        assert min(u, v) < 1e-6 or max(u, v) > 1 - 1e-6
        return
    logits = torch.zeros(1, 1, 56, 56)
    logits.view(-1)[cells[0, 0]] = 1
    found, _ = CODEC.decode(logits, boxes)
    half = torch.tensor([width, height], dtype=torch.float64) / 56 / 2
    assert torch.all((found[0, 0] - point[0, 0]).abs() <= half * (1 + 1e-4))  # single precision
