"""CenterNet and MoveNet against their own graphs, computed node by node, on real footage."""

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from support.tfjs_reference import compute

from orpose_models.datasets.frames import open_frames
from orpose_models.files.assets import asset
from orpose_models.teacher import centernet, movenet
from orpose_models.teacher.centernet import CenterNet, View
from orpose_models.teacher.movenet import Crops, MoveNet
from orpose_models.teacher.packaged import packaged_graph


@pytest.fixture(scope="module")
def image() -> NDArray[np.uint8]:
    """1088 x 1920, three persons."""
    return next(iter(open_frames(asset("multiperson") / "cam01.mp4").frames())).image


@pytest.fixture(scope="module")
def crops() -> Crops:
    """The three persons, the first twice, once mirrored."""
    centres = np.array([[440.0, 570], [440, 570], [740, 1290], [60, 530]])
    return Crops(centres, np.array([900.0, 900, 1000, 520]), np.array([False, True, False, False]))


def test_movenet_decodes_as_its_graph_does(image: NDArray[np.uint8], crops: Crops) -> None:
    graph = packaged_graph("movenet-thunder")
    network = MoveNet(graph, threads=1)
    assert network.size == 256
    # Whole numbers, because the graph takes no others.
    inputs = np.round(crops.cut(image, 256))
    points, scores = movenet.decode(network.maps(inputs))
    for i in range(len(crops)):
        one = torch.from_numpy(inputs[i].transpose(1, 2, 0)[None].astype(np.int32))
        expected = compute(graph, {"input": one}, ["Identity"])[0].numpy()[0, 0]
        # The graph holds 1 / cells in half precision: up to 2.5e-4 off.
        np.testing.assert_allclose(points[i], expected[:, [1, 0]], atol=3e-4)
        np.testing.assert_allclose(scores[i], expected[:, 2], atol=1e-4)
    assert scores.mean() > 0.5, "the crops show persons"


def test_movenet_of_no_crops() -> None:
    nothing = Crops(np.zeros((0, 2)), np.zeros(0), np.zeros(0, bool))
    network = MoveNet(packaged_graph("movenet-thunder"), threads=1)
    points, scores = network.keypoints(np.zeros((5, 5, 3), np.uint8), nothing, np.zeros((0, 4)), 0.1)
    assert points.shape == (0, 17, 2)
    assert scores.shape == (0, 17)
    assert network.maps(np.zeros((0, 3, 256, 256), np.float32))["heatmaps"].shape == (0, 17, 64, 64)


def test_crops_and_their_points_fit_together() -> None:
    """A bright pixel of the image is found at the place in the crop that maps back to it."""
    image = np.zeros((200, 300, 3), np.uint8)
    image[120, 210] = 255
    crops = Crops(np.array([[200.0, 110]] * 2), np.array([48.0, 48]), np.array([False, True]))
    cut = crops.cut(image, 192)[:, 0]
    rows, columns = np.mgrid[:192, :192] + 0.5
    found = np.stack([(cut * columns).sum((1, 2)), (cut * rows).sum((1, 2))], axis=1) / cut.sum((1, 2))[:, None] / 192
    np.testing.assert_allclose(crops.to_image(found[:, None])[:, 0], [[210.5, 120.5]] * 2, atol=1e-3)
    np.testing.assert_allclose(crops.from_image(crops.to_image(found[:, None])), found[:, None])


def test_mirrored_crops_give_the_same_joints(image: NDArray[np.uint8], crops: Crops) -> None:
    boxes = np.concatenate([crops.centres - 450, crops.centres + 450], axis=1)
    points, scores = MoveNet(packaged_graph("movenet-thunder"), threads=1).keypoints(image, crops, boxes, 0.1)
    sure = (scores[0] > 0.5) & (scores[1] > 0.5)
    assert sure.sum() >= 8
    assert np.linalg.norm(points[0, sure] - points[1, sure], axis=1).max() < 45  # 5 % of the crop


def test_a_neighbours_joints_are_not_found_again(image: NDArray[np.uint8], crops: Crops) -> None:
    network = MoveNet(packaged_graph("movenet-thunder"), threads=1)
    one = Crops(crops.centres[:1], crops.sides[:1], crops.flips[:1])
    box = np.array([[240.0, 350, 580, 1200]])
    points, scores = network.keypoints(image, one, box, 0.1)
    _, scores_again = network.keypoints(image, one, box, 0.1, taken=points)
    assert scores_again.mean() < 0.5 * scores.mean()
    nobody, nobodys_scores = network.keypoints(image, one, box, 0.1, taken=np.full_like(points, np.nan))
    np.testing.assert_array_equal(nobody, points)
    np.testing.assert_allclose(nobodys_scores, scores, atol=1e-6)


def test_centernet_decodes_as_its_graph_does(image: NDArray[np.uint8]) -> None:
    graph = packaged_graph("centernet")
    square = image[600:1112, :512]
    inputs = torch.from_numpy(square[None, ..., ::-1].astype(np.float32))
    (expected,) = compute(graph, {"tower_0/images": inputs}, ["tower_0/detections"])
    persons = expected[0, expected[0, :, 5] == 0].numpy()
    persons = persons[persons[:, 4] >= 0.1]
    assert len(persons) >= 1
    boxes, scores = CenterNet(graph, threads=1).detect(square, View(0, 0, 512, 512, 512), 0.1)
    np.testing.assert_allclose(boxes, np.clip(persons[:, :4], 0, 512), atol=0.01)
    np.testing.assert_allclose(scores, persons[:, 4], atol=1e-4)


def test_no_peak_no_box() -> None:
    boxes, scores = centernet.decode(np.zeros((8, 8), np.float32), np.zeros((4, 8, 8), np.float32), 0.1)
    assert boxes.shape == (0, 4)
    assert scores.shape == (0,)


def test_boxes_are_measured_from_the_peaks() -> None:
    heatmap, sides = np.zeros((8, 8), np.float32), np.zeros((4, 8, 8), np.float32)
    heatmap[2, 3], heatmap[2, 4], heatmap[6, 6] = 0.9, 0.8, 0.5
    sides[:, 2, 3] = [1, 2, 3, 4]
    sides[:, 6, 6] = 5
    boxes, scores = centernet.decode(heatmap, sides, 0.3)
    assert boxes.tolist() == [[11, 6, 15, 12], [19, 19, 29, 29]]
    np.testing.assert_allclose(scores, [0.9, 0.5])


def test_views_map_their_boxes_back() -> None:
    for flip, expected in ((False, [110, 60, 120, 100]), (True, [280, 60, 290, 100])):
        view = View(100, 50, 200, 100, 400, flip)
        assert view.size == (400, 200)
        assert view.to_image(np.array([[20.0, 20, 40, 100]])).tolist() == [expected]
        assert view.cut(np.zeros((150, 300, 3), np.uint8)).shape == (1, 3, 224, 416)
