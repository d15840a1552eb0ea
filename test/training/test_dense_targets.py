from dataclasses import replace

import numpy as np
import pytest
import torch
from support.training_rig import FIGURE

from orpose_models.training.dense_targets import Answer, make_targets
from orpose_models.training.scale_pairs import Scene

pytestmark = pytest.mark.usefixtures("one_thread")

# 16 x 24 cells of 4 pixels.
HEIGHT, WIDTH = 16, 24
BOX = (32.0, 8.0, 64.0, 56.0)


def start(centre=0.05, heat=0.05):
    return Answer(
        torch.full((1, HEIGHT, WIDTH), centre),
        torch.full((17, HEIGHT, WIDTH), heat),
        torch.full((4, HEIGHT, WIDTH), 3.0),
        torch.full((17, 2, HEIGHT, WIDTH), 2.0),
        torch.full((17, 2, HEIGHT, WIDTH), 0.5),
    )


def scene(boxes=(), scores=(), ignored=(), nobody=False, soft=0.8, hard=0.8):
    image = np.zeros((3, 4 * HEIGHT, 4 * WIDTH), np.uint8)
    boxes = np.asarray(boxes, np.float32).reshape(-1, 4)
    keypoints = boxes[:, None, :2] + FIGURE * (boxes[:, None, 2:] - boxes[:, None, :2])
    return Scene(
        image,
        image,
        boxes,
        np.asarray(scores, np.float32),
        np.asarray(ignored, np.float32).reshape(-1, 4),
        nobody,
        keypoints.astype(np.float32),
        {"soft": np.full((len(boxes), 17), soft, np.float32), "hard": np.full((len(boxes), 17), hard, np.float32)},
        {},
    )


def targets(answer, one):
    return make_targets([answer], [one])


def test_where_nobody_is_labelled_nobody_is_and_the_start_is_denied():
    made = targets(start(0.5), scene())
    assert not made.centre.any()
    assert (made.centre_weight == 1).all()
    assert not made.heatmaps["soft"].any()
    assert not made.heatmaps["hard"].any()
    for weight in (made.box_weight, made.regression_weight, made.offset_weight):
        assert not weight.any()


@pytest.mark.parametrize("nobody", [False, True])
def test_where_the_start_is_sure_nothing_is_learned_unless_it_is_known_that_nobody_is_there(nobody):
    answer = start()
    answer.centre[0, 8, 20] = 0.7
    made = targets(answer, scene(nobody=nobody))
    assert made.centre.max() == 0
    expected = torch.ones(HEIGHT, WIDTH)
    if not nobody:
        expected[4:13, 16:24] = 0
    torch.testing.assert_close(made.centre_weight[0, 0], expected)
    torch.testing.assert_close(made.heat_weights["soft"][0, 3], expected)


def test_a_person_whom_the_start_missed_is_a_centre_with_box_and_joints():
    made = targets(start(0, 0), scene([BOX], [0.6]))
    row, column = 8, 12  # the box's middle is at (8, 12), between cells
    assert made.centre[0, 0].max() == made.centre[0, 0, row, column]
    assert made.centre[0, 0, row, column] == 1
    assert made.boxes[0, :, row, column].tolist() == [12, 8, 0, 0]
    assert made.boxes[0, :, row - 1, column].tolist() == [12, 8, 1, 0]
    assert made.sizes[0, 0, row, column] == 12
    nose = (8 + 0.1 * 48) / 4, (32 + 0.5 * 32) / 4
    assert made.regression[0, 0, :, row, column].tolist() == pytest.approx([nose[0] - row, nose[1] - column])
    assert made.regression_weight[0, 0, 0, row, column] > 0.5
    cell = int(nose[0]), int(nose[1])
    assert not made.offset_weight.any()
    soft, hard = (made.heatmaps[name][0, 0] for name in ("soft", "hard"))
    assert (soft.argmax(), hard.argmax()) == (cell[0] * WIDTH + cell[1],) * 2
    # Soft learns the teacher's confidence, hard that the joint is there.
    assert float(soft.max() / hard.max()) == pytest.approx(0.8)
    assert (made.centre_weight == 1).all()


def test_places_in_cells_are_learned_from_the_start_alone():
    answer = start(0.0, 0.0)
    answer.heatmaps[3, 5, 11], answer.heatmaps[3, 5, 22] = 0.5, 0.5  # in the person's box, and where nobody is
    answer.offsets[3, :, 5, 11] = torch.tensor([0.25, -0.5])
    made = targets(answer, scene([BOX], [0.9]))
    assert made.offsets[0, 3, :, 5, 11].tolist() == [0.25, -0.5]
    assert made.offset_weight[0, 3, 0].nonzero().tolist() == [[5, 11]]
    assert float(made.offset_weight[0, 3, 0, 5, 11]) == 0.5


def test_the_starts_answer_counts_inside_boxes_but_not_about_their_middles():
    answer = start(0.4, 0.5)
    made = targets(answer, scene([BOX], [0.9]))
    assert made.centre[0, 0, 2, 9] == pytest.approx(0.4)
    assert made.centre[0, 0, 8, 5] == pytest.approx(0, abs=1e-6)
    assert made.centre[0, 0, 10, 10] < 0.4  # near the middle the label decides
    far = made.heatmaps["soft"][0, 0, 13, 9]
    assert far == pytest.approx(0.4 * 0.5, abs=0.01)
    assert float(made.heatmaps["soft"][0, 0, 8, 2]) == pytest.approx(0, abs=1e-6)


def test_rejected_persons_are_neither_there_nor_not():
    made = targets(start(0.3), scene([BOX], [0.9], ignored=[(56, 8, 96, 56)]))
    weight = made.centre_weight[0, 0]
    assert weight[8, 20] == 0
    assert weight[8, 12] == 1  # also an accepted person's
    assert weight[15, 20] == 1


def test_unsure_joints_are_left_open_by_the_hard_branch_and_unseen_ones_denied():
    unsure, unseen = (targets(start(0, 0), scene([BOX], [0.9], soft=c, hard=0.0)) for c in (0.25, 0.05))
    cell = int(3.2), 12
    assert unsure.heatmaps["hard"].max() == unseen.heatmaps["hard"].max() == 0
    assert unsure.heat_weights["hard"][(0, 0, *cell)] < 0.2
    assert unseen.heat_weights["hard"][(0, 0, *cell)] == 1
    assert unsure.heat_weights["soft"].min() == 1
    assert unseen.regression_weight.max() == 0
    assert unseen.heatmaps["soft"].max() < 0.05


def test_an_answer_of_a_larger_picture_is_brought_to_the_inputs_cells():
    answer = start(0.0, 0.0)
    assert answer.on(HEIGHT, WIDTH) is answer
    answer.centre[0, 8, 12] = 0.9
    answer.heatmaps[3, 5, 7] = 0.6
    # A box of 4 x 6 cells about (8.5, 12.25), a joint at (2, 3).
    answer.boxes[:, 8, 12] = torch.tensor([4, 6, 0.5, 0.25])
    answer.regression[1, :, 8, 12] = torch.tensor([-6.0, -9.0])
    answer.offsets[3, :, 5, 7] = torch.tensor([0.25, -0.5])
    smaller = answer.on(HEIGHT // 2, WIDTH * 2 // 3)
    row, column = 4, 8
    assert smaller.centre[0].argmax() == row * (WIDTH * 2 // 3) + column
    assert float(smaller.centre.max()) == pytest.approx(0.9)
    assert float(smaller.heatmaps[3].max()) == pytest.approx(0.6)
    assert smaller.boxes[:, row, column].tolist() == pytest.approx(
        [2, 4, 8.5 / 2 - row, 12.25 * 2 / 3 - column], abs=1e-5
    )
    assert smaller.regression[1, :, row, column].tolist() == pytest.approx([2 / 2 - row, 3 * 2 / 3 - column], abs=1e-5)
    row, column = 2, 4
    assert smaller.offsets[3, :, row, column].tolist() == pytest.approx(
        [5.25 / 2 - row, 6.5 * 2 / 3 - column], abs=1e-5
    )


def test_images_of_a_batch_do_not_mix():
    alone = targets(start(), scene([BOX], [0.9]))
    both = make_targets([start(), start()], [scene(), scene([BOX], [0.9])])
    for name, value in alone._asdict().items():
        one = getattr(both, name)
        pairs = [(value[k], one[k]) for k in value] if isinstance(value, dict) else [(value, one)]
        for expected, given in pairs:
            torch.testing.assert_close(given[1:], expected)


def test_everything_is_given_for_persons_of_a_single_pixel():
    made = targets(start(), replace(scene([(5, 5, 6, 6)], [0.9])))
    assert torch.isfinite(made.regression).all()
    assert made.centre[0, 0, 1, 1] == 1
