import numpy as np
import pytest
from support.training_rig import SIZE, persons

from orpose_models.training.augmentation_config import Augmentation, Downsampling, InputKind
from orpose_models.training.labels import ImageLabels
from orpose_models.training.scale_pairs import coloured, degraded, make_scene
from orpose_models.vocabulary.poses import Poses
from orpose_models.vocabulary.skeletons import COCO17

STILL = Augmentation(flip=0, scale=(1, 1), colour=0)
INPUT = InputKind(share=1, width=256, height=192)  # twice the picture
BOXES = [(20, 10, 50, 90), (70, 15, 100, 85)]


def labels(boxes=BOXES, scores=(0.9, 0.8)):
    return ImageLabels(1, "a.png", SIZE, *persons(boxes, scores))


def picture(seed=0):
    return np.random.default_rng(seed).integers(0, 255, (SIZE[1], SIZE[0], 3), np.uint8)


def scene(augmentation=STILL, seed=0, image=None, of=None, accept=0.3, kind=INPUT):
    image = picture() if image is None else image
    return make_scene(image, of or labels(), accept, False, augmentation, kind, np.random.default_rng(seed))


def changed(**settings):
    return STILL.model_copy(update=settings)


def test_nobody():
    empty = ImageLabels(1, "a.png", SIZE, Poses.empty(), Poses.empty())
    everything = Augmentation(close=0.5, background=0.5, turned=1, grey=1, blur=1, noise=1, compression=1)
    one = scene(everything, of=empty)
    assert one.clear.shape == one.image.shape == (3, 192, 256)
    assert one.boxes.shape == one.ignored.shape == (0, 4)
    assert one.keypoints.shape == (0, 17, 2)
    assert one.scores["soft"].shape == (0, 17)
    assert one.lifting["hard"].target.shape == (0, 17, 3)


def test_labels_go_to_the_networks_input():
    one = scene()
    np.testing.assert_allclose(one.boxes, np.array(BOXES) * 2)
    np.testing.assert_allclose(one.keypoints[0, 0], [70, 36], rtol=1e-5)
    np.testing.assert_allclose(one.box_scores, [0.9, 0.8], rtol=1e-6)
    assert one.scores["soft"][0, 9] == pytest.approx(0.2)
    assert one.scores["hard"][0, 9] == 0
    np.testing.assert_array_equal(one.clear, one.image)


def test_rejected_tiny_and_left_out_persons_are_ignored():
    one = scene(of=labels(scores=(0.9, 0.2)))
    assert (len(one.boxes), one.ignored.tolist()) == (1, [[140, 30, 200, 170]])
    one = scene(of=labels(boxes=[(-60, 10, 20, 90), (100, 10, 103, 13)]))
    assert len(one.boxes) == 0
    np.testing.assert_allclose(one.ignored, [[0, 20, 40, 180], [200, 20, 206, 26]])
    # 12 pixels of the input are 2.5 of an image of 40 lines.
    low = changed(downsampling=(Downsampling(share=1, low=12, high=12),))
    assert [len(scene(a, of=labels(boxes=[(50, 50, 56, 56)], scores=[1])).boxes) for a in (STILL, low)] == [1, 0]


def bright(image):
    rows, columns = np.nonzero(image[0] > 100)
    return [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]


@pytest.mark.parametrize("settings", [{"scale": (0.4, 0.9)}, {"scale": (1.1, 1.6)}, {"flip": 1.0}, {"close": 1.0}])
def test_labels_stay_on_the_picture(settings):
    image = np.zeros((SIZE[1], SIZE[0], 3), np.uint8)
    image[40:60, 60:68] = 255
    seen = 0
    for seed in range(12):
        one = scene(changed(**settings), seed, image, labels([(60, 40, 68, 60)], [1.0]))
        if len(one.boxes):
            seen += 1
            np.testing.assert_allclose(one.boxes[0], bright(one.clear), atol=2.5)
    assert seen > 6


def test_joints_turn_with_the_picture():
    soft, hard = persons([(20, 10, 110, 86)], [1.0])
    image = np.zeros((SIZE[1], SIZE[0], 3), np.uint8)
    wrist = COCO17.index("left_wrist")
    x, y = soft.keypoints[0, wrist].astype(int)
    image[y - 2 : y + 2, x - 2 : x + 2] = 255
    places = []
    for seed in range(5):
        one = scene(changed(turned=1.0, turn=20), seed, image, ImageLabels(1, "a.png", SIZE, soft, hard))
        box = bright(one.clear)
        places.append(one.keypoints[0, wrist])
        np.testing.assert_allclose(places[-1], [(box[0] + box[2]) / 2, (box[1] + box[3]) / 2], atol=2.5)
    assert np.std(places, axis=0).max() > 5


def test_the_mirror_swaps_left_and_right():
    plain, turned = scene(), scene(changed(flip=1.0))
    np.testing.assert_allclose(turned.clear, plain.clear[:, :, ::-1].astype(float), atol=2)
    left, right = COCO17.index("left_wrist"), COCO17.index("right_wrist")
    np.testing.assert_allclose(turned.keypoints[:, left, 0], 256 - plain.keypoints[:, right, 0], rtol=1e-5)
    np.testing.assert_allclose(turned.boxes[:, 0], 256 - plain.boxes[:, 2], rtol=1e-5)


def test_backgrounds_have_nobody_not_even_who_was_rejected():
    of = labels(boxes=[(0, 0, 60, 96), (60, 0, 80, 96)], scores=(0.9, 0.1))
    for seed in range(8):
        one = scene(changed(background=1.0, scale=(3, 3)), seed, of=of)
        assert len(one.boxes) == len(one.ignored) == 0


def test_where_everything_is_somebody_the_whole_is_taken():
    one = scene(changed(background=1.0), of=labels(boxes=[(0, 0, 128, 96)], scores=[0.9]))
    assert len(one.boxes) == 1


def test_factors_are_of_an_image_of_480_lines():
    image = picture()
    one = scene(changed(downsampling=(Downsampling(share=1, low=12, high=12),)), image=image)
    # 40 of 192 lines are left.
    np.testing.assert_array_equal(
        one.image.transpose(1, 2, 0),
        degraded(one.clear.transpose(1, 2, 0), (256, 192), 4.8, STILL, np.random.default_rng(0)),
    )
    assert one.image.std() < one.clear.std() / 2
    slight = scene(changed(downsampling=(Downsampling(share=1, low=2, high=2),)), image=image)
    np.testing.assert_array_equal(slight.image, slight.clear)  # 240 lines are more than the input has


def test_the_start_network_may_see_a_larger_picture():
    larger = InputKind(share=1, width=256, height=192, clear_width=320, clear_height=256)
    image = np.zeros((SIZE[1], SIZE[0], 3), np.uint8)
    image[40:60, 60:68] = 255
    for seed in range(4):
        one = scene(changed(scale=(0.8, 1.2), flip=0.5), seed, image, labels([(60, 40, 68, 60)], [1.0]), kind=larger)
        assert (one.clear.shape, one.image.shape) == ((3, 256, 320), (3, 192, 256))
        np.testing.assert_allclose(one.boxes[0], bright(one.image), atol=2.5)
        np.testing.assert_allclose(one.boxes[0] * np.tile([1.25, 4 / 3], 2), bright(one.clear), atol=3)


@pytest.mark.parametrize("kind", ["blur", "noise", "compression"])
def test_only_the_students_picture_gets_worse(kind):
    one = scene(changed(**{kind: 1.0}), seed=1)
    np.testing.assert_array_equal(one.clear, scene(seed=1).clear)
    assert not np.array_equal(one.image, one.clear)


def test_infrared_has_no_colour():
    grey = coloured(picture(), changed(grey=1.0), np.random.default_rng(0))
    assert (grey == grey[:, :, :1]).all()
    assert grey.std() > 10


def test_the_same_seed_gives_the_same_scene():
    everything = Augmentation(close=0.5, turned=0.5, grey=0.5, blur=0.5, noise=0.5)
    first, again, other = (scene(everything, seed) for seed in (3, 3, 4))
    np.testing.assert_array_equal(first.image, again.image)
    np.testing.assert_array_equal(first.boxes, again.boxes)
    assert not np.array_equal(first.image, other.image)
