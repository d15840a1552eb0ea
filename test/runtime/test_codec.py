"""Persons put into maps are found again; what the maps do not show is not."""

import numpy as np
import pytest

from orpose_models.runtime.codec import STRIDE, Answer, Codec, Targets

CODEC = Codec()
ROWS, COLUMNS = 40, 56
KNOWN = np.ones((1, 17), bool)


def pose(x: float, y: float, height: float = 60.0) -> tuple[np.ndarray, np.ndarray]:
    """A box (1, 4) and keypoints (1, 17, 2) of somebody upright around (x, y), no two joints in the same cell."""
    share = np.stack([np.tile([-0.2, 0.2], 9)[:17], np.linspace(-0.5, 0.5, 17)], axis=1)
    points = np.array([x, y]) + share * height + 0.3
    return np.array([[x - 0.25 * height, y - 0.55 * height, x + 0.25 * height, y + 0.55 * height]]), points[None]


def answer_with(people: list[tuple[Targets, float, list[float]]], branches: int = 2) -> Answer:
    """Maps that say what these persons' targets say, with their middles' scores and their joints' in each branch."""
    heatmaps = np.zeros((branches, 17, ROWS, COLUMNS), np.float32)
    offsets = np.zeros((branches, 34, ROWS, COLUMNS), np.float32)
    scores, cells = np.zeros(8, np.float32), np.zeros(8, np.int64)
    boxes, regression = np.zeros((8, 4), np.float32), np.zeros((8, 34), np.float32)
    for i, (target, score, joint_scores) in enumerate(people):
        scores[i], cells[i] = score, target.middles[0, 0] * COLUMNS + target.middles[0, 1]
        boxes[i] = np.concatenate([target.box_sizes[0], target.box_offsets[0]])
        regression[i] = target.regression[0].ravel()
        for joint, (row, column) in enumerate(target.cells[0]):
            if row >= 0:
                heatmaps[:, joint, row, column] = joint_scores
                # Its neighbours, too, say where the joint is.
                for r in range(max(row - 1, 0), min(row + 2, ROWS)):
                    for c in range(max(column - 1, 0), min(column + 2, COLUMNS)):
                        place = target.cells[0, joint] + target.offsets[0, joint] - [r, c]
                        offsets[:, 2 * joint : 2 * joint + 2, r, c] = place
    return Answer(scores, cells, boxes, regression, heatmaps, offsets)


def encoded(x: float, y: float, **kwargs: float) -> Targets:
    return CODEC.encode(*pose(x, y, **kwargs), KNOWN, (ROWS, COLUMNS))


@pytest.mark.parametrize("branches", [1, 2])
def test_nobody(branches: int) -> None:
    found = CODEC.decode(answer_with([], branches))
    assert [a.shape for a in found] == [(0, 4), (0,), (1 + branches, 0, 17, 2), (1 + branches, 0, 17)]
    assert all(a.dtype == np.float32 for a in found)
    targets = CODEC.encode([], [], [], (ROWS, COLUMNS))
    assert [len(a) for a in targets] == [0] * 6
    assert targets.middles.dtype == targets.cells.dtype == np.int64


def test_people_are_found_where_they_were_put_best_first() -> None:
    places = ((60, 80), (160, 70))
    found = CODEC.decode(answer_with([(encoded(*places[0]), 0.36, [0.4, 0.6]), (encoded(*places[1]), 0.9, [0.9, 0.5])]))
    for i, (x, y) in enumerate(reversed(places)):
        box, points = pose(x, y)
        np.testing.assert_allclose(found.boxes[i], box[0], atol=1e-4)
        for which in range(3):
            np.testing.assert_allclose(found.keypoints[which, i], points[0], atol=1e-3)
    # The geometric mean of the middle's score and of the joints' in the branches' mean.
    np.testing.assert_allclose(found.scores, np.sqrt([0.9 * 0.7, 0.36 * 0.5]), rtol=1e-5)
    np.testing.assert_allclose(found.keypoint_scores[0], [[0.7] * 17, [0.5] * 17], rtol=1e-6)
    np.testing.assert_allclose(found.keypoint_scores[1], [[0.9] * 17, [0.4] * 17], rtol=1e-6)
    np.testing.assert_allclose(found.keypoint_scores[2], [[0.5] * 17, [0.6] * 17], rtol=1e-6)


def test_each_branch_has_its_own_places() -> None:
    target, other = encoded(60, 80), encoded(60, 80)
    answer = answer_with([(target, 0.9, [0.8, 0.0])])
    there = answer_with([(other._replace(cells=other.cells + [0, 3]), 0.9, [0.0, 0.8])])
    # Offsets around the cells three columns on point back to the joints: take them away.
    answer.heatmaps[1], answer.offsets[1] = there.heatmaps[1], 0
    found = CODEC.decode(answer)
    points = pose(60, 80)[1][0]
    np.testing.assert_allclose(found.keypoints[1, 0], points, atol=1e-3)
    np.testing.assert_allclose(found.keypoints[2, 0], STRIDE * (target.cells[0, :, ::-1] + [3, 0]), atol=1e-3)


def test_low_scores_are_left_out_and_the_limit_is_not() -> None:
    answer = answer_with([(encoded(60, 80), 0.64, [0.25, 0.25]), (encoded(160, 70), 0.09, [0.25, 0.25])])
    assert len(CODEC.decode(answer, 0.0).scores) == 2
    assert len(CODEC.decode(answer, 0.39).scores) == 1
    assert len(CODEC.decode(answer, 0.41).scores) == 0


def test_joints_that_are_not_seen_do_not_lower_the_score_but_nobody_without_joints_is_a_person() -> None:
    answer = answer_with([(encoded(60, 80), 0.64, [0.25, 0.25])])
    answer.heatmaps[:, 8:] = 0.1
    assert CODEC.decode(answer).scores == pytest.approx([0.4])
    answer.heatmaps[:] = 0.1
    assert len(CODEC.decode(answer).scores) == 0


def test_two_peaks_of_one_person_are_one() -> None:
    again = encoded(64, 80)
    again = again._replace(regression=again.regression - [0, 1], box_offsets=again.box_offsets - [0, 1])
    answer = answer_with([(encoded(60, 80), 0.9, [0.8, 0.8]), (again, 0.8, [0.8, 0.8])])
    answer = answer._replace(
        **answer_with([(encoded(60, 80), 0.9, [0.8, 0.8])])._asdict()
        | {name: getattr(answer, name) for name in ("scores", "cells", "boxes", "regression")}
    )
    found = CODEC.decode(answer)
    np.testing.assert_allclose(found.boxes, pose(60, 80)[0], atol=1e-4)
    assert len(Codec(same=1.1).decode(answer).scores) == 2


def test_the_nearer_of_two_peaks_is_the_persons_and_one_out_of_reach_is_nobodys() -> None:
    target = encoded(110, 80, height=30)
    answer = answer_with([(target, 0.9, [0.5, 0.5])])
    answer.heatmaps[:] = 0
    row, column = target.cells[0, 9]
    answer.heatmaps[:, 9, row, column + 5] = 0.6
    answer.heatmaps[:, 9, row, column + CODEC.reach + 2] = 1.0
    answer.offsets[:] = 0
    assert CODEC.decode(answer).keypoints[0, 0, 9].tolist() == [STRIDE * (column + 5), STRIDE * row]
    answer.heatmaps[:, 9, row, column - 2] = 0.5
    assert CODEC.decode(answer).keypoints[0, 0, 9].tolist() == [STRIDE * (column - 2), STRIDE * row]


@pytest.mark.parametrize(("height", "far"), [(28, False), (150, True)])
def test_what_is_near_depends_on_the_size_of_the_person(height: float, far: bool) -> None:
    target = encoded(110, 80, height=height)
    answer = answer_with([(target, 0.9, [0.5, 0.5])])
    answer.heatmaps[:] = 0
    answer.offsets[:] = 0
    row, column = target.cells[0, 9]
    # Through a bell of 4 cells the louder peak, 4 cells away, is the higher one; through one of 1 cell the nearer is.
    answer.heatmaps[:, 9, row, column + 4] = 0.9
    answer.heatmaps[:, 9, row, column - 1] = 0.3
    assert CODEC.decode(answer).keypoints[0, 0, 9].tolist() == [STRIDE * (column + (4 if far else -1)), STRIDE * row]


def test_a_joint_far_outside_the_image_is_at_the_nearest_edge() -> None:
    target = encoded(20, 20, height=28)
    target.regression[0, 9] = (0, -40)
    answer = answer_with([(target, 0.9, [0.5, 0.5])])
    answer.heatmaps[:, 9] = 0.1
    answer.offsets[:] = 0
    x, y = CODEC.decode(answer).keypoints[0, 0, 9].tolist()
    assert (x, y) == (pytest.approx(0, abs=STRIDE), pytest.approx(STRIDE * target.middles[0, 0], abs=STRIDE))


def test_joints_outside_and_unknown_ones_are_not_in_the_maps() -> None:
    box, points = pose(8, 8)
    known = KNOWN.copy()
    known[0, 16] = False
    targets = CODEC.encode(box, points, known, (ROWS, COLUMNS))
    outside = (points[0] < 0).any(axis=1)
    assert 0 < outside.sum() < 16
    assert (targets.cells[0][outside] == -1).all()
    assert (targets.cells[0, 16] == -1).all()
    assert np.isnan(targets.offsets[0, 16]).all()
    assert np.isnan(targets.regression[0, 16]).all()
    assert np.isfinite(targets.regression[0, :16]).all()
    # A box beyond the edge has its middle in the outermost cell.
    far = CODEC.encode(box - 40, points, known, (ROWS, COLUMNS))
    assert far.middles.tolist() == [[0, 0]]
    np.testing.assert_allclose(far.box_offsets, [[-8, -8]])


def test_maps_smaller_than_the_reach_are_searched_whole() -> None:
    box, points = pose(14, 16, height=24)
    targets = CODEC.encode(box, points, KNOWN, (ROWS, COLUMNS))
    whole = answer_with([(targets, 0.9, [0.8, 0.8])])
    small = whole._replace(
        cells=targets.middles[:, 0] * 8 + targets.middles[:, 1],
        scores=whole.scores[:1],
        boxes=whole.boxes[:1],
        regression=whole.regression[:1],
        heatmaps=np.ascontiguousarray(whole.heatmaps[..., :8, :8]),
        offsets=np.ascontiguousarray(whole.offsets[..., :8, :8]),
    )
    np.testing.assert_allclose(CODEC.decode(small).keypoints[0, 0], points[0], atol=1e-3)
