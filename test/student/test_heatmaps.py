import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from orpose_models.student.heatmaps import decode_keypoints, encode_keypoints
from orpose_models.vocabulary.skeletons import COCO17


def test_nobody():
    cells, learned = encode_keypoints(
        torch.zeros(0, 17, 2), torch.zeros(0, 17, dtype=torch.bool), torch.zeros(0, 4), 56
    )
    assert cells.shape == learned.shape == (0, 17)
    keypoints, scores = decode_keypoints(torch.zeros(0, 17, 56, 56), torch.zeros(0, 4))
    assert keypoints.shape == (0, 17, 2)
    assert scores.shape == (0, 17)


def test_cells_of_keypoints():
    boxes = torch.tensor([[10.0, 20.0, 66.0, 132.0]])  # cells of 1 x 2 pixels
    keypoints = torch.tensor([[[10, 20], [12.9, 25.9], [66, 132], [66.1, 40], [9.9, 40], [20, 30], [math.nan, 30]]])
    valid = torch.tensor([[True, True, True, True, True, False, True]])
    cells, learned = encode_keypoints(keypoints, valid, boxes, 56)
    assert learned.tolist() == [[True, True, True, False, False, False, False]]
    assert cells[0, :3].tolist() == [0, 2 * 56 + 2, 55 * 56 + 55]


def test_the_highest_cell_and_its_share_of_the_map():
    logits = torch.zeros(1, 2, 4, 4)
    logits[0, 0, 1, 2] = math.log(15)
    keypoints, scores = decode_keypoints(logits, torch.tensor([[100.0, 200.0, 140.0, 280.0]]))
    assert keypoints[0].tolist() == [[125.0, 230.0], [105.0, 210.0]]
    assert scores[0].tolist() == pytest.approx([0.5, 1 / 16])


@settings(deadline=None)
@given(
    st.floats(-100, 600), st.floats(-100, 400), st.floats(4, 500), st.floats(4, 500), st.floats(0, 1), st.floats(0, 1)
)
def test_there_and_back_is_within_half_a_cell(x, y, width, height, u, v):
    boxes = torch.tensor([[x, y, x + width, y + height]], dtype=torch.float64)
    point = boxes[:, None, :2] + torch.tensor([u, v], dtype=torch.float64) * (boxes[:, None, 2:] - boxes[:, None, :2])
    cells, learned = encode_keypoints(point, torch.tensor([[True]]), boxes, 56)
    if not learned.all():  # rounding may put a point of the edge outside
        assert min(u, v) < 1e-6 or max(u, v) > 1 - 1e-6
        return
    logits = torch.zeros(1, 1, 56, 56)
    logits.view(-1)[cells[0, 0]] = 1
    found, _ = decode_keypoints(logits, boxes)
    half = torch.tensor([width, height], dtype=torch.float64) / 56 / 2
    assert torch.all((found[0, 0] - point[0, 0]).abs() <= half * (1 + 1e-4))  # single precision


def test_expected_similarity_places_between_cells():
    side, boxes = 56, torch.tensor([[0.0, 0, 560, 1120]])
    wrist = COCO17.index("left_wrist")
    logits = torch.full((1, 17, side, side), -100.0)
    logits[0, wrist, 20, 30], logits[0, wrist, 20, 32] = math.log(1), math.log(1)
    keypoints, scores = decode_keypoints(logits, boxes, "oks")
    deviation = 2 * 0.062 * math.sqrt(0.53) * side
    assert keypoints[0, wrist].tolist() == pytest.approx([315.0, 410.0], abs=1e-3)  # half-way between equal cells
    assert scores[0, wrist].item() == pytest.approx(math.exp(-1 / (2 * deviation**2)), abs=1e-5)


def test_expected_similarity_prefers_many_fair_cells_to_one_high_one():
    boxes, hip = torch.tensor([[0.0, 0, 56, 56]]), COCO17.index("left_hip")
    logits = torch.full((1, 17, 56, 56), -100.0)
    logits[0, hip, 10, 10] = math.log(0.3)
    logits[0, hip, 40:43, 40:43] = math.log(0.7 / 9)
    cell, _ = decode_keypoints(logits, boxes)
    assert cell[0, hip].tolist() == [10.5, 10.5]
    place, score = decode_keypoints(logits, boxes, "oks")
    assert place[0, hip].tolist() == pytest.approx([41.5, 41.5], abs=1e-3)
    assert score[0, hip].item() == pytest.approx(0.7, abs=0.02)


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 55), st.integers(0, 55))
def test_a_certain_map_has_score_one_at_its_cell(row, column):
    logits = torch.full((1, 17, 56, 56), -1000.0)
    logits[:, :, row, column] = 0
    places, scores = decode_keypoints(logits, torch.tensor([[0.0, 0, 56, 56]]), "oks")
    torch.testing.assert_close(scores, torch.ones(1, 17))
    torch.testing.assert_close(places, torch.tensor([column + 0.5, row + 0.5]).expand(1, 17, 2))


def test_nobody_to_decode():
    keypoints, scores = decode_keypoints(torch.zeros(0, 17, 56, 56), torch.zeros(0, 4), "oks")
    assert keypoints.shape == (0, 17, 2)
    assert scores.shape == (0, 17)
