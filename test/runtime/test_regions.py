"""Proposals, boxes and pooling with numpy against torchvision's and the student's own."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torchvision.ops import nms

from orpose_models.model_format.student_config import LIGHT, PAPER
from orpose_models.runtime.regions import anchors, pool_regions, select_boxes, select_proposals, suppress
from orpose_models.student import boxes as reference
from orpose_models.student.heads import BoxHead, ProposalHead, RawProposals

pytestmark = pytest.mark.usefixtures("one_thread")


def random_boxes(rng, count, width=427, height=320, smallest=0.01):
    sides = np.exp(rng.uniform(np.log(smallest), np.log(height), (count, 2)))
    corner = rng.uniform(-20, 1, (count, 2)) + rng.uniform(0, 1, (count, 2)) * [width, height]
    return np.concatenate([corner, corner + sides], axis=1).astype(np.float32)


def test_nobody():
    nothing = np.empty((0, 4), np.float32)
    assert len(suppress(nothing, 0.5)) == 0
    maps = [np.ones((4, 5, 3), np.float32)]
    assert pool_regions(maps, (8,), nothing, 7).shape == (0, 7, 7, 3)
    boxes, scores = select_boxes(np.empty(0, np.float32), nothing, nothing, (64, 48), LIGHT)
    assert (len(boxes), len(scores)) == (0, 0)


@pytest.mark.parametrize("config", [LIGHT, PAPER])
@pytest.mark.parametrize("size", [(448, 320), (32, 32), (1344, 800)])
def test_anchors_are_the_students(config, size):
    levels, ends = anchors(config, size)
    assert ends[-1] == sum(map(len, levels))
    for level, stride, side in zip(levels, config.strides, config.anchor_sizes, strict=True):
        rows, columns = -(-size[1] // stride), -(-size[0] // stride)
        expected = reference.grid_anchors(rows, columns, stride, side, config.aspect_ratios)
        np.testing.assert_array_equal(level, expected.numpy())


@pytest.mark.parametrize("threshold", [0.1, 0.5, 0.7])
def test_suppression_is_torchvisions(threshold):
    rng = np.random.default_rng(0)
    for count in (1, 2, 9, 300):
        boxes = random_boxes(rng, count, 100, 100, 10)
        boxes[count // 2] = boxes[0]  # two of a kind
        ranks = torch.arange(count, 0, -1).float()
        expected = nms(torch.from_numpy(boxes), ranks, threshold)
        assert suppress(boxes, threshold).tolist() == expected.tolist()


@pytest.mark.parametrize("cells", [7, 14])
def test_pooling_is_the_students(cells):
    rng = np.random.default_rng(1)
    strides = LIGHT.strides[:-1]
    maps = [rng.normal(size=(-(-320 // s), -(-448 // s), 6)).astype(np.float32) for s in strides]
    edges = [(-30, -30, -10, -10), (0, 0, 448, 320), (440, 310, 600, 500), (5, 5, 5.001, 300), (100, 100, 324, 324)]
    boxes = np.concatenate([random_boxes(rng, 200), np.array(edges, np.float32)])
    features = [torch.from_numpy(values.transpose(2, 0, 1).copy())[None] for values in maps]
    expected = reference.pool_regions(features, strides, [torch.from_numpy(boxes)], cells)
    pooled = pool_regions(maps, strides, boxes, cells)
    np.testing.assert_allclose(pooled, expected.numpy().transpose(0, 2, 3, 1), atol=2e-5)


@pytest.mark.parametrize("size", [(427, 320), (1, 1), (33, 320)])
def test_proposals_are_the_students(size):
    rng = np.random.default_rng(2)
    padded = (-(-size[0] // 32) * 32, -(-size[1] // 32) * 32)
    levels, ends = anchors(LIGHT, padded)
    logits = rng.permutation(ends[-1]).astype(np.float32) / 100
    deltas = rng.normal(0, 0.3, (ends[-1], 4)).astype(np.float32)
    deltas[0], deltas[1, 2], deltas[2, 3] = np.nan, np.inf, 50
    logits[3] = np.inf
    begins = [0, *ends[:-1]]
    raw = RawProposals(
        [torch.from_numpy(level) for level in levels],
        [torch.from_numpy(logits[None, a:b]) for a, b in zip(begins, ends, strict=True)],
        [torch.from_numpy(deltas[None, a:b]) for a, b in zip(begins, ends, strict=True)],
    )
    (expected,) = ProposalHead(LIGHT).eval().select(raw, [size])
    found = select_proposals(logits, deltas, size, padded, LIGHT)
    assert 0 < len(found) <= 100
    np.testing.assert_allclose(found, expected.numpy(), atol=1e-3)


def test_boxes_are_the_students():
    rng = np.random.default_rng(3)
    proposals = random_boxes(rng, 100, smallest=10)
    logits = rng.normal(size=(100, 2)).astype(np.float32)
    deltas = rng.normal(size=(100, 4)).astype(np.float32)
    deltas[0, 0] = np.nan
    scores = torch.from_numpy(logits).softmax(dim=1)[:, 0].numpy()
    for config in (LIGHT, replace(LIGHT, score_threshold=0.9), replace(LIGHT, max_persons=3)):
        expected = BoxHead(config).select(*map(torch.from_numpy, (logits, deltas, proposals)), (427, 320))
        boxes, kept = select_boxes(scores, deltas, proposals, (427, 320), config)
        np.testing.assert_allclose(boxes, expected[0].numpy(), atol=1e-3)
        np.testing.assert_allclose(kept, expected[1].numpy(), atol=1e-6)
    assert len(kept) == 3
