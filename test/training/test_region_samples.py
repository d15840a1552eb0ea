from dataclasses import replace

import numpy as np
import pytest
from support.training_rig import SIZE, persons

from orpose_models.model_format.student_config import PAPER
from orpose_models.training.augmentation_config import Augmentation, Downsampling
from orpose_models.training.labels import ImageLabels
from orpose_models.training.region_samples import make_sample
from orpose_models.training.scale_pairs import draw_factor
from orpose_models.vocabulary.poses import Poses
from orpose_models.vocabulary.skeletons import COCO17, H36M17

CONFIG = replace(PAPER, short_side=320, long_side=640)
STILL = Augmentation(flip=0, move=0, colour=0)
BOXES = [(20, 10, 50, 90), (70, 15, 100, 85)]


def labels(boxes=BOXES, scores=(0.9, 0.8), camera=None):
    return ImageLabels(1, "a.png", SIZE, *persons(boxes, scores), camera=camera)


def picture(seed=0):
    return np.random.default_rng(seed).integers(0, 255, (SIZE[1], SIZE[0], 3), np.uint8)


def sample(augmentation=STILL, seed=0, accept=0.3, **kwargs):
    return make_sample(picture(), labels(**kwargs), accept, augmentation, CONFIG, np.random.default_rng(seed))


def test_nobody():
    empty = ImageLabels(1, "a.png", SIZE, Poses.empty(), Poses.empty())
    one = make_sample(picture(), empty, 0.3, Augmentation(), CONFIG, np.random.default_rng(0))
    assert one.boxes.shape == one.ignored.shape == (0, 4)
    assert one.keypoints.shape == (0, 17, 2)
    assert one.scores["soft"].shape == (0, 17)
    assert one.joints3d["hard"].shape == (0, 17, 3)


def test_labels_go_to_the_networks_input():
    one = sample()
    scale = 320 / 96
    assert one.image.shape == (3, 320, 427)
    np.testing.assert_allclose(one.boxes, np.array(BOXES) * scale, rtol=1e-3)
    np.testing.assert_allclose(one.keypoints[0, 0], np.array([35, 18]) * scale, rtol=1e-3)
    assert one.scores["soft"][0, 9] == pytest.approx(0.2)
    assert one.scores["hard"][0, 9] == 0
    assert one.scores["hard"][0, 0] == pytest.approx(0.8)


def test_rejected_persons_are_neither_persons_nor_background():
    one = sample(scores=(0.9, 0.2))
    assert len(one.boxes) == len(one.ignored) == 1
    np.testing.assert_allclose(one.ignored[0, 0], 70 * 427 / 128)


def test_the_mirror_swaps_left_and_right():
    plain, turned = sample(), sample(Augmentation(flip=1, move=0, colour=0))
    np.testing.assert_allclose(turned.image, plain.image[:, :, ::-1].astype(float), atol=1)
    left, right = COCO17.index("left_wrist"), COCO17.index("right_wrist")
    np.testing.assert_allclose(turned.keypoints[:, left, 0], 427 - plain.keypoints[:, right, 0], rtol=1e-5)
    np.testing.assert_allclose(turned.boxes[:, 0], 427 - plain.boxes[:, 2], rtol=1e-5)
    target = turned.joints3d["soft"][:, H36M17.index("left_wrist")]
    np.testing.assert_allclose(target, plain.joints3d["soft"][:, H36M17.index("right_wrist")] * [-1, 1, 1], rtol=1e-5)


def test_moved_labels_stay_on_the_picture():
    image = np.zeros((SIZE[1], SIZE[0], 3), np.uint8)
    image[40:60, 60:68] = 255
    soft, hard = persons([(60, 40, 68, 60)], [1.0])
    one = ImageLabels(1, "a.png", SIZE, soft, hard)
    for seed in range(5):
        moved = make_sample(image, one, 0, Augmentation(flip=0, move=1, colour=0), CONFIG, np.random.default_rng(seed))
        rows, columns = np.nonzero(moved.image[0] > 127)
        found = [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]
        np.testing.assert_allclose(moved.boxes[0], found, atol=2.5)


def test_who_is_moved_out_of_the_picture_is_ignored_and_keypoints_outside_are_not_learned():
    one = sample(boxes=[(-60, 10, 20, 90), (100, 10, 140, 90)])
    assert len(one.boxes) == len(one.ignored) == 1
    assert one.ignored[0].tolist() == pytest.approx([0, 10 * 320 / 96, 20 * 427 / 128, 300])
    assert one.boxes[0, 2] == 427
    outside = one.keypoints[0, :, 0] > 427
    assert outside.any()
    assert (one.scores["soft"][0][outside] == 0).all()


def test_twelve_is_drawn():
    kinds = (Downsampling(share=0.3), Downsampling(share=0.35, low=2, high=8), Downsampling(share=0.35, low=8, high=12))
    augmentation = Augmentation(downsampling=kinds)
    rng = np.random.default_rng(0)
    factors = np.array([draw_factor(augmentation, rng) for _ in range(4000)])
    assert factors.min() == 1
    assert factors.max() == 12
    assert (factors == 1).mean() == pytest.approx(0.3, abs=0.03)
    assert (factors > 8).mean() == pytest.approx(0.35 * 40 / 41, abs=0.03)
    assert set(np.round(factors[factors > 1] * 10, 6)) == set(range(20, 121))


def test_the_network_sees_what_the_reduced_image_holds():
    augmentation = Augmentation(flip=0, move=0, colour=0, downsampling=(Downsampling(share=1, low=12, high=12),))
    coarse = sample(augmentation).image.astype(float)
    assert coarse.shape == (3, 320, 427)
    assert coarse.std() < sample().image.std() / 3


def test_the_same_seed_gives_the_same_sample():
    first, again, other = (sample(Augmentation(), seed) for seed in (3, 3, 4))
    np.testing.assert_array_equal(first.image, again.image)
    assert first.seed == again.seed != other.seed
    assert not np.array_equal(first.image, other.image)
